import fc from 'fast-check';
import { padded, shortened, textWidth } from '../../../src/base/terminal/text-width.ts';

it.each([
  ['', 0],
  ['label', 5],
  ['größe', 5],
  ['e\u0301', 1],
  ['日本語', 6],
  ['한국어', 6],
  ['Ｆ', 2],
  ['ｶﾅ', 2],
  ['🙂 ok', 5],
  ['Привет', 6],
  ['a\u200bb', 2],
])('the width of %j is %d', (text, width) => {
  expect(textWidth(text)).toBe(width);
});

it('text is padded to a width, and shortened to one, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const short = shortened(text, width);
      expect(textWidth(short)).toBeLessThanOrEqual(Math.max(width, 1));
      if (textWidth(text) <= width) expect(short).toBe(text);
      else expect(short.endsWith('…') && text.startsWith(short.slice(0, -1))).toBe(true);
      for (const side of ['left', 'right'] as const) expect(textWidth(padded(short, width, side))).toBe(Math.max(width, textWidth(short)));
    }),
  );
});
