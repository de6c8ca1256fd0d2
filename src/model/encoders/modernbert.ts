/**
 * ModernBERT (Warner et al., 2024): rotary positions, layers that attend within a local window between layers that attend everywhere,
 * normalisation before each block, gated feed-forward. Follows ModernBertModel of Hugging Face transformers.
 */

import * as tf from '@tensorflow/tfjs-core';
import { isObject } from '../../base/is-object.ts';
import { NO_DROPOUT } from '../dropout.ts';
import { activation, attention } from '../ops.ts';
import { rotary, rotaryAngles, tokenDistances } from '../position-ops.ts';
import {
  activationField,
  booleanField,
  headsField,
  integerField,
  isAbsent,
  layerCountField,
  positiveField,
  type RawConfig,
  wordField,
  wordsField,
  wrongField,
} from './config-fields.ts';
import type { Encoder, EncoderFactory } from './encoder.ts';
import { ignoreFields } from './known-fields.ts';
import { applyEmbedding, applyLinear, applyNorm, linearShapes, normShapes, type Shapes } from './parameters.ts';

/** Added to the score of a key outside the window: its probability is 0 in float32. */
const OUT_OF_WINDOW = -1e9;

/** 0 for keys at most `reach` tokens away, else a large negative number. positions int32 [T] -> [1, 1, T, T]. */
function windowBias(positions: tf.Tensor1D, reach: number): tf.Tensor4D {
  const outside = tf.greater(tf.abs(tokenDistances(positions)), tf.scalar(reach, 'int32')); // [T, T]
  return tf.expandDims(tf.expandDims(tf.mul(tf.cast(outside, 'float32'), OUT_OF_WINDOW), 0), 0) as tf.Tensor4D;
}

const KINDS = ['full_attention', 'sliding_attention'] as const;
type LayerKind = (typeof KINDS)[number];

/** Which layers attend everywhere and which within the window: a list (transformers 5), or every so many attend everywhere (4). */
function layerKinds(config: RawConfig, layers: number): LayerKind[] {
  const every = integerField(config, 'global_attn_every_n_layers', 3);
  const periodic = Array.from({ length: layers }, (_, layer): LayerKind => (layer % every === 0 ? 'full_attention' : 'sliding_attention'));
  const listed = wordsField(config, 'layer_types', KINDS, periodic);
  if (listed.length !== layers) throw wrongField(config, 'layer_types', `one kind for each of the ${layers} layers`);
  if (!isAbsent(config, 'global_attn_every_n_layers') && listed.some((kind, layer) => kind !== periodic[layer]))
    throw wrongField(config, 'global_attn_every_n_layers', 'what "layer_types" say');
  return listed;
}

/** Base of the rotary angles of one kind of layers: in `rope_parameters` (transformers 5), or in a field of its own (4). */
function rotaryBase(config: RawConfig, kind: LayerKind, oldName: string, fallback: number): number {
  const old = positiveField(config, oldName, fallback);
  if (isAbsent(config, 'rope_parameters')) return old;
  const expected = '{"full_attention": {"rope_type": "default", "rope_theta": ...}, "sliding_attention": {...}}';
  const parameters = config.rope_parameters as Readonly<Record<string, unknown>>;
  if (!isObject(parameters) || !Object.keys(parameters).every((key) => KINDS.some((each) => each === key)))
    throw wrongField(config, 'rope_parameters', expected);
  const own = parameters[kind] ?? {};
  if (!isObject(own) || Object.keys(own).some((key) => !['rope_type', 'rope_theta', 'partial_rotary_factor'].includes(key)))
    throw wrongField(config, 'rope_parameters', expected);
  wordField(own, 'rope_type', ['default'], 'default');
  wordField(own, 'partial_rotary_factor', [1], 1);
  const base = positiveField(own, 'rope_theta', old);
  if (!isAbsent(config, oldName) && base !== old) throw wrongField(config, oldName, `${base}, which "rope_parameters" say`);
  return base;
}

/** ModernBERT. Throws UsageError naming the field of the config that is missing or not supported. */
export const createModernBert: EncoderFactory = (config): Encoder => {
  const hiddenSize = integerField(config, 'hidden_size');
  const heads = headsField(config, 'num_attention_heads', hiddenSize, 2);
  const intermediateSize = integerField(config, 'intermediate_size');
  const layers = layerCountField(config, 'num_hidden_layers');
  const vocabulary = integerField(config, 'vocab_size');
  const maxLength = integerField(config, 'max_position_embeddings');
  const act = activationField(config, 'hidden_activation', 'gelu');
  const epsilon = positiveField(config, 'norm_eps', 1e-5);
  const normBias = booleanField(config, 'norm_bias', false);
  const attentionBias = booleanField(config, 'attention_bias', false);
  const mlpBias = booleanField(config, 'mlp_bias', false);
  const window = integerField(config, 'local_attention', 128);
  wordField(config, 'head_dim', [hiddenSize / heads], hiddenSize / heads);
  wordField(config, 'sliding_window', [Math.floor(window / 2)], Math.floor(window / 2));
  const globalTheta = rotaryBase(config, 'full_attention', 'global_rope_theta', 160000);
  // null, in old configs, stands for the same base as that of the global layers.
  const localDefault = config.local_rope_theta === null ? globalTheta : 10000;
  const localTheta = rotaryBase(config, 'sliding_attention', 'local_rope_theta', localDefault);
  const kinds = layerKinds(config, layers);
  const isGlobal = (layer: number): boolean => kinds[layer] === 'full_attention';
  ignoreFields(config, 'layer_norm_eps', 'position_embedding_type');

  const layerShapes = (layer: number): Shapes => ({
    ...(layer > 0 ? normShapes(`layers.${layer}.attn_norm`, hiddenSize, normBias) : {}),
    ...linearShapes(`layers.${layer}.attn.Wqkv`, 3 * hiddenSize, hiddenSize, attentionBias),
    ...linearShapes(`layers.${layer}.attn.Wo`, hiddenSize, hiddenSize, attentionBias),
    ...normShapes(`layers.${layer}.mlp_norm`, hiddenSize, normBias),
    ...linearShapes(`layers.${layer}.mlp.Wi`, 2 * intermediateSize, hiddenSize, mlpBias),
    ...linearShapes(`layers.${layer}.mlp.Wo`, hiddenSize, intermediateSize, mlpBias),
  });

  return {
    modelType: 'modernbert',
    hiddenSize,
    layers,
    maxLength,
    parameterShapes: () =>
      Object.assign(
        { 'embeddings.tok_embeddings.weight': [vocabulary, hiddenSize] },
        normShapes('embeddings.norm', hiddenSize, normBias),
        ...Array.from({ length: layers }, (_, layer) => layerShapes(layer)),
        normShapes('final_norm', hiddenSize, normBias),
      ),
    forward: (weights, { inputIds, attentionMask, positions, dropout = NO_DROPOUT }, lastAttention) => {
      const headSize = hiddenSize / heads;
      const globalAngles = rotaryAngles(positions, headSize, globalTheta);
      const localAngles = rotaryAngles(positions, headSize, localTheta);
      const bias = windowBias(positions, Math.floor(window / 2)); // [1, 1, T, T]
      const words = applyEmbedding(weights, 'embeddings.tok_embeddings', inputIds); // [B, T, H]
      let hidden = dropout.hidden(applyNorm(weights, 'embeddings.norm', words, epsilon)); // [B, T, H]
      let probabilities: tf.Tensor4D | undefined;
      for (let layer = 0; layer < layers; layer++) {
        const name = `layers.${layer}`;
        const angles = isGlobal(layer) ? globalAngles : localAngles;
        const x = layer > 0 ? applyNorm(weights, `${name}.attn_norm`, hidden, epsilon) : hidden; // [B, T, H]
        const [query, key, value] = tf.split(applyLinear(weights, `${name}.attn.Wqkv`, x), 3, 2); // each [B, T, H]
        const attended = attention(rotary(query, heads, angles), rotary(key, heads, angles), value, {
          heads,
          attentionMask,
          ...(isGlobal(layer) ? {} : { bias }),
          probabilities: lastAttention && layer === layers - 1,
          dropout,
        });
        probabilities = attended.probabilities;
        hidden = tf.add(hidden, dropout.hidden(applyLinear(weights, `${name}.attn.Wo`, attended.context)));
        const widened = applyLinear(weights, `${name}.mlp.Wi`, applyNorm(weights, `${name}.mlp_norm`, hidden, epsilon));
        const [inner, gate] = tf.split(widened, 2, 2); // each [B, T, intermediate]
        hidden = tf.add(hidden, dropout.hidden(applyLinear(weights, `${name}.mlp.Wo`, tf.mul(activation(inner, act), gate))));
      }
      const output = applyNorm(weights, 'final_norm', hidden, epsilon) as tf.Tensor3D;
      return { hidden: output, ...(probabilities ? { attention: probabilities } : {}) };
    },
  };
};
