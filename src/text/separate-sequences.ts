/**
 * Texts and labels as sequences of their own, for models that read labels once: `[CLS] text [SEP]`, and `[M] label` with the marker in front
 * or, without one, `[CLS] label [SEP]`. And padded batches of them, shared with engine and trainer.
 * Must not know models or files.
 */
import type { JointLayout } from './joint-sequence.ts';

/** A padded batch of texts; all arrays row-major. */
export interface TextBatch {
  batch: number; // B
  length: number; // T
  inputIds: Int32Array; // [B, T]
  attentionMask: Int32Array; // [B, T]
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

/** Rows between a token before and one behind, padded at the end to the longest; `own` is 1 for the rows' own tokens, or the one before. */
function padded(rows: readonly ArrayLike<number>[], before: number, behind: number | undefined, pad: number, ownIsBefore = false) {
  const extra = behind === undefined ? 1 : 2;
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0) + extra;
  const inputIds = new Int32Array(rows.length * length).fill(pad);
  const attentionMask = new Int32Array(inputIds.length);
  const own = new Int32Array(inputIds.length);
  for (const [at, row] of rows.entries()) {
    const start = at * length;
    inputIds[start] = before;
    inputIds.set(row, start + 1);
    if (behind !== undefined) inputIds[start + 1 + row.length] = behind;
    attentionMask.fill(1, start, start + row.length + extra);
    if (ownIsBefore) own[start] = 1;
    else own.fill(1, start + 1, start + 1 + row.length);
  }
  return { length, inputIds, attentionMask, own };
}

/** A batch of texts. @param texts ids without special tokens, none longer than `layout.capacity` */
export function textBatch({ special }: JointLayout, texts: readonly ArrayLike<number>[]): TextBatch {
  const { length, inputIds, attentionMask, own } = padded(texts, special.cls, special.sep, special.pad);
  return { batch: texts.length, length, inputIds, attentionMask, textMask: own };
}

/** A batch of labels. @param labels ids without special tokens, none empty */
export function labelBatch({ special, markerIds, labelMaskOn }: JointLayout, labels: readonly ArrayLike<number>[]): LabelBatch {
  const [before, behind] = markerIds.length > 0 ? [markerIds[0], undefined] : [special.cls, special.sep];
  const { length, inputIds, attentionMask, own } = padded(labels, before, behind, special.pad, labelMaskOn === 'marker');
  return { labels: labels.length, length, inputIds, attentionMask, labelMask: own };
}
