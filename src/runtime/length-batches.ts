/** Batches of sequences by length: the same rule for all models, so that the systems of an evaluation are compared alike. */

/**
 * Tokens in a batch, padding included, with which a transformer is fastest. A processor's caches hold what a layer makes of so many;
 * eight times as many take up to 1.3 times as long (bench/batches.ts) and more memory. A GPU has more to fill.
 */
export const BATCH_TOKENS = { processor: 1024, gpu: 16_384 };

/** Limits of a batch. A sequence that alone has more tokens is a batch by itself. */
export interface BatchLimits {
  /** Tokens, padding to the longest included. */
  tokens: number;
  rows: number;
}

/** Cuts sequences that come longest first into batches. */
export function* lengthBatches<Sequence>(
  longestFirst: readonly Sequence[],
  lengthOf: (sequence: Sequence) => number,
  { tokens, rows }: BatchLimits,
): Generator<Sequence[]> {
  for (let at = 0; at < longestFirst.length; ) {
    const batch = longestFirst.slice(at, at + Math.max(1, Math.min(rows, Math.floor(tokens / lengthOf(longestFirst[at])))));
    yield batch;
    at += batch.length;
  }
}
