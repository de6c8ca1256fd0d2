/** Batches by length: whole, within limits, and none of all ways to cut them costs less. */
import fc from 'fast-check';
import { BATCH_TOKENS, lengthBatches } from '../../src/runtime/length-batches.ts';

const same = (length: number): number => length;
const limits = { tokens: 640, rows: 4 };
/** What a batch costs, as length-batches.ts has it: a 64th of the tokens that it may have, and its own with padding. */
const costOf = (batches: readonly (readonly number[])[]): number =>
  batches.reduce((sum, batch) => sum + limits.tokens / 64 + batch.length * batch[0], 0);

/** All ways to cut a list into batches within the limits. */
function* cuts(lengths: readonly number[]): Generator<number[][]> {
  if (lengths.length === 0) yield [];
  for (let size = 1; size <= Math.min(limits.rows, lengths.length); size++)
    if (size === 1 || size * lengths[0] <= limits.tokens)
      for (const rest of cuts(lengths.slice(size))) yield [lengths.slice(0, size), ...rest];
}

it('of all ways within the limits takes one that costs least', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 9 }), (some) => {
      const lengths = [...some].sort((a, b) => b - a);
      const batches = [...lengthBatches(lengths, same, limits)];
      expect(batches.flat()).toEqual(lengths);
      for (const batch of batches) {
        expect(batch.length).toBeLessThanOrEqual(limits.rows);
        expect(batch.length === 1 || batch.length * batch[0] <= limits.tokens).toBe(true);
      }
      expect(costOf(batches)).toBe(Math.min(...[...cuts(lengths)].map(costOf)));
    }),
  );
});

it('pads few texts of many lengths little, and leaves texts of one length together', () => {
  const processor = { tokens: BATCH_TOKENS.processor, rows: 32 };
  const mixed = Array.from({ length: 32 }, (_, at) => 34 - at);
  const padded = [...lengthBatches(mixed, same, processor)].reduce((sum, batch) => sum + batch.length * batch[0], 0);
  expect(padded / mixed.reduce((sum, length) => sum + length, 0)).toBeLessThan(1.2);
  expect([...lengthBatches(Array(100).fill(16), same, processor)].map(({ length }) => length).sort()).toEqual([32, 32, 32, 4]);
});
