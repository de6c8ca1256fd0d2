/** A padded batch as the inputs that inference and training graphs share. */

import type { Feed } from '../runtime/onnx-session.ts';
import type { JointBatch } from '../text/joint-sequence.ts';

/** The sequence inputs of a GliZNet graph, by name. */
export type SequenceFeeds = Record<'input_ids' | 'attention_mask' | 'lmask' | 'text_mask' | 'positions' | 'label_numbers', Feed> &
  Partial<Record<'block_numbers' | 'position_ids', Feed>>;

const counting = (size: number, from: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i + from);

/** Feeds of a batch; nothing is copied. */
export function sequenceFeeds(batch: JointBatch): SequenceFeeds {
  const shape = [batch.batch, batch.length];
  return {
    input_ids: { data: batch.inputIds, shape },
    attention_mask: { data: batch.attentionMask, shape },
    lmask: { data: batch.labelMask, shape },
    text_mask: { data: batch.textMask, shape },
    positions: { data: counting(batch.length, 0), shape: [batch.length] },
    label_numbers: { data: counting(batch.labels, 1), shape: [batch.labels] },
    ...(batch.blocks
      ? { block_numbers: { data: batch.blocks.numbers, shape }, position_ids: { data: batch.blocks.positions, shape } }
      : {}),
  };
}
