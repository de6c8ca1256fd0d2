/** The table that finds texts of a list twice, against a Map. */
import { createEarlier } from '../../src/text/earlier-text.ts';
import { random } from '../random.ts';

it('finds what a Map finds', () => {
  const next = random(3);
  for (const count of [1, 2, 3, 31, 1000, 20_000]) {
    const list = Array.from({ length: count }, () => `${Math.floor(next() * count)}${next() < 0.1 ? '\u{1F600}' : ''}`);
    const earlier = createEarlier(list);
    const first = new Map<string, number>();
    for (const [at, text] of list.entries()) {
      expect(earlier(at)).toBe(first.get(text));
      if (!first.has(text)) first.set(text, at);
    }
  }
});
