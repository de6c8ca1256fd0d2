/** Rows of token ids as one batch, padded at the end to the longest. Must not know models or files. */

/** A padded batch; arrays row-major. */
export interface PaddedRows {
  batch: number; // B
  length: number; // T
  inputIds: Int32Array; // [B, T]
  /** 1 for tokens, 0 for padding. */
  attentionMask: Int32Array; // [B, T]
}

/** Tokens around each row. */
export interface Ends {
  before?: number;
  behind?: number;
}

/** Puts rows into one batch. @param pad the id that fills it up */
export function padRows(rows: readonly ArrayLike<number>[], pad: number, { before, behind }: Ends = {}): PaddedRows {
  const start = before === undefined ? 0 : 1;
  const ends = start + (behind === undefined ? 0 : 1);
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0) + ends;
  const inputIds = new Int32Array(rows.length * length).fill(pad);
  const attentionMask = new Int32Array(inputIds.length);
  for (const [number, row] of rows.entries()) {
    const at = number * length;
    if (before !== undefined) inputIds[at] = before;
    inputIds.set(row, at + start);
    if (behind !== undefined) inputIds[at + start + row.length] = behind;
    attentionMask.fill(1, at, at + row.length + ends);
  }
  return { batch: rows.length, length, inputIds, attentionMask };
}
