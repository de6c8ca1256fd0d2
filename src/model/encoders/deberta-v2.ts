/**
 * DeBERTa v2 and v3 (He et al., 2021): attention scores are the sum of content-content, content-position and position-content terms.
 * Follows DebertaV2Model of Hugging Face transformers, for tokens that are not padding.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NO_DROPOUT } from '../dropout.ts';
import { type Activation, activation, attention, linear } from '../ops.ts';
import { neighbours } from '../position-ops.ts';
import { layerSettings, tokenTypeEmbedding } from './bert.ts';
import { activationField, booleanField, integerField, layerCountField, type RawConfig, wordField, wordsField } from './config-fields.ts';
import {
  positionScores,
  positionShapes,
  type RelativeSettings,
  relativePositions,
  relativeSettings,
  relativeShapes,
} from './disentangled-attention.ts';
import type { Encoder, EncoderFactory, EncoderInputs, EncoderOutput, Weights } from './encoder.ts';
import { ignoreFields } from './known-fields.ts';
import { applyEmbedding, applyLinear, applyNorm, linearShapes, normShapes, parameter, type Shapes } from './parameters.ts';
import { afterAttention, type LayerNames, type LayerSettings, postNormLayerShapes } from './post-norm-layer.ts';

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

/** What a config says. */
interface DebertaSettings extends LayerSettings {
  vocabulary: number;
  embeddingSize: number;
  maxLength: number;
  /** Token types; 0 for none. */
  types: number;
  absolutePositions: boolean;
  relative: RelativeSettings | undefined;
  convolution: ConvolutionSettings | undefined;
  layers: readonly LayerNames[];
  /** Factor on all terms of a score. */
  scale: number;
}

function debertaSettings(config: RawConfig): DebertaSettings {
  const layer = layerSettings(config, 1e-7);
  const { hiddenSize, heads } = layer;
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
  return { ...layer, vocabulary, embeddingSize, maxLength, types, absolutePositions, relative, convolution, layers, scale };
}

function parameterShapes(settings: DebertaSettings): Shapes {
  const { hiddenSize, vocabulary, embeddingSize, maxLength, types, relative, convolution } = settings;
  const shapes: Shapes = { 'embeddings.word_embeddings.weight': [vocabulary, embeddingSize] };
  if (settings.absolutePositions) shapes['embeddings.position_embeddings.weight'] = [maxLength, embeddingSize];
  if (types > 0) shapes['embeddings.token_type_embeddings.weight'] = [types, embeddingSize];
  if (embeddingSize !== hiddenSize) Object.assign(shapes, linearShapes('embeddings.embed_proj', hiddenSize, embeddingSize, false));
  Object.assign(shapes, normShapes('embeddings.LayerNorm', hiddenSize));
  if (relative) Object.assign(shapes, relativeShapes(relative, hiddenSize));
  if (convolution) {
    shapes['encoder.conv.conv.weight'] = [hiddenSize, hiddenSize, convolution.kernel];
    shapes['encoder.conv.conv.bias'] = [hiddenSize];
    Object.assign(shapes, normShapes('encoder.conv.LayerNorm', hiddenSize));
  }
  settings.layers.forEach((names, index) => {
    Object.assign(shapes, postNormLayerShapes(names, settings));
    if (relative) Object.assign(shapes, positionShapes(relative, index, hiddenSize));
  });
  return shapes;
}

/** Embeddings, zero at padding where a convolution reads them. -> [B, T, H] */
function embed(settings: DebertaSettings, weights: Weights, inputs: EncoderInputs): tf.Tensor {
  const { hiddenSize, embeddingSize } = settings;
  let sum = applyEmbedding(weights, 'embeddings.word_embeddings', inputs.inputIds); // [B, T, embedding]
  if (settings.absolutePositions) sum = tf.add(sum, applyEmbedding(weights, 'embeddings.position_embeddings', inputs.positions));
  if (settings.types > 0) sum = tf.add(sum, tokenTypeEmbedding(weights, inputs, embeddingSize));
  if (embeddingSize !== hiddenSize) sum = applyLinear(weights, 'embeddings.embed_proj', sum);
  const normal = applyNorm(weights, 'embeddings.LayerNorm', sum, settings.epsilon);
  const embedded = inputs.dropout ? inputs.dropout.hidden(normal) : normal;
  // Padding matters to no other token, except through the convolution.
  return settings.convolution ? tf.mul(embedded, tf.expandDims(tf.cast(inputs.attentionMask, 'float32'), 2)) : embedded;
}

function forward(settings: DebertaSettings, weights: Weights, inputs: EncoderInputs, lastAttention: boolean): EncoderOutput {
  const { relative, convolution, layers, heads, scale, epsilon } = settings;
  const embedded = embed(settings, weights, inputs);
  const hasTerms = relative && relative.terms.length > 0;
  const positions = hasTerms ? relativePositions(weights, relative, inputs.positions, settings) : undefined;
  let hidden = embedded; // [B, T, H]
  let probabilities: tf.Tensor4D | undefined;
  layers.forEach((names, layer) => {
    const query = applyLinear(weights, names.query, hidden);
    const key = applyLinear(weights, names.key, hidden);
    const bias = relative && positions ? positionScores(relative, positions, names, layer, { query, key, heads, scale }) : undefined;
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
}

/** DeBERTa v2 or v3. Throws UsageError naming the field of the config that is missing or not supported. */
export const createDebertaV2: EncoderFactory = (config): Encoder => {
  const settings = debertaSettings(config);
  const { hiddenSize, maxLength, layers } = settings;
  return {
    ...{ modelType: 'deberta-v2', hiddenSize, layers: layers.length, maxLength },
    parameterShapes: () => parameterShapes(settings),
    forward: (weights, inputs, lastAttention) => forward(settings, weights, inputs, lastAttention),
  };
};
