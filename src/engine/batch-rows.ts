/** How many rows a batch of sequences has. */

/**
 * Tokens in a batch, padding included, with which a transformer is fastest. A processor's caches hold what a layer makes of so many;
 * sixteen times as many took 1.1 to 1.3 times as long and several times the memory (bench/batches.ts). A GPU has more to fill.
 */
export const BATCH_TOKENS = { processor: 1024, gpu: 16_384 };

/** Rows of this length in a batch of so many tokens; at least one. */
export const batchRows = (length: number, tokens: number, mostRows: number): number =>
  Math.max(1, Math.min(mostRows, Math.floor(tokens / length)));
