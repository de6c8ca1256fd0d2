/**
 * BART (Lewis et al., 2020) for sequence classification: the encoder reads the text, the decoder reads it again shifted by one token, and
 * the decoder's state of the last `</s>` is classified. Follows BartForSequenceClassification of Hugging Face transformers.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  activationField,
  booleanField,
  headsField,
  integerField,
  layerCountField,
  type RawConfig,
  wordField,
} from '../../../model/encoders/config-fields.ts';
import type { EncoderInputs, Weights } from '../../../model/encoders/encoder.ts';
import { builtFrom, ignoreFields } from '../../../model/encoders/known-fields.ts';
import { applyEmbedding, applyLinear, applyNorm, linearShapes, normShapes, type Shapes } from '../../../model/encoders/parameters.ts';
import { type Activation, activation, attention } from '../../../model/ops.ts';
import { tokenDistances } from '../../../model/position-ops.ts';
import { classCount } from './classification-head.ts';

/** Fixed in transformers: BART's normalisation and the rows of its position tables that are never read. */
const EPSILON = 1e-5;
const POSITION_OFFSET = 2;
/** Added to the score of a token that lies ahead: its probability is 0 in float32. */
const AHEAD = -1e9;

/** BART with its classification head. */
export interface BartClassifier {
  readonly maxLength: number;
  parameterShapes(): Shapes;
  /** -> logits [B, C] */
  forward(weights: Weights, inputs: EncoderInputs): tf.Tensor2D;
}

/** 0 for keys up to the query, else a large negative number. positions int32 [T] -> [1, 1, T, T]. */
export function causalBias(positions: tf.Tensor1D): tf.Tensor4D {
  const ahead = tf.cast(tf.less(tokenDistances(positions), tf.scalar(0, 'int32')), 'float32'); // [T, T]
  return tf.expandDims(tf.expandDims(tf.mul(ahead, AHEAD), 0), 0) as tf.Tensor4D;
}

/** Hidden state of each row's last token that is not padding. hidden [B, T, H], attentionMask int32 [B, T] -> [B, H]. */
export function lastToken(hidden: tf.Tensor, attentionMask: tf.Tensor2D, positions: tf.Tensor1D): tf.Tensor2D {
  const last = tf.sub(tf.sum(attentionMask, 1, true), tf.scalar(1, 'int32')); // [B, 1]
  const isLast = tf.cast(tf.equal(tf.expandDims(positions, 0), last), 'float32'); // [B, T]
  return tf.sum(tf.mul(hidden, tf.expandDims(isLast, 2)), 1) as tf.Tensor2D;
}

/** One of the two stacks of layers. */
interface StackSettings {
  layers: number;
  heads: number;
  /** Width of the feed-forward network. */
  inner: number;
}

/** What a config says. */
interface BartSettings {
  size: number; // H
  vocabulary: number;
  positions: number;
  act: Activation;
  /** What word embeddings are multiplied by. */
  factor: number;
  /** The decoder's start token. */
  startId: number;
  classes: number; // C
  encoder: StackSettings;
  decoder: StackSettings;
}

type Stack = 'encoder' | 'decoder';

function stackSettings(config: RawConfig, stack: Stack, size: number): StackSettings {
  return {
    layers: layerCountField(config, `${stack}_layers`),
    heads: headsField(config, `${stack}_attention_heads`, size),
    inner: integerField(config, `${stack}_ffn_dim`),
  };
}

function bartSettings(config: RawConfig): BartSettings {
  // What the first BARTs could have otherwise, and transformers does not.
  for (const field of ['normalize_before', 'add_final_layer_norm', 'static_position_embeddings']) wordField(config, field, [false], false);
  wordField(config, 'normalize_embedding', [true], true);
  ignoreFields(config, 'num_hidden_layers', 'num_attention_heads');
  const size = integerField(config, 'd_model');
  const vocabulary = integerField(config, 'vocab_size');
  return {
    ...{ size, vocabulary },
    positions: integerField(config, 'max_position_embeddings'),
    act: activationField(config, 'activation_function', 'gelu'),
    factor: booleanField(config, 'scale_embedding', false) ? Math.sqrt(size) : 1,
    startId: integerField(config, 'decoder_start_token_id', 2, 0, vocabulary - 1),
    classes: classCount(config),
    encoder: stackSettings(config, 'encoder', size),
    decoder: stackSettings(config, 'decoder', size),
  };
}

const attentionShapes = (name: string, size: number): Shapes =>
  Object.assign({}, ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((part) => linearShapes(`${name}.${part}`, size, size)));

function layerShapes({ size, ...stacks }: BartSettings, stack: Stack, layer: number): Shapes {
  const name = `${stack}.layers.${layer}`;
  return {
    ...attentionShapes(`${name}.self_attn`, size),
    ...normShapes(`${name}.self_attn_layer_norm`, size),
    ...(stack === 'decoder'
      ? { ...attentionShapes(`${name}.encoder_attn`, size), ...normShapes(`${name}.encoder_attn_layer_norm`, size) }
      : {}),
    ...linearShapes(`${name}.fc1`, stacks[stack].inner, size),
    ...linearShapes(`${name}.fc2`, size, stacks[stack].inner),
    ...normShapes(`${name}.final_layer_norm`, size),
  };
}

const stackShapes = (settings: BartSettings, stack: Stack): Shapes =>
  Object.assign(
    { [`${stack}.embed_positions.weight`]: [settings.positions + POSITION_OFFSET, settings.size] },
    normShapes(`${stack}.layernorm_embedding`, settings.size),
    ...Array.from({ length: settings[stack].layers }, (_, layer) => layerShapes(settings, stack, layer)),
  );

const parameterShapes = (settings: BartSettings): Shapes => ({
  'shared.weight': [settings.vocabulary, settings.size],
  ...stackShapes(settings, 'encoder'),
  ...stackShapes(settings, 'decoder'),
  ...linearShapes('classification_head.dense', settings.size, settings.size),
  ...linearShapes('classification_head.out_proj', settings.classes, settings.size),
});

/** Embeddings of a stack's words and positions. ids int32 [B, T] -> [B, T, H] */
function embed(weights: Weights, { factor }: BartSettings, stack: Stack, ids: tf.Tensor, positions: tf.Tensor1D): tf.Tensor {
  const words = tf.mul(applyEmbedding(weights, 'shared', ids), factor); // [B, T, H]
  const places = applyEmbedding(weights, `${stack}.embed_positions`, tf.add(positions, tf.scalar(POSITION_OFFSET, 'int32'))); // [T, H]
  return applyNorm(weights, `${stack}.layernorm_embedding`, tf.add(words, places), EPSILON);
}

/** x attends to `context` and is added to what it finds. x, context [B, T, H] -> [B, T, H] */
function attend(
  weights: Weights,
  name: string,
  heads: number,
  x: tf.Tensor,
  context: tf.Tensor,
  attentionMask: tf.Tensor2D,
  bias?: tf.Tensor4D,
): tf.Tensor {
  const part = (which: string, of: tf.Tensor) => applyLinear(weights, `${name}.${which}`, of);
  const { context: found } = attention(part('q_proj', x), part('k_proj', context), part('v_proj', context), {
    heads,
    attentionMask,
    ...(bias ? { bias } : {}),
    probabilities: false,
  });
  return applyNorm(weights, `${name}_layer_norm`, tf.add(x, part('out_proj', found)), EPSILON);
}

/** x [B, T, H] -> [B, T, H] */
function feedForward(weights: Weights, { act }: BartSettings, name: string, x: tf.Tensor): tf.Tensor {
  const inner = activation(applyLinear(weights, `${name}.fc1`, x), act); // [B, T, inner]
  return applyNorm(weights, `${name}.final_layer_norm`, tf.add(x, applyLinear(weights, `${name}.fc2`, inner)), EPSILON);
}

/** -> [B, T, H] */
function encode(weights: Weights, settings: BartSettings, { inputIds, attentionMask, positions }: EncoderInputs): tf.Tensor {
  const { layers, heads } = settings.encoder;
  let encoded = embed(weights, settings, 'encoder', inputIds, positions); // [B, T, H]
  for (let layer = 0; layer < layers; layer++) {
    const name = `encoder.layers.${layer}`;
    encoded = attend(weights, `${name}.self_attn`, heads, encoded, encoded, attentionMask);
    encoded = feedForward(weights, settings, name, encoded);
  }
  return encoded;
}

/** The same tokens one place later, behind the start token. inputIds int32 [B, T], positions int32 [T] -> [B, T] */
function shifted(inputIds: tf.Tensor2D, positions: tf.Tensor1D, startId: number): tf.Tensor {
  const before = tf.maximum(tf.sub(positions, tf.scalar(1, 'int32')), tf.scalar(0, 'int32')); // [T]
  const isFirst = tf.cast(tf.equal(positions, tf.scalar(0, 'int32')), 'int32'); // [T]
  const moved = tf.mul(tf.gather(inputIds, before, 1), tf.sub(tf.scalar(1, 'int32'), isFirst)); // [B, T]
  return tf.add(moved, tf.mul(isFirst, tf.scalar(startId, 'int32')));
}

/** The decoder reads the text again, each token with those before it and with all that was encoded. encoded [B, T, H] -> [B, T, H] */
function decode(
  weights: Weights,
  settings: BartSettings,
  { inputIds, attentionMask, positions }: EncoderInputs,
  encoded: tf.Tensor,
): tf.Tensor {
  const { layers, heads } = settings.decoder;
  const ids = shifted(inputIds, positions, settings.startId);
  const bias = causalBias(positions);
  // Padding lies behind every token that counts, so the causal bias hides it already.
  const everything = tf.onesLike(attentionMask) as tf.Tensor2D;
  let decoded = embed(weights, settings, 'decoder', ids, positions); // [B, T, H]
  for (let layer = 0; layer < layers; layer++) {
    const name = `decoder.layers.${layer}`;
    decoded = attend(weights, `${name}.self_attn`, heads, decoded, decoded, everything, bias);
    decoded = attend(weights, `${name}.encoder_attn`, heads, decoded, encoded, attentionMask);
    decoded = feedForward(weights, settings, name, decoded);
  }
  return decoded;
}

/** BART with its head. Throws UsageError naming the field of the config that is missing or not supported. */
export const createBartClassifier = (config: RawConfig): BartClassifier => builtFrom(config, bartClassifier);

function bartClassifier(config: RawConfig): BartClassifier {
  const settings = bartSettings(config);
  return {
    maxLength: settings.positions,
    parameterShapes: () => parameterShapes(settings),
    forward(weights, inputs) {
      const decoded = decode(weights, settings, inputs, encode(weights, settings, inputs)); // [B, T, H]
      const pooled = lastToken(decoded, inputs.attentionMask, inputs.positions); // [B, H]
      const dense = tf.tanh(applyLinear(weights, 'classification_head.dense', pooled));
      return applyLinear(weights, 'classification_head.out_proj', dense) as tf.Tensor2D;
    },
  };
}
