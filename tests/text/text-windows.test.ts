import { textWindows } from '../../src/text/text-windows.ts';
import { random } from '../random.ts';

describe('textWindows', () => {
  it('covers a text whole where the windows suffice, else its beginning, without gaps', () => {
    const next = random(3);
    for (let trial = 0; trial < 500; trial++) {
      const [length, room, most] = [Math.floor(next() * 3000), 1 + Math.floor(next() * 400), 1 + Math.floor(next() * 6)];
      const windows = textWindows(length, room, most);
      expect(windows.length).toBeLessThanOrEqual(most);
      expect(windows[0].start).toBe(0);
      for (const [at, { start, end }] of windows.entries()) {
        expect(end - start).toBe(Math.min(room, length));
        if (at > 0) {
          expect(start).toBeLessThanOrEqual(windows[at - 1].end - Math.floor(room / 8));
          expect(start).toBeGreaterThan(windows[at - 1].start);
        }
      }
      const { end } = windows[windows.length - 1];
      if (windows.length < most) expect(end).toBe(length);
      else expect(end).toBeLessThanOrEqual(length);
    }
  });

  it('takes no more windows than it needs', () => {
    expect(textWindows(100, 100, 4)).toEqual([{ start: 0, end: 100 }]);
    expect(textWindows(101, 100, 4)).toEqual([
      { start: 0, end: 100 },
      { start: 1, end: 101 },
    ]);
    expect(textWindows(10_000, 100, 2)).toEqual([
      { start: 0, end: 100 },
      { start: 88, end: 188 },
    ]);
  });
});
