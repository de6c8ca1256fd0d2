/** Which words decided: differences of two labels' figures where labels compete, one label's own where they do not. */
import fc from 'fast-check';
import { decidingWords, strongestScore } from '../../../src/classify/explain/deciding-words.ts';
import type { Explanation } from '../../../src/classify/library-types.ts';

const explanation = (label: string, scores: readonly number[]): Explanation => ({
  ...{ label, bias: 0, logit: 0, method: 'exact' },
  words: scores.map((score, at) => ({ word: 'w', start: 2 * at, end: 2 * at + 1, score })),
});
const scoresOf = (...given: Parameters<typeof decidingWords>): number[] => decidingWords(...given)!.words.map(({ score }) => score);

const ranked = [explanation('a', [3, 1]), explanation('b', [1, 2]), explanation('c', [0, -1])];

it('of labels that compete they are what is more of the best than of the second, and of others than of the best', () => {
  expect(decidingWords(ranked, { isChoice: true })).toMatchObject({ label: 'a', other: 'b' });
  expect(scoresOf(ranked, { isChoice: true })).toEqual([2, -1]);
  expect(decidingWords(ranked, { isChoice: true, chosen: 'c' })).toMatchObject({ label: 'c', other: 'a' });
  expect(scoresOf(ranked, { isChoice: true, chosen: 'c' })).toEqual([-3, -2]);
  expect(decidingWords(ranked, { isChoice: true, chosen: 'not explained' })).toMatchObject({ label: 'a', other: 'b' });
});

it('of labels that do not compete, or of one, they are the label’s own', () => {
  expect(decidingWords(ranked, { isChoice: false, chosen: 'b' })).toEqual({ label: 'b', words: ranked[1].words });
  expect(decidingWords(ranked.slice(1, 2), { isChoice: true })).toEqual({ label: 'b', words: ranked[1].words });
  expect(decidingWords([], { isChoice: true })).toBeUndefined();
});

it('two labels are the other way round seen from the second, and explanations stay as they were', () => {
  const figures = fc.array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 8 });
  fc.assert(
    fc.property(figures, (pairs) => {
      const two = [
        explanation(
          'a',
          pairs.map(([one]) => one),
        ),
        explanation(
          'b',
          pairs.map(([, other]) => other),
        ),
      ];
      const before = structuredClone(two);
      const [one, other] = ['a', 'b'].map((chosen) => scoresOf(two, { isChoice: true, chosen }));
      expect(one.map((score) => -score + 0)).toEqual(other.map((score) => score + 0));
      expect(strongestScore(decidingWords(two, { isChoice: true })!.words)).toBe(Math.max(0, ...one.map(Math.abs)));
      expect(two).toEqual(before);
    }),
  );
});
