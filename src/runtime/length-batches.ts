/** Batches of sequences by length: the same rule for all models, so that the systems of an evaluation are compared alike. */

/**
 * Tokens in a batch, padding included, with which a transformer is fastest. A processor's caches hold what a layer makes of so many;
 * eight times as many take up to 1.3 times as long (bench/batches.ts) and more memory. A GPU has more to fill.
 */
export const BATCH_TOKENS = { processor: 1024, gpu: 16_384 };

/** What a batch costs beside its tokens, in such tokens, as a part of the most that it may have. */
const BATCH_COST = 1 / 64;

/** Limits of a batch. A sequence that alone has more tokens is a batch by itself. */
export interface BatchLimits {
  /** Tokens, padding to the longest included. */
  tokens: number;
  rows: number;
}

/**
 * Cuts sequences that come longest first into batches: those that cost least, of all ways to cut them. Few sequences of many lengths so are
 * several small batches rather than one with much padding.
 */
export function* lengthBatches<Sequence>(
  longestFirst: readonly Sequence[],
  lengthOf: (sequence: Sequence) => number,
  { tokens, rows }: BatchLimits,
): Generator<Sequence[]> {
  const count = longestFirst.length;
  const lengths = longestFirst.map(lengthOf);
  const most = (first: number): number => Math.max(1, Math.min(rows, Math.floor(tokens / lengths[first]), count - first));
  /** Least cost of all from a sequence on, and how many of them are its batch. [count + 1] */
  const costs = new Float64Array(count + 1);
  const sizes = new Int32Array(count);
  for (let first = count - 1; first >= 0; first--) {
    costs[first] = Number.POSITIVE_INFINITY;
    for (let size = most(first); size > 0; size--) {
      const cost = tokens * BATCH_COST + size * lengths[first] + costs[first + size];
      // Of equal costs the larger batch.
      if (cost < costs[first]) [costs[first], sizes[first]] = [cost, size];
    }
  }
  for (let at = 0; at < count; at += sizes[at]) yield longestFirst.slice(at, at + sizes[at]);
}
