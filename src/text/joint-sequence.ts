/**
 * The joint sequence of a text and its labels: `[CLS] text [SEP] label_1 ; label_2 ; ... [SEP]` (article, section 3.1), or with marker
 * tokens `[CLS] text [SEP] [M] label_1 [M] label_2 [SEP]`; and padded batches of them. The types are shared with engine and trainer.
 *
 * Labels are always complete. The text is cut from its end, and keeps at least `min(its length, textShare)` tokens: half of the sequence
 * without the three special tokens. So labels get at most the other half when the text is long (label-groups.ts splits larger sets). In
 * blocks, whose positions count from their own start, the text has the whole length whatever the labels take, so that they cut nothing off.
 * Must not know models or files.
 */

import { UsageError } from '../base/errors.ts';
import { padRows } from './padded-rows.ts';
import type { SpecialIds } from './tokenizer/special-tokens.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** How labels are laid out in the joint sequence and which tokens stand for a label. */
export interface SequenceLayout {
  /**
   * `separator`: labels are joined by the separator text (`;`), as in the article.
   * `marker`: each label is preceded by the marker token (`[unused0]`), no separator.
   */
  labelStyle: 'separator' | 'marker';
  /** The separator's text or the marker token's text. */
  token: string;
  /** Which tokens get the label's number in the label mask: the label's own tokens, or only the marker in front of it. */
  labelMaskOn: 'label' | 'marker';
  /**
   * Whether the text and each label, with its marker, are blocks whose positions count from their own start; marker style only. No
   * `[SEP]` at the end: it would belong to no block.
   */
  blocks?: boolean;
  /** Longest joint sequence in tokens; with blocks the longest text with three tokens more, to which labels add at most as much. */
  maxLength: number;
}

/** One text with one group of labels, ready for the encoder. */
export interface JointSequence {
  inputIds: Int32Array; // [T]
  /** k for the tokens of label k (from 1), else 0: the article's lmask. */
  labelMask: Int32Array; // [T]
  /** With a layout of blocks: 0 for the text's tokens, k for label k's and its marker, and positions within the block. */
  blocks?: { numbers: Int32Array; positions: Int32Array }; // [T], [T]
  /** The text's tokens are inputIds[textStart .. textEnd). */
  textStart: number;
  textEnd: number;
  /** How many labels the sequence holds. */
  labels: number;
  /** How many of the given text tokens were cut. Of a text that was read in part (`atLeast`), at least so many. */
  cutTokens: number;
}

/** A padded batch of joint sequences; all arrays row-major. */
export interface JointBatch {
  batch: number; // B
  length: number; // T
  labels: number; // N, the largest number of labels of a row
  inputIds: Int32Array; // [B, T]
  attentionMask: Int32Array; // [B, T]
  /** k for the tokens of label k (from 1), else 0. */
  labelMask: Int32Array; // [B, T]
  /** 1 for the text's own tokens, else 0. */
  textMask: Int32Array; // [B, T]
  /** Labels in each row. */
  labelCounts: Int32Array; // [B]
  /** As in {@link JointSequence}; padding has 0. */
  blocks?: { numbers: Int32Array; positions: Int32Array }; // [B, T], [B, T]
}

/** A layout with the ids that it needs, made once for a tokenizer. */
export interface JointLayout extends SequenceLayout {
  special: SpecialIds;
  /** Put between two labels (separator style; else empty). */
  separatorIds: Int32Array;
  /** Put in front of each label (marker style; else empty). */
  markerIds: Int32Array;
  /** Tokens for text and labels together, with blocks for each of the two: maxLength without `[CLS]` and two `[SEP]`. */
  capacity: number;
  /** Text tokens that labels never displace: half of the capacity. */
  textShare: number;
  /** The longest label that fits beside a text of any length. */
  labelLimit: number;
}

/** `[CLS]`, `[SEP]` after the text, `[SEP]` at the end: no part of the capacity. */
export const SPECIAL_TOKENS = 3;
/** The shortest sequence that is of any use: a few tokens of text and one short label. */
const SMALLEST_LENGTH = 16;

/**
 * Makes a layout ready for a tokenizer.
 * Byte-level BPE has other ids for `;` than for ` ;`, and in running text the latter is what stands between two labels: there the
 * separator gets a space in front.
 * @throws UsageError when the marker is no token of the tokenizer, the separator is empty, or maxLength does not suit the model.
 */
export async function prepareLayout(tokenizer: Tokenizer, layout: SequenceLayout): Promise<JointLayout> {
  const { labelStyle, token, labelMaskOn, maxLength } = layout;
  if (!Number.isSafeInteger(maxLength) || maxLength < SMALLEST_LENGTH || maxLength > tokenizer.modelMaxLength)
    throw new UsageError(
      `the sequence length ${maxLength} is not between ${SMALLEST_LENGTH} and the encoder's longest, ${tokenizer.modelMaxLength}`,
    );
  if (layout.blocks && labelStyle !== 'marker') throw new UsageError('labels are blocks of their own only with label style "marker"');
  if (labelMaskOn === 'marker' && labelStyle !== 'marker') throw new UsageError('labels can be read at their marker only if they have one');
  const capacity = maxLength - SPECIAL_TOKENS;
  const textShare = Math.floor(capacity / 2);
  const common = { ...layout, special: tokenizer.special, capacity, textShare };
  const none = new Int32Array(0);
  if (labelStyle === 'marker') {
    const id = tokenizer.tokenId(token);
    if (id === undefined)
      throw new UsageError(`the marker "${token}" is not a token of this encoder; BERT has [unused0], others their mask token`);
    return { ...common, separatorIds: none, markerIds: Int32Array.of(id), labelLimit: capacity - textShare - 1 };
  }
  const separatorIds = await tokenizer.encode(tokenizer.byteLevel && !token.startsWith(' ') ? ` ${token}` : token);
  if (separatorIds.length === 0) throw new UsageError('the separator between labels is empty');
  return { ...common, separatorIds, markerIds: none, labelLimit: capacity - textShare };
}

/** Tokens that labels of these lengths take in a sequence, markers and separators included. */
export function labelTokens(labelLengths: readonly number[], layout: JointLayout): number {
  let tokens = labelLengths.length * layout.markerIds.length + Math.max(0, labelLengths.length - 1) * layout.separatorIds.length;
  for (const length of labelLengths) tokens += length;
  return tokens;
}

/** Text tokens that are read at most beside labels that take so many ({@link labelTokens}). */
export const textRoom = ({ blocks, capacity }: JointLayout, taken: number): number => (blocks ? capacity : capacity - taken);

/**
 * Builds the sequence of one text and one group of labels.
 * @param textIds the text's ids without special tokens; may be longer than fits.
 * @param labelIds each label's ids without special tokens, none empty.
 * @throws UsageError when the labels do not fit beside the text's share: they have to be split into groups first.
 */
export function buildJointSequence(layout: JointLayout, textIds: ArrayLike<number>, labelIds: readonly ArrayLike<number>[]): JointSequence {
  const { special, separatorIds, markerIds, labelMaskOn, capacity, textShare } = layout;
  const taken = labelTokens(
    labelIds.map((ids) => ids.length),
    layout,
  );
  const kept = Math.min(textIds.length, textRoom(layout, taken));
  if (capacity - taken < Math.min(textIds.length, textShare))
    throw new UsageError(
      `${labelIds.length} labels take ${taken} tokens, which leaves ${Math.max(0, capacity - taken)} of ${layout.maxLength} for the text: use fewer labels at once or longer sequences`,
    );

  const inputIds = new Int32Array(SPECIAL_TOKENS - (layout.blocks ? 1 : 0) + kept + taken); // [T]
  const labelMask = new Int32Array(inputIds.length); // [T]
  inputIds[0] = special.cls;
  for (let i = 0; i < kept; i++) inputIds[i + 1] = textIds[i]!;
  let at = 1 + kept;
  inputIds[at++] = special.sep;
  const blocks = layout.blocks ? { numbers: new Int32Array(inputIds.length), positions: new Int32Array(inputIds.length) } : undefined;
  for (let i = 0; blocks && i < at; i++) blocks.positions[i] = i;
  for (const [k, ids] of labelIds.entries()) {
    if (ids.length === 0) throw new UsageError(`label ${k + 1} has no tokens`);
    if (k > 0) {
      inputIds.set(separatorIds, at);
      at += separatorIds.length;
    }
    if (blocks) {
      const size = markerIds.length + ids.length;
      blocks.numbers.fill(k + 1, at, at + size);
      for (let i = 0; i < size; i++) blocks.positions[at + i] = i;
    }
    inputIds.set(markerIds, at);
    if (labelMaskOn === 'marker') labelMask.fill(k + 1, at, at + markerIds.length);
    at += markerIds.length;
    inputIds.set(ids, at);
    if (labelMaskOn === 'label') labelMask.fill(k + 1, at, at + ids.length);
    at += ids.length;
  }
  if (!blocks) inputIds[at] = special.sep;
  return {
    inputIds,
    labelMask,
    ...(blocks ? { blocks } : {}),
    textStart: 1,
    textEnd: 1 + kept,
    labels: labelIds.length,
    cutTokens: textIds.length - kept,
  };
}

/**
 * Puts sequences into one batch, padded at the end to the longest.
 * @param padId the tokenizer's `special.pad`.
 */
export function padBatch(sequences: readonly JointSequence[], padId: number): JointBatch {
  const rows = padRows(
    sequences.map(({ inputIds }) => inputIds),
    padId,
  );
  const { batch, length } = rows;
  const result: JointBatch = {
    ...rows,
    labels: sequences.reduce((most, { labels }) => Math.max(most, labels), 0),
    labelMask: new Int32Array(batch * length), // [B, T]
    textMask: new Int32Array(batch * length), // [B, T]
    labelCounts: new Int32Array(batch), // [B]
  };
  if (sequences[0]?.blocks) result.blocks = { numbers: new Int32Array(batch * length), positions: new Int32Array(batch * length) };
  for (const [row, sequence] of sequences.entries()) {
    const start = row * length;
    if (sequence.blocks) {
      result.blocks?.numbers.set(sequence.blocks.numbers, start);
      result.blocks?.positions.set(sequence.blocks.positions, start);
    }
    result.labelMask.set(sequence.labelMask, start);
    result.textMask.fill(1, start + sequence.textStart, start + sequence.textEnd);
    result.labelCounts[row] = sequence.labels;
  }
  return result;
}
