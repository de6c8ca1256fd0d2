/** Made-up token sequences: what a model does with its numbers, and how fast, can be looked at without any text or tokenizer at hand. */

import type { Feed } from '../runtime/onnx-session.ts';
import type { JointBatch } from '../text/joint-sequence.ts';
import { sequenceFeeds } from './sequence-feeds.ts';

const SEQUENCES = 16;
const LENGTH = 64;
/** Sequences end in labels of three tokens and a token in front of each. */
const LABELS = 4;
const LABEL_TOKENS = 4;

/**
 * A batch of sequences of random tokens, the last of which are labels.
 * @param vocabulary size of the embedding table
 */
export function madeUpBatch(batch: number, length: number, labels: number, vocabulary: number): Required<JointBatch> {
  const size = batch * length;
  const empty = () => new Int32Array(size); // [B, T]
  const joint = {
    ...{ batch, length, labels, labelCounts: new Int32Array(batch).fill(labels) },
    ...{ inputIds: empty(), attentionMask: empty().fill(1), labelMask: empty(), textMask: empty() },
    blocks: { numbers: empty(), positions: empty() },
  };
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    joint.inputIds[i] = Math.floor((state / 2 ** 32) * vocabulary);
    const place = (i % length) - (length - labels * LABEL_TOKENS);
    const label = 1 + Math.floor(place / LABEL_TOKENS);
    joint.blocks.positions[i] = place < 0 ? i % length : place % LABEL_TOKENS;
    if (place < 0) joint.textMask[i] = 1;
    else {
      joint.blocks.numbers[i] = label;
      if (place % LABEL_TOKENS > 0) joint.labelMask[i] = label;
    }
  }
  return joint;
}

/**
 * Feeds for the inputs of an inference graph: sequences of up to 64 tokens, four labels among them.
 * @param inputs their names
 * @param vocabulary size of the embedding table
 * @param maxLength longest sequence of the model
 */
export function madeUpFeeds(inputs: readonly string[], vocabulary: number, maxLength: number, sequences = SEQUENCES): Record<string, Feed> {
  const all: Record<string, Feed> = sequenceFeeds(madeUpBatch(sequences, Math.min(LENGTH, maxLength), LABELS, vocabulary));
  return Object.fromEntries(inputs.map((name) => [name, all[name]]));
}
