/** Random weights and batches of a GliZNet model, for tests that compare engines. */

import * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from '../src/model/adamw.ts';
import type { Encoder } from '../src/model/encoders/encoder.ts';
import { gliznetParameterShapes } from '../src/model/gliznet.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../src/model/options.ts';
import { packLabels } from '../src/text/separate-sequences.ts';
import type { SpecialIds } from '../src/text/tokenizer/special-tokens.ts';
import type { JointTrainingBatch, LateTrainingBatch } from '../src/train/engine/training-session.ts';

/** A parameter before the first step of AdamW. */
export const freshState = (parameter: tf.Tensor): AdamWState => ({
  ...{ parameter, firstMoment: tf.zerosLike(parameter), secondMoment: tf.zerosLike(parameter) },
});

/** Options of a model with gated cross-attention. */
export const GATED_OPTIONS: GliZNetOptions = {
  ...ARTICLE_OPTIONS,
  textPooling: 'mean',
  labelPooling: 'mean',
  projection: null,
  similarity: 'cosine',
  labelStyle: 'marker',
  crossAttention: 'gated',
};

/** Parameters by name. */
export type Weights = Map<string, { shape: number[]; data: Float32Array }>;

/** Weights of a model: LayerNorms and scales about 1, all else about 0. */
export function randomWeights(encoder: Encoder, options: GliZNetOptions, next: () => number): Weights {
  return new Map(
    Object.entries(gliznetParameterShapes(encoder, options)).map(([name, shape]) => {
      const scale = /LayerNorm.weight|scale/.test(name) ? 1 : 0;
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale + 0.4 * (next() - 0.5));
      return [name, { shape, data }];
    }),
  );
}

/** A batch in which every row has its own length, text length and number of labels. */
export function randomBatch(next: () => number, batch: number, length: number, labels: number): JointTrainingBatch {
  const size = batch * length;
  const result: JointTrainingBatch = {
    batch,
    length,
    labels,
    inputIds: new Int32Array(size),
    attentionMask: new Int32Array(size),
    labelMask: new Int32Array(size),
    textMask: new Int32Array(size),
    labelCounts: new Int32Array(batch),
    targets: new Float32Array(batch * labels),
    valid: new Float32Array(batch * labels),
    teacher: new Float32Array(batch * labels),
    blocks: { numbers: new Int32Array(size), positions: new Int32Array(size) },
  };
  for (let row = 0; row < batch; row++) {
    const count = row === 0 ? labels : 1 + Math.floor(next() * labels);
    const rowLength = row === 0 ? length : Math.max(count + 3, Math.floor(length * (0.6 + 0.4 * next())));
    result.labelCounts[row] = count;
    for (let i = 0; i < Math.min(rowLength, length); i++) {
      const at = row * length + i;
      result.inputIds[at] = 7 + Math.floor(next() * 50);
      result.attentionMask[at] = 1;
      const label = i - (Math.min(rowLength, length) - count);
      if (label >= 0) result.labelMask[at] = label + 1;
      else if (i > 0) result.textMask[at] = 1;
      result.blocks!.numbers[at] = result.labelMask[at];
      result.blocks!.positions[at] = label >= 0 ? label % 2 : i;
    }
    for (let k = 0; k < count; k++) {
      result.targets[row * labels + k] = next() < 0.4 ? 1 : 0;
      result.valid[row * labels + k] = 1;
      result.teacher![row * labels + k] = 1 / count;
    }
  }
  return result;
}

/** Options of a model that reads labels once. */
export const LATE_OPTIONS: GliZNetOptions = { ...GATED_OPTIONS, crossAttention: 'late' };

/** How {@link randomLateBatch} is made. */
interface LateBatchShape {
  texts: number;
  /** Tokens of the longest text. */
  length: number;
  /** Labels that are read. */
  read: number;
  /** Labels that each text is scored with, no two alike; all where absent. */
  shown?: number;
  /** Whether labels share rows. */
  areBlocks: boolean;
}

/** A batch of texts and of labels apart, each of its own length. */
export function randomLateBatch(next: () => number, { texts: batch, length, read, shown, areBlocks }: LateBatchShape): LateTrainingBatch {
  const sequences = (rows: number, columns: number) => {
    const size = rows * columns;
    const made = { inputIds: new Int32Array(size), attentionMask: new Int32Array(size), own: new Int32Array(size) };
    for (let row = 0; row < rows; row++) {
      const count = row === 0 ? columns : 2 + Math.floor(next() * (columns - 1));
      for (let i = 0; i < count; i++) {
        made.inputIds[row * columns + i] = 7 + Math.floor(next() * 50);
        made.attentionMask[row * columns + i] = 1;
        made.own[row * columns + i] = i > 0 ? 1 : 0;
      }
    }
    return made;
  };
  const texts = sequences(batch, length);
  const ids = () => Int32Array.from({ length: 1 + Math.floor(next() * 9) }, () => 7 + Math.floor(next() * 50));
  const special = { cls: 1, sep: 2, pad: 0, unk: 3 } as SpecialIds;
  const layout = { special, markerIds: Int32Array.of(5), labelMaskOn: 'label' } as const;
  const packedLabels = packLabels(layout, Array.from({ length: read }, ids), areBlocks);
  const columns = shown ?? read;
  const result: LateTrainingBatch = {
    ...{ batch, length, inputIds: texts.inputIds, attentionMask: texts.attentionMask, textMask: texts.own, labels: columns },
    packedLabels,
    targets: new Float32Array(batch * columns),
    valid: new Float32Array(batch * columns),
    choice: new Float32Array(batch * columns),
    teacher: new Float32Array(batch * columns),
    ...(shown ? { shown: { labels: columns, numbers: new Int32Array(batch * columns), mask: new Int32Array(batch * columns) } } : {}),
  };
  for (let row = 0; row < batch; row++) {
    const count = row === 0 ? columns : 1 + Math.floor(next() * columns);
    const first = Math.floor(next() * read);
    for (let k = 0; k < count; k++) {
      const at = row * columns + k;
      result.targets[at] = next() < 0.4 ? 1 : 0;
      result.valid[at] = next() < 0.8 ? 1 : 0;
      result.choice![at] = 1;
      result.teacher![at] = 1 / count;
      if (result.shown) {
        result.shown.numbers[at] = packedLabels.places[(first + k) % read];
        result.shown.mask[at] = 1;
      }
    }
  }
  return result;
}
