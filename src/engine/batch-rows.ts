/** How many sequences a batch holds: the same rule for all models, so that the systems of an evaluation are compared alike. */

/**
 * Tokens in a batch, padding included, with which a transformer is fastest. A processor's caches hold what a layer makes of so many;
 * eight times as many take up to 1.3 times as long (bench/batches.ts) and more memory. A GPU has more to fill.
 */
export const BATCH_TOKENS = { processor: 1024, gpu: 16_384 };

/** Rows of this length in a batch of so many tokens; at least one. */
export const batchRows = (length: number, tokens: number, mostRows: number): number =>
  Math.max(1, Math.min(mostRows, Math.floor(tokens / length)));
