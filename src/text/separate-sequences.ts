/**
 * Texts and labels as sequences of their own, for models that read labels once: `[CLS] text [SEP]`, and `[M] label` with the marker in front
 * or, without one, `[CLS] label [SEP]`. And padded batches of them, shared with engine and trainer.
 * Must not know models or files.
 */

import type { JointLayout } from './joint-sequence.ts';
import { type Ends, type PaddedRows, padRows } from './padded-rows.ts';

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

/**
 * Labels several to a row, for training: rows are filled up with further labels, not with padding. Each is a block that reads itself alone, so that
 * it comes out as in a row of its own. All arrays row-major.
 */
export interface PackedLabels {
  rows: number; // R
  length: number; // S
  perRow: number; // K, the most labels in a row
  inputIds: Int32Array; // [R, S]
  attentionMask: Int32Array; // [R, S]
  /** k for the tokens that stand for label k of the row, from 1; else 0. */
  labelMask: Int32Array; // [R, S]
  /** Where a row may have several labels. */
  blocks?: {
    /** k for the block of label k with its marker; 0 for padding. */
    numbers: Int32Array; // [R, S]
    /** Position of each token in its block. */
    positions: Int32Array; // [R, S]
  };
  /** Where each label stands: its row times K, plus its number in the row from 0. Labels of the same ids stand at one place. */
  places: Int32Array; // [M]
}

/** Labels that each text is scored with, by their places in {@link PackedLabels}. */
export interface ShownBatch {
  labels: number; // N
  numbers: Int32Array; // [B, N]
  /** 1 for labels that the text has, 0 behind them. */
  mask: Int32Array; // [B, N]
}

/** Texts, and the labels that they are scored with, each read once. */
export interface LateBatch extends TextBatch {
  /** Columns of the scores: the labels of `packedLabels`, or those of `shown` where there is one. */
  labels: number;
  packedLabels: PackedLabels;
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

/** What labels alone are laid out by. */
type LabelLayout = Pick<JointLayout, 'special' | 'markerIds' | 'labelMaskOn'>;

/** Tokens around each label. */
const labelEnds = ({ special, markerIds }: LabelLayout): Ends =>
  markerIds.length > 0 ? { before: markerIds[0] } : { before: special.cls, behind: special.sep };

/** A batch of labels. @param labels ids without special tokens, none empty */
export function labelBatch(layout: LabelLayout, labels: readonly ArrayLike<number>[]): LabelBatch {
  const { special, labelMaskOn } = layout;
  const ends = labelEnds(layout);
  const { batch, ...rows } = padRows(labels, special.pad, ends);
  if (labelMaskOn === 'label') return { labels: batch, ...rows, labelMask: ownTokens(labels, rows.length) };
  const labelMask = new Int32Array(rows.inputIds.length);
  for (let row = 0; row < batch; row++) labelMask[row * rows.length] = 1;
  return { labels: batch, ...rows, labelMask };
}

/** Tokens of a row of packed labels, or as many as the longest has: few enough that attention, which grows with them, costs next to nothing. */
const PACKED_LENGTH = 32;

/** Labels by the rows that they fit into, the longest first, each into the first row with room. lengths [M] -> numbers of labels, a list a row */
function filledRows(lengths: readonly number[], capacity: number): number[][] {
  const rows: { labels: number[]; room: number }[] = [];
  const longestFirst = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a] || a - b);
  for (const label of longestFirst) {
    let row = rows.find(({ room }) => room >= lengths[label]);
    if (!row) {
      row = { labels: [], room: capacity };
      rows.push(row);
    }
    row.labels.push(label);
    row.room -= lengths[label];
  }
  return rows.map(({ labels }) => labels);
}

/**
 * Packs labels into rows, each that is there several times once.
 * @param labels ids without special tokens, none empty
 * @param areBlocks whether a row may have several; else each has one
 */
export function packLabels(layout: LabelLayout, labels: readonly ArrayLike<number>[], areBlocks: boolean): PackedLabels {
  const { special, labelMaskOn } = layout;
  const { before, behind } = labelEnds(layout);
  const numberOf = new Map<string, number>();
  const distinct: ArrayLike<number>[] = [];
  const numbers = labels.map((ids) => {
    const key = Array.prototype.join.call(ids);
    const known = numberOf.get(key);
    if (known !== undefined) return known;
    numberOf.set(key, distinct.length);
    return distinct.push(ids) - 1;
  });
  const lengths = distinct.map((ids) => ids.length + (before === undefined ? 0 : 1) + (behind === undefined ? 0 : 1));
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const capacity = Math.max(longest, PACKED_LENGTH);
  const filled = areBlocks ? filledRows(lengths, capacity) : distinct.map((_, label) => [label]);
  const used = filled.map((row) => row.reduce((sum, label) => sum + lengths[label], 0));
  const length = used.reduce((a, b) => Math.max(a, b), 0);
  const perRow = filled.reduce((most, row) => Math.max(most, row.length), 0);
  const size = filled.length * length;
  const packed = { inputIds: new Int32Array(size).fill(special.pad), attentionMask: new Int32Array(size), labelMask: new Int32Array(size) };
  const blocks = { numbers: new Int32Array(size), positions: new Int32Array(size) };
  const placeOf = new Int32Array(distinct.length);
  for (const [row, members] of filled.entries()) {
    let at = row * length;
    for (const [k, label] of members.entries()) {
      const end = at + lengths[label];
      const own = at + (before === undefined ? 0 : 1);
      const ids = distinct[label];
      if (before !== undefined) packed.inputIds[at] = before;
      packed.inputIds.set(ids, own);
      if (behind !== undefined) packed.inputIds[end - 1] = behind;
      packed.attentionMask.fill(1, at, end);
      if (labelMaskOn === 'label') packed.labelMask.fill(k + 1, own, own + ids.length);
      else packed.labelMask[at] = k + 1;
      blocks.numbers.fill(k + 1, at, end);
      for (let position = 0; at + position < end; position++) blocks.positions[at + position] = position;
      placeOf[label] = row * perRow + k;
      at = end;
    }
  }
  return {
    ...{ rows: filled.length, length, perRow, ...packed },
    ...(areBlocks ? { blocks } : {}),
    places: Int32Array.from(numbers, (number) => placeOf[number]),
  };
}
