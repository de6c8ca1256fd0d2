/**
 * MPNet (Song et al., 2020): counted positions as in RoBERTa, and a bias for every head by the bucket of the distance between two tokens,
 * shared by all layers. Follows MPNetModel of Hugging Face transformers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { byDistance, tokenDistances } from '../position-ops.ts';
import { embed, embeddingShapes, embeddingSizes, layerSettings } from './bert.ts';
import { layerCountField, positionsAfterPadding, wordField } from './config-fields.ts';
import type { Encoder, EncoderFactory } from './encoder.ts';
import { applyEmbedding, type Shapes } from './parameters.ts';
import { type LayerNames, postNormLayerShapes, postNormReadAcross, runPostNormLayers } from './post-norm-layer.ts';
import { positionsFromPadding } from './roberta.ts';

/** Fixed in transformers, whatever `pad_token_id` says. */
const PADDING_ID = 1;
/** Fixed in transformers: the config can only size the table. */
const BUCKETS = 32;
const MOST_DISTANT = 128;
const BIAS = 'encoder.relative_attention_bias';

function layerNames(index: number): LayerNames {
  const layer = `encoder.layer.${index}`;
  return {
    query: `${layer}.attention.attn.q`,
    key: `${layer}.attention.attn.k`,
    value: `${layer}.attention.attn.v`,
    attentionOutput: `${layer}.attention.attn.o`,
    attentionNorm: `${layer}.attention.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}

/**
 * Bucket of a distance (query position minus key position): half of the 32 for each sign; in a half, 8 for the distances
 * 0 to 7 and 8 on a logarithmic scale up to 128. The quotient is rounded to float32 at each step, as PyTorch computes it.
 */
export function mpnetBucket(distance: number): number {
  const half = BUCKETS / 2;
  const exact = half / 2;
  const start = distance < 0 ? half : 0;
  const size = Math.abs(distance);
  if (size < exact) return start + size;
  const logarithm = Math.fround(Math.log(Math.fround(size / exact)));
  const scaled = Math.fround(Math.fround(logarithm / Math.fround(Math.log(MOST_DISTANT / exact))) * (half - exact));
  return start + Math.min(exact + Math.trunc(scaled), half - 1);
}

/** MPNet. Throws UsageError naming the field of the config that is missing or not supported. */
export const createMpnet: EncoderFactory = (config): Encoder => {
  const settings = layerSettings(config, 1e-12);
  const sizes = embeddingSizes(config, settings.hiddenSize, settings.epsilon, 0);
  wordField(config, 'relative_attention_num_buckets', [BUCKETS], BUCKETS);
  const layers = Array.from({ length: layerCountField(config, 'num_hidden_layers') }, (_, index) => layerNames(index));
  const maxLength = positionsAfterPadding(config, sizes.positions, PADDING_ID);
  const biasShapes: Shapes = { [`${BIAS}.weight`]: [BUCKETS, settings.heads] };
  return {
    modelType: 'mpnet',
    hiddenSize: settings.hiddenSize,
    layers: layers.length,
    maxLength,
    readsBlocks: true,
    readAcross: postNormReadAcross(layers, settings),
    parameterShapes: () =>
      Object.assign(embeddingShapes(sizes), biasShapes, ...layers.map((names) => postNormLayerShapes(names, settings))),
    forward: (weights, inputs, lastAttention) => {
      const embedded = embed(weights, sizes, inputs, positionsFromPadding(inputs, PADDING_ID));
      // Between blocks a distance means nothing, but is as small as any: the gate says how much passes there.
      const positions = inputs.blocks?.positionIds ?? tf.expandDims(inputs.positions, 0); // [B or 1, T]
      const buckets = byDistance(tokenDistances(positions), maxLength, mpnetBucket); // [B or 1, T, T]
      const bias = tf.transpose(applyEmbedding(weights, BIAS, buckets), [0, 3, 1, 2]) as tf.Tensor4D; // [B or 1, h, T, T]
      return runPostNormLayers(weights, layers, settings, embedded, inputs, lastAttention, bias);
    },
  };
};
