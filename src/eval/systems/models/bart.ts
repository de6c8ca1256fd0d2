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
import { activation, attention } from '../../../model/ops.ts';
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

/** BART with its head. Throws UsageError naming the field of the config that is missing or not supported. */
export const createBartClassifier = (config: RawConfig): BartClassifier => builtFrom(config, bartClassifier);

function bartClassifier(config: RawConfig): BartClassifier {
  // What the first BARTs could have otherwise, and transformers does not.
  for (const field of ['normalize_before', 'add_final_layer_norm', 'static_position_embeddings']) wordField(config, field, [false], false);
  wordField(config, 'normalize_embedding', [true], true);
  ignoreFields(config, 'num_hidden_layers', 'num_attention_heads');
  const size = integerField(config, 'd_model');
  const vocabulary = integerField(config, 'vocab_size');
  const positionCount = integerField(config, 'max_position_embeddings');
  const act = activationField(config, 'activation_function', 'gelu');
  const factor = booleanField(config, 'scale_embedding', false) ? Math.sqrt(size) : 1;
  const startId = integerField(config, 'decoder_start_token_id', 2, 0, vocabulary - 1);
  const classes = classCount(config);
  const stacks = {
    encoder: {
      layers: layerCountField(config, 'encoder_layers'),
      heads: headsField(config, 'encoder_attention_heads', size),
      inner: integerField(config, 'encoder_ffn_dim'),
    },
    decoder: {
      layers: layerCountField(config, 'decoder_layers'),
      heads: headsField(config, 'decoder_attention_heads', size),
      inner: integerField(config, 'decoder_ffn_dim'),
    },
  };
  type Stack = keyof typeof stacks;

  const attentionShapes = (name: string): Shapes =>
    Object.assign({}, ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((part) => linearShapes(`${name}.${part}`, size, size)));
  const layerShapes = (stack: Stack, layer: number): Shapes => {
    const name = `${stack}.layers.${layer}`;
    return {
      ...attentionShapes(`${name}.self_attn`),
      ...normShapes(`${name}.self_attn_layer_norm`, size),
      ...(stack === 'decoder'
        ? { ...attentionShapes(`${name}.encoder_attn`), ...normShapes(`${name}.encoder_attn_layer_norm`, size) }
        : {}),
      ...linearShapes(`${name}.fc1`, stacks[stack].inner, size),
      ...linearShapes(`${name}.fc2`, size, stacks[stack].inner),
      ...normShapes(`${name}.final_layer_norm`, size),
    };
  };
  const stackShapes = (stack: Stack): Shapes =>
    Object.assign(
      { [`${stack}.embed_positions.weight`]: [positionCount + POSITION_OFFSET, size] },
      normShapes(`${stack}.layernorm_embedding`, size),
      ...Array.from({ length: stacks[stack].layers }, (_, layer) => layerShapes(stack, layer)),
    );

  /** x attends to `context` and is added to what it finds. x, context [B, T, H] -> [B, T, H] */
  const attend = (
    weights: Weights,
    name: string,
    heads: number,
    x: tf.Tensor,
    context: tf.Tensor,
    attentionMask: tf.Tensor2D,
    bias?: tf.Tensor4D,
  ) => {
    const part = (which: string, of: tf.Tensor) => applyLinear(weights, `${name}.${which}`, of);
    const { context: found } = attention(part('q_proj', x), part('k_proj', context), part('v_proj', context), {
      heads,
      attentionMask,
      ...(bias ? { bias } : {}),
      probabilities: false,
    });
    return applyNorm(weights, `${name}_layer_norm`, tf.add(x, part('out_proj', found)), EPSILON);
  };
  const feedForward = (weights: Weights, name: string, x: tf.Tensor) => {
    const inner = activation(applyLinear(weights, `${name}.fc1`, x), act); // [B, T, inner]
    return applyNorm(weights, `${name}.final_layer_norm`, tf.add(x, applyLinear(weights, `${name}.fc2`, inner)), EPSILON);
  };
  const embed = (weights: Weights, stack: Stack, ids: tf.Tensor, positions: tf.Tensor1D) => {
    const words = tf.mul(applyEmbedding(weights, 'shared', ids), factor); // [B, T, H]
    const places = applyEmbedding(weights, `${stack}.embed_positions`, tf.add(positions, tf.scalar(POSITION_OFFSET, 'int32'))); // [T, H]
    return applyNorm(weights, `${stack}.layernorm_embedding`, tf.add(words, places), EPSILON);
  };

  return {
    maxLength: positionCount,
    parameterShapes: () => ({
      'shared.weight': [vocabulary, size],
      ...stackShapes('encoder'),
      ...stackShapes('decoder'),
      ...linearShapes('classification_head.dense', size, size),
      ...linearShapes('classification_head.out_proj', classes, size),
    }),
    forward(weights, { inputIds, attentionMask, positions }) {
      let encoded: tf.Tensor = embed(weights, 'encoder', inputIds, positions); // [B, T, H]
      for (let layer = 0; layer < stacks.encoder.layers; layer++) {
        const name = `encoder.layers.${layer}`;
        encoded = attend(weights, `${name}.self_attn`, stacks.encoder.heads, encoded, encoded, attentionMask);
        encoded = feedForward(weights, name, encoded);
      }
      // The decoder reads the same tokens one place later, behind its start token.
      const before = tf.maximum(tf.sub(positions, tf.scalar(1, 'int32')), tf.scalar(0, 'int32')); // [T]
      const isFirst = tf.cast(tf.equal(positions, tf.scalar(0, 'int32')), 'int32'); // [T]
      const moved = tf.mul(tf.gather(inputIds, before, 1), tf.sub(tf.scalar(1, 'int32'), isFirst)); // [B, T]
      const shifted = tf.add(moved, tf.mul(isFirst, tf.scalar(startId, 'int32')));
      const bias = causalBias(positions);
      // Padding lies behind every token that counts, so the causal bias hides it already.
      const everything = tf.onesLike(attentionMask) as tf.Tensor2D;
      let decoded: tf.Tensor = embed(weights, 'decoder', shifted, positions); // [B, T, H]
      for (let layer = 0; layer < stacks.decoder.layers; layer++) {
        const name = `decoder.layers.${layer}`;
        decoded = attend(weights, `${name}.self_attn`, stacks.decoder.heads, decoded, decoded, everything, bias);
        decoded = attend(weights, `${name}.encoder_attn`, stacks.decoder.heads, decoded, encoded, attentionMask);
        decoded = feedForward(weights, name, decoded);
      }
      const pooled = lastToken(decoded, attentionMask, positions); // [B, H]
      const dense = tf.tanh(applyLinear(weights, 'classification_head.dense', pooled));
      return applyLinear(weights, 'classification_head.out_proj', dense) as tf.Tensor2D;
    },
  };
}
