/**
 * DeBERTa v2 and v3 (He et al., 2021): attention scores are the sum of content-content, content-position and position-content terms.
 * Follows DebertaV2Model of Hugging Face transformers, for tokens that are not padding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NO_DROPOUT } from '../dropout.ts';
import { type Activation, activation, attention, constantWeights, embedding, linear, splitHeads } from '../ops.ts';
import { byDistance, byKey, columnDistances, neighbours, tableScores } from '../position-ops.ts';
import { layerSettings, tokenTypeEmbedding } from './bert.ts';
import { activationField, booleanField, integerField, layerCountField, type RawConfig, wordField, wordsField } from './config-fields.ts';
import type { Encoder, EncoderFactory, EncoderInputs, Weights } from './encoder.ts';
import { ignoreFields } from './known-fields.ts';
import { applyEmbedding, applyLinear, applyNorm, linearShapes, normShapes, parameter, type Shapes } from './parameters.ts';
import { afterAttention, type LayerNames, type LayerSettings, postNormLayerShapes } from './post-norm-layer.ts';

type PositionTerm = 'c2p' | 'p2c';

/** Settings of the relative positions. */
interface RelativeSettings {
  terms: PositionTerm[];
  /** Whether the content's key and query projections serve the positions too (v3). */
  sharedProjections: boolean;
  /** Rows of the relative embeddings on each side of distance 0. */
  span: number;
  /** 0: one row a distance, no logarithmic buckets. */
  buckets: number;
  /** Distance at which the last bucket begins. */
  mostDistant: number;
  normalised: boolean;
}

/** The convolution beside layer 0 (v2 xlarge). */
interface ConvolutionSettings {
  kernel: number;
  activation: Activation;
}

function layerNames(index: number): LayerNames {
  const layer = `encoder.layer.${index}`;
  return {
    query: `${layer}.attention.self.query_proj`,
    key: `${layer}.attention.self.key_proj`,
    value: `${layer}.attention.self.value_proj`,
    attentionOutput: `${layer}.attention.output.dense`,
    attentionNorm: `${layer}.attention.output.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}

const positionKey = (index: number): string => `encoder.layer.${index}.attention.self.pos_key_proj`;
const positionQuery = (index: number): string => `encoder.layer.${index}.attention.self.pos_query_proj`;

/**
 * Bucket of a distance (query position minus key position): the distance itself up to half of the buckets, beyond that a
 * logarithmic scale that ends at `mostDistant`. Rounded to float32 at each step, as PyTorch computes it.
 */
export function debertaBucket(distance: number, buckets: number, mostDistant: number): number {
  const middle = Math.floor(buckets / 2);
  const size = Math.abs(distance);
  if (size <= middle) return distance;
  const logarithm = Math.fround(Math.log(Math.fround(size / middle)));
  const range = Math.fround(Math.log(Math.fround((mostDistant - 1) / middle)));
  const scaled = Math.fround(Math.fround(logarithm / range) * (middle - 1));
  return Math.sign(distance) * (Math.ceil(scaled) + middle);
}

/** Row of the relative embeddings for a distance. */
export function relativeRow(
  distance: number,
  { buckets, mostDistant, span }: Pick<RelativeSettings, 'buckets' | 'mostDistant' | 'span'>,
): number {
  const bucket = buckets > 0 ? debertaBucket(distance, buckets, mostDistant) : distance;
  return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
}

function relativeSettings(config: RawConfig, positions: number): RelativeSettings | undefined {
  if (!booleanField(config, 'relative_attention', false)) {
    ignoreFields(config, 'position_buckets', 'max_relative_positions', 'norm_rel_ebd', 'share_att_key');
    return undefined;
  }
  const buckets = Math.max(integerField(config, 'position_buckets', -1, -1), 0);
  if (buckets === 1) integerField(config, 'position_buckets', undefined, 2); // no room for two signs: refuse
  const stated = integerField(config, 'max_relative_positions', -1, -1);
  const mostDistant = stated < 1 ? positions : stated;
  return {
    terms: wordsField(config, 'pos_att_type', ['c2p', 'p2c'], []),
    sharedProjections: booleanField(config, 'share_att_key', false),
    span: buckets > 0 ? buckets : mostDistant,
    buckets,
    mostDistant,
    normalised: wordField(config, 'norm_rel_ebd', ['none', 'layer_norm'], 'none') === 'layer_norm',
  };
}

function convolutionSettings(config: RawConfig): ConvolutionSettings | undefined {
  const kernel = integerField(config, 'conv_kernel_size', 0, 0);
  if (kernel === 0) {
    ignoreFields(config, 'conv_act', 'conv_groups');
    return undefined;
  }
  wordField(config, 'conv_groups', [1], 1);
  wordField(config, 'conv_kernel_size', [1, 3, 5, 7, 9]);
  return { kernel, activation: activationField(config, 'conv_act', 'tanh') };
}

/**
 * Convolution over the tokens as one linear layer on each token's neighbourhood, which runs on the same fused product as
 * the other layers. x [B, T, H], zero at padding; weight [H, H, kernel] -> [B, T, H].
 */
function convolve(weights: Weights, x: tf.Tensor, positions: tf.Tensor1D, kernel: number): tf.Tensor {
  const [, , size] = x.shape as [number, number, number];
  const side = (kernel - 1) / 2;
  const taps = Array.from({ length: kernel }, (_, tap) => (tap === side ? x : neighbours(x, positions, tap - side))); // each [B, T, H]
  const weight = parameter(weights, 'encoder.conv.conv.weight');
  const flat = tf.reshape(tf.transpose(weight, [0, 2, 1]), [size, kernel * size]) as tf.Tensor2D; // [H, kernel * H]
  return linear(tf.concat(taps, 2), flat, parameter(weights, 'encoder.conv.conv.bias') as tf.Tensor1D);
}

/** Relative embeddings behind a projection, [h, 2T, d], for each column the distance that it has to a query, or to a key. */
interface RelativePositions {
  fromQuery(projection: string): tf.Tensor3D;
  fromKey(projection: string): tf.Tensor3D;
}

/**
 * The relative embeddings in the order of {@link columnDistances}, projected by a linear layer and split into heads: [h, 2T, d].
 * While weights are constants, ONNX Runtime projects the whole table once; while they are trained, only the rows that are read are.
 * table [2 * span, H], rows int32 [2T]
 */
function relativeHeads(weights: Weights, table: tf.Tensor2D, rows: tf.Tensor1D, heads: number): (projection: string) => tf.Tensor3D {
  const whole = constantWeights();
  const read = whole ? table : embedding(table, rows);
  return (projection) => {
    const projected = applyLinear(weights, projection, read);
    const ordered = whole ? embedding(projected as tf.Tensor2D, rows) : projected; // [2T, H]
    return tf.squeeze(splitHeads(tf.expandDims(ordered, 0), heads), [0]) as tf.Tensor3D;
  };
}

/** DeBERTa v2 or v3. Throws UsageError naming the field of the config that is missing or not supported. */
export const createDebertaV2: EncoderFactory = (config): Encoder => {
  const settings: LayerSettings = layerSettings(config, 1e-7);
  const { hiddenSize, heads, epsilon } = settings;
  const vocabulary = integerField(config, 'vocab_size');
  const embeddingSize = integerField(config, 'embedding_size', hiddenSize);
  const maxLength = integerField(config, 'max_position_embeddings', 512);
  const types = integerField(config, 'type_vocab_size', 0, 0);
  const absolutePositions = booleanField(config, 'position_biased_input', true);
  wordField(config, 'attention_head_size', [hiddenSize / heads], hiddenSize / heads);
  const relative = relativeSettings(config, maxLength);
  const convolution = convolutionSettings(config);
  const layers = Array.from({ length: layerCountField(config, 'num_hidden_layers') }, (_, index) => layerNames(index));
  const scoreTerms = 1 + wordsField(config, 'pos_att_type', ['c2p', 'p2c'], []).length;
  const scale = 1 / Math.sqrt((hiddenSize / heads) * scoreTerms);

  const parameterShapes = (): Shapes => {
    const shapes: Shapes = { 'embeddings.word_embeddings.weight': [vocabulary, embeddingSize] };
    if (absolutePositions) shapes['embeddings.position_embeddings.weight'] = [maxLength, embeddingSize];
    if (types > 0) shapes['embeddings.token_type_embeddings.weight'] = [types, embeddingSize];
    if (embeddingSize !== hiddenSize) Object.assign(shapes, linearShapes('embeddings.embed_proj', hiddenSize, embeddingSize, false));
    Object.assign(shapes, normShapes('embeddings.LayerNorm', hiddenSize));
    if (relative) shapes['encoder.rel_embeddings.weight'] = [2 * relative.span, hiddenSize];
    if (relative?.normalised) Object.assign(shapes, normShapes('encoder.LayerNorm', hiddenSize));
    if (convolution) {
      shapes['encoder.conv.conv.weight'] = [hiddenSize, hiddenSize, convolution.kernel];
      shapes['encoder.conv.conv.bias'] = [hiddenSize];
      Object.assign(shapes, normShapes('encoder.conv.LayerNorm', hiddenSize));
    }
    layers.forEach((names, index) => {
      Object.assign(shapes, postNormLayerShapes(names, settings));
      if (!relative || relative.sharedProjections) return;
      if (relative.terms.includes('c2p')) Object.assign(shapes, linearShapes(positionKey(index), hiddenSize, hiddenSize));
      if (relative.terms.includes('p2c')) Object.assign(shapes, linearShapes(positionQuery(index), hiddenSize, hiddenSize));
    });
    return shapes;
  };

  /** [B, T, H] */
  const embed = (weights: Weights, inputs: EncoderInputs): tf.Tensor => {
    let sum = applyEmbedding(weights, 'embeddings.word_embeddings', inputs.inputIds); // [B, T, embedding]
    if (absolutePositions) sum = tf.add(sum, applyEmbedding(weights, 'embeddings.position_embeddings', inputs.positions));
    if (types > 0) sum = tf.add(sum, tokenTypeEmbedding(weights, inputs, embeddingSize));
    if (embeddingSize !== hiddenSize) sum = applyLinear(weights, 'embeddings.embed_proj', sum);
    const normal = applyNorm(weights, 'embeddings.LayerNorm', sum, epsilon);
    const embedded = inputs.dropout ? inputs.dropout.hidden(normal) : normal;
    // Padding matters to no other token, except through the convolution.
    return convolution ? tf.mul(embedded, tf.expandDims(tf.cast(inputs.attentionMask, 'float32'), 2)) : embedded;
  };

  /** Sum of the position terms of a layer, scaled: [B, h, T, T]. */
  const positionScores = (
    layer: number,
    { terms, sharedProjections }: RelativeSettings,
    positions: RelativePositions,
    query: tf.Tensor,
    key: tf.Tensor,
  ): tf.Tensor4D | undefined => {
    let sum: tf.Tensor | undefined;
    if (terms.includes('c2p')) {
      const keys = positions.fromQuery(sharedProjections ? layers[layer].key : positionKey(layer));
      sum = byKey(tableScores(splitHeads(query, heads), keys, scale)); // [B, h, T query, T key]
    }
    if (terms.includes('p2c')) {
      const queries = positions.fromKey(sharedProjections ? layers[layer].query : positionQuery(layer));
      const byQuery = tf.transpose(byKey(tableScores(splitHeads(key, heads), queries, scale)), [0, 1, 3, 2]); // [B, h, T query, T key]
      sum = sum ? tf.add(sum, byQuery) : byQuery;
    }
    return sum as tf.Tensor4D | undefined;
  };

  return {
    modelType: 'deberta-v2',
    hiddenSize,
    layers: layers.length,
    maxLength,
    parameterShapes,
    forward: (weights, inputs, lastAttention) => {
      const embedded = embed(weights, inputs);
      let positions: RelativePositions | undefined;
      if (relative && relative.terms.length > 0) {
        let table = parameter(weights, 'encoder.rel_embeddings.weight') as tf.Tensor2D;
        if (relative.normalised) table = applyNorm(weights, 'encoder.LayerNorm', table, epsilon) as tf.Tensor2D;
        const distances = columnDistances(inputs.positions);
        const seenWith = (sign: number) =>
          relativeHeads(
            weights,
            table,
            byDistance(distances, maxLength, (distance) => relativeRow(sign * distance, relative)),
            heads,
          );
        positions = { fromQuery: seenWith(1), fromKey: seenWith(-1) };
      }
      let hidden = embedded; // [B, T, H]
      let probabilities: tf.Tensor4D | undefined;
      layers.forEach((names, layer) => {
        const query = applyLinear(weights, names.query, hidden);
        const key = applyLinear(weights, names.key, hidden);
        const bias = relative && positions ? positionScores(layer, relative, positions, query, key) : undefined;
        const attended = attention(query, key, applyLinear(weights, names.value, hidden), {
          heads,
          scale,
          attentionMask: inputs.attentionMask,
          dropout: inputs.dropout,
          bias,
          probabilities: lastAttention && layer === layers.length - 1,
        });
        probabilities = attended.probabilities;
        hidden = afterAttention(weights, names, settings, hidden, attended.context, inputs.dropout ?? NO_DROPOUT);
        if (layer === 0 && convolution) {
          const convolved = activation(convolve(weights, embedded, inputs.positions, convolution.kernel), convolution.activation);
          hidden = applyNorm(weights, 'encoder.conv.LayerNorm', tf.add(hidden, convolved), epsilon);
        }
      });
      return { hidden: hidden as tf.Tensor3D, ...(probabilities ? { attention: probabilities } : {}) };
    },
  };
};
