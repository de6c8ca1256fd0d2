/** Padded batches as the inputs that inference and training graphs share. */

import type { Feed } from '../runtime/onnx-session.ts';
import type { JointBatch } from '../text/joint-sequence.ts';
import type { PaddedRows } from '../text/padded-rows.ts';
import type { LabelBatch, LateBatch, PackedLabels, ShownBatch, TextBatch } from '../text/separate-sequences.ts';

const counting = (size: number, from: number): Feed => ({ data: Int32Array.from({ length: size }, (_, i) => i + from), shape: [size] });

/** Name of what upper layer number `layer` reads of texts. */
export const stateName = (layer: number): string => `state_${layer}`;

/** Feeds of an encoder alone. */
export function rowFeeds({ batch, length, inputIds, attentionMask }: PaddedRows) {
  const shape = [batch, length];
  return {
    input_ids: { data: inputIds, shape },
    attention_mask: { data: attentionMask, shape },
    positions: counting(length, 0),
  };
}

/** Feeds of texts alone. */
export const textFeeds = (batch: TextBatch) => ({
  ...rowFeeds(batch),
  text_mask: { data: batch.textMask, shape: [batch.batch, batch.length] },
});

/** Feeds of labels alone. */
export function labelFeeds(batch: LabelBatch) {
  const shape = [batch.labels, batch.length];
  return {
    label_ids: { data: batch.inputIds, shape },
    label_attention_mask: { data: batch.attentionMask, shape },
    label_mask: { data: batch.labelMask, shape },
    label_positions: counting(batch.length, 0),
  };
}

/** Feeds of labels where the graph of texts reads them. */
export const labelFeedsAsTexts = (batch: LabelBatch) => textFeeds({ ...batch, batch: batch.labels, textMask: batch.labelMask });

/** Feeds of packed labels; `arePlaced` where their places are the columns of the scores. */
function packedFeeds({ rows, length, perRow, blocks, places, ...tokens }: PackedLabels, arePlaced: boolean) {
  const shape = [rows, length];
  return {
    label_ids: { data: tokens.inputIds, shape },
    label_attention_mask: { data: tokens.attentionMask, shape },
    label_mask: { data: tokens.labelMask, shape },
    label_positions: counting(length, 0),
    label_numbers: counting(perRow, 1),
    ...(blocks ? { label_blocks: { data: blocks.numbers, shape }, label_position_ids: { data: blocks.positions, shape } } : {}),
    ...(arePlaced ? { label_places: { data: places, shape: [places.length] } } : {}),
  };
}

/** Feeds of the labels that each of `batch` texts is scored with. */
export function shownFeeds({ labels, numbers, mask }: ShownBatch, batch: number) {
  const shape = [batch, labels];
  return { shown: { data: numbers, shape }, shown_mask: { data: mask, shape } };
}

/** Feeds of joint sequences, or of texts and labels apart; nothing is copied. */
export function sequenceFeeds(batch: JointBatch | LateBatch): Record<string, Feed> {
  if ('packedLabels' in batch) {
    const { packedLabels, shown } = batch;
    return { ...textFeeds(batch), ...packedFeeds(packedLabels, !shown), ...(shown ? shownFeeds(shown, batch.batch) : {}) };
  }
  const shape = [batch.batch, batch.length];
  return {
    ...textFeeds(batch),
    lmask: { data: batch.labelMask, shape },
    label_numbers: counting(batch.labels, 1),
    ...(batch.blocks
      ? { block_numbers: { data: batch.blocks.numbers, shape }, position_ids: { data: batch.blocks.positions, shape } }
      : {}),
  };
}
