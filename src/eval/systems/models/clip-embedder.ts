/**
 * CLIP's towers on ONNX Runtime: texts and images to unit vectors in one space. Traced like GliZNet; knows nothing of labels or prompts.
 */

import * as tf from '@tensorflow/tfjs-core';
import { rowFeeds } from '../../../classify/sequence-feeds.ts';
import { createGraphSession, type SessionSettings } from '../../../runtime/onnx-session.ts';
import { padRows } from '../../../text/padded-rows.ts';
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts';
import { traceGraph } from '../../../trace/trace.ts';
import type { FloatWeights } from '../../../weights/checkpoint.ts';
import type { ClipImage, ClipText } from './clip.ts';

/** A tower that embeds things of one kind. */
export interface Embedder<Thing> {
  /** D */
  readonly dimensions: number;
  /** One unit vector [D] for each, in order. */
  embed(things: readonly Thing[]): Promise<Float32Array[]>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

const TEXT_BATCH = 64;
const IMAGE_BATCH = 16;

/** Rows to unit length. [B, D] -> [B, D] */
const normalized = (rows: tf.Tensor): tf.Tensor => tf.mul(rows, tf.rsqrt(tf.sum(tf.square(rows), -1, true)));

const constantsOf = (shapes: Record<string, number[]>, weights: FloatWeights) =>
  Object.keys(shapes).map((name) => ({ name, ...weights.get(name)! }));

/** The text tower; longer texts are cut to its positions. Owns its session. */
export async function createClipTextEmbedder(
  model: ClipText,
  weights: FloatWeights,
  tokenizer: Tokenizer,
  settings?: SessionSettings,
): Promise<Embedder<string>> {
  const graph = traceGraph({
    inputs: [
      { name: 'input_ids', shape: ['batch', 'length'], type: 'int32' },
      { name: 'attention_mask', shape: ['batch', 'length'], type: 'int32' },
      { name: 'positions', shape: ['length'], type: 'int32' },
    ],
    constants: constantsOf(model.parameterShapes(), weights),
    inference: true,
    run: (tensors) => ({
      embedding: normalized(
        model.forward(tensors, {
          inputIds: tensors.input_ids as tf.Tensor2D,
          attentionMask: tensors.attention_mask as tf.Tensor2D,
          positions: tensors.positions as tf.Tensor1D,
        }),
      ),
    }),
  });
  const session = await createGraphSession(graph, settings);
  // The tokenizer files of long models often still name the 77 positions of the original.
  const { maxLength } = model;
  const { cls, sep, pad } = tokenizer.special;
  return {
    dimensions: model.dimensions,
    async embed(texts) {
      const ids = (await tokenizer.encodeBatch(texts, { atLeast: maxLength })).map((each) => each.subarray(0, maxLength - 2));
      const order = [...ids.keys()].sort((a, b) => ids[a].length - ids[b].length);
      const result: Float32Array[] = new Array(ids.length);
      for (let at = 0; at < order.length; at += TEXT_BATCH) {
        const rows = order.slice(at, at + TEXT_BATCH);
        const batch = padRows(
          rows.map((text) => ids[text]),
          pad,
          { before: cls, behind: sep },
        );
        const { embedding } = await session.run(rowFeeds(batch), ['embedding']);
        for (const [row, text] of rows.entries())
          result[text] = (embedding as Float32Array).slice(row * model.dimensions, (row + 1) * model.dimensions);
      }
      return result;
    },
    dispose: () => session.dispose(),
  };
}

/** The image tower; takes normalised pixels [3, side, side] (channel, row, column). Owns its session. */
export async function createClipImageEmbedder(
  model: ClipImage,
  weights: FloatWeights,
  settings?: SessionSettings,
): Promise<Embedder<Float32Array>> {
  const { imageSize, patchSize, patches } = model;
  const across = Math.floor(imageSize / patchSize);
  const width = 3 * patchSize * patchSize;
  const graph = traceGraph({
    inputs: [{ name: 'patches', shape: ['batch', patches, width], type: 'float32' }],
    constants: constantsOf(model.parameterShapes(), weights),
    inference: true,
    run: (tensors) => ({ embedding: normalized(model.forward(tensors, tensors.patches as tf.Tensor3D)) }),
  });
  const session = await createGraphSession(graph, settings);
  const dimensions = model.parameterShapes()['visual_projection.weight'][0];

  /** pixels [3, side, side] -> its patches [P, 3 * patch * patch], written at `offset` */
  function cut(pixels: Float32Array, target: Float32Array, offset: number): void {
    let to = offset;
    for (let patch = 0; patch < patches; patch++) {
      const [top, left] = [Math.floor(patch / across) * patchSize, (patch % across) * patchSize];
      for (let channel = 0; channel < 3; channel++)
        for (let row = 0; row < patchSize; row++) {
          const from = (channel * imageSize + top + row) * imageSize + left;
          target.set(pixels.subarray(from, from + patchSize), to);
          to += patchSize;
        }
    }
  }

  return {
    dimensions,
    async embed(images) {
      const result: Float32Array[] = [];
      for (let at = 0; at < images.length; at += IMAGE_BATCH) {
        const batch = images.slice(at, at + IMAGE_BATCH);
        const data = new Float32Array(batch.length * patches * width); // [B, P, 3pp]
        for (const [row, pixels] of batch.entries()) cut(pixels, data, row * patches * width);
        const { embedding } = await session.run({ patches: { data, shape: [batch.length, patches, width] } }, ['embedding']);
        for (let row = 0; row < batch.length; row++)
          result.push((embedding as Float32Array).slice(row * dimensions, (row + 1) * dimensions));
      }
      return result;
    },
    dispose: () => session.dispose(),
  };
}
