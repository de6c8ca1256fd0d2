/**
 * Texts and labels as sequences of their own, for models that read labels once: `[CLS] text [SEP]`, and `[M] label` with the marker in front
 * or, without one, `[CLS] label [SEP]`. And padded batches of them, shared with engine and trainer.
 * Must not know models or files.
 */

import type { JointLayout } from './joint-sequence.ts';
import { type PaddedRows, padRows } from './padded-rows.ts';

/** A padded batch of texts; all arrays row-major. */
export interface TextBatch extends PaddedRows {
  /** 1 for the text's own tokens, else 0. */
  textMask: Int32Array; // [B, T]
}

/** A padded batch of labels; all arrays row-major. */
export interface LabelBatch {
  labels: number; // M
  length: number; // S
  inputIds: Int32Array; // [M, S]
  attentionMask: Int32Array; // [M, S]
  /** 1 for the tokens that stand for the label, else 0. */
  labelMask: Int32Array; // [M, S]
}

/** Labels that each text is scored with, by their rows in a {@link LabelBatch}. */
export interface ShownBatch {
  labels: number; // N
  numbers: Int32Array; // [B, N]
  /** 1 for labels that the text has, 0 behind them. */
  mask: Int32Array; // [B, N]
}

/** Texts, and the labels that they are scored with, each read once. */
export interface LateBatch extends TextBatch {
  /** Columns of the scores: the labels of `labelBatch`, or those of `shown` where there is one. */
  labels: number;
  labelBatch: LabelBatch;
  /** For models with upper layers. */
  shown?: ShownBatch;
}

/** 1 for the rows' own tokens, between the ones around them. -> [B, T] */
function ownTokens(rows: readonly ArrayLike<number>[], length: number): Int32Array {
  const own = new Int32Array(rows.length * length);
  for (const [at, row] of rows.entries()) own.fill(1, at * length + 1, at * length + 1 + row.length);
  return own;
}

/** A batch of texts. @param texts ids without special tokens, none longer than `layout.capacity` */
export function textBatch({ special }: JointLayout, texts: readonly ArrayLike<number>[]): TextBatch {
  const rows = padRows(texts, special.pad, { before: special.cls, behind: special.sep });
  return { ...rows, textMask: ownTokens(texts, rows.length) };
}

/** A batch of labels. @param labels ids without special tokens, none empty */
export function labelBatch({ special, markerIds, labelMaskOn }: JointLayout, labels: readonly ArrayLike<number>[]): LabelBatch {
  const ends = markerIds.length > 0 ? { before: markerIds[0] } : { before: special.cls, behind: special.sep };
  const { batch, ...rows } = padRows(labels, special.pad, ends);
  if (labelMaskOn === 'label') return { labels: batch, ...rows, labelMask: ownTokens(labels, rows.length) };
  const labelMask = new Int32Array(rows.inputIds.length);
  for (let row = 0; row < batch; row++) labelMask[row * rows.length] = 1;
  return { labels: batch, ...rows, labelMask };
}
