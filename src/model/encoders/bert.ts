/**
 * BERT (Devlin et al., 2019) and what is laid out like it: MiniLM, bge, gte, e5. Absolute positions, token types. Follows BertModel of
 * Hugging Face transformers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { activationField, headsField, integerField, layerCountField, positiveField, type RawConfig, wordField } from './config-fields.ts';
import type { Encoder, EncoderFactory, EncoderInputs, Weights } from './encoder.ts';
import { applyEmbedding, applyNorm, normShapes, parameter, type Shapes } from './parameters.ts';
import { bertLayerNames, type LayerSettings, postNormLayerShapes, postNormReadAcross, runPostNormLayers } from './post-norm-layer.ts';

/** Sizes of BERT's embedding tables. */
export interface EmbeddingSizes {
  vocabulary: number;
  positions: number;
  /** 0: no table of token types. */
  types: number;
  size: number;
  epsilon: number;
}

/** Reads the fields of the layers as BERT, RoBERTa, ELECTRA, MPNet and ALBERT name them. Throws UsageError. */
export function layerSettings(config: RawConfig, epsilon: number, activation: LayerSettings['activation'] = 'gelu'): LayerSettings {
  const hiddenSize = integerField(config, 'hidden_size');
  return {
    hiddenSize,
    intermediateSize: integerField(config, 'intermediate_size'),
    heads: headsField(config, 'num_attention_heads', hiddenSize),
    activation: activationField(config, 'hidden_act', activation),
    epsilon: positiveField(config, 'layer_norm_eps', epsilon),
  };
}

/** Reads the sizes of the embedding tables; `size` is the width of a row. Throws UsageError. */
export function embeddingSizes(config: RawConfig, size: number, epsilon: number, types = 2): EmbeddingSizes {
  wordField(config, 'position_embedding_type', ['absolute'], 'absolute');
  return {
    vocabulary: integerField(config, 'vocab_size'),
    positions: integerField(config, 'max_position_embeddings'),
    types: integerField(config, 'type_vocab_size', types, 0),
    size,
    epsilon,
  };
}

/** Shapes of the embedding tables and their normalisation. */
export function embeddingShapes({ vocabulary, positions, types, size }: EmbeddingSizes): Shapes {
  return {
    'embeddings.word_embeddings.weight': [vocabulary, size],
    'embeddings.position_embeddings.weight': [positions, size],
    ...(types > 0 ? { 'embeddings.token_type_embeddings.weight': [types, size] } : {}),
    ...normShapes('embeddings.LayerNorm', size),
  };
}

/** Embedding of the token types: [B, T, H], or the row of type 0 [1, H] where the inputs have none. */
export function tokenTypeEmbedding(weights: Weights, inputs: EncoderInputs, size: number): tf.Tensor {
  const name = 'embeddings.token_type_embeddings';
  if (inputs.tokenTypeIds) return applyEmbedding(weights, name, inputs.tokenTypeIds);
  return tf.slice(parameter(weights, `${name}.weight`) as tf.Tensor2D, [0, 0], [1, size]);
}

/** Position of every token, from 0: int32 [T], or [B, T] where sequences are made of blocks. */
export const absolutePositions = ({ positions, blocks }: EncoderInputs): tf.Tensor => blocks?.positionIds ?? positions;

/** Words + token types + positions, normalised. positionIds int32 [T] or [B, T] -> [B, T, size]. */
export function embed(weights: Weights, sizes: EmbeddingSizes, inputs: EncoderInputs, positionIds: tf.Tensor): tf.Tensor {
  let sum = applyEmbedding(weights, 'embeddings.word_embeddings', inputs.inputIds); // [B, T, size]
  if (sizes.types > 0) sum = tf.add(sum, tokenTypeEmbedding(weights, inputs, sizes.size));
  sum = tf.add(sum, applyEmbedding(weights, 'embeddings.position_embeddings', positionIds));
  const normal = applyNorm(weights, 'embeddings.LayerNorm', sum, sizes.epsilon);
  return inputs.dropout ? inputs.dropout.hidden(normal) : normal;
}

/** BERT. Throws UsageError naming the field of the config that is missing or not supported. */
export const createBert: EncoderFactory = (config): Encoder => {
  const settings = layerSettings(config, 1e-12);
  const sizes = embeddingSizes(config, settings.hiddenSize, settings.epsilon);
  const layers = Array.from({ length: layerCountField(config, 'num_hidden_layers') }, (_, index) => bertLayerNames(index));
  return {
    modelType: 'bert',
    hiddenSize: settings.hiddenSize,
    layers: layers.length,
    maxLength: sizes.positions,
    readsBlocks: true,
    readAcross: postNormReadAcross(layers, settings),
    parameterShapes: () => Object.assign(embeddingShapes(sizes), ...layers.map((names) => postNormLayerShapes(names, settings))),
    forward: (weights, inputs, lastAttention) =>
      runPostNormLayers(weights, layers, settings, embed(weights, sizes, inputs, absolutePositions(inputs)), inputs, lastAttention),
  };
};
