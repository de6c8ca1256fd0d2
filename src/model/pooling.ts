/**
 * Hidden states of many tokens to one representation, and the shared projection (article, section 3.2). Notation in shapes: B batch, T
 * tokens, H hidden, P projected (or H without projection), N labels.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Weights } from './encoders/encoder.ts';
import { linear } from './ops.ts';
import type { GliZNetOptions } from './options.ts';

/** The share of each token in the mean of those that a mask marks. mask int32 [B, T] -> [B, T, 1]; 0 where it marks none */
export function shareOfTokens(mask: tf.Tensor2D): tf.Tensor3D {
  const own = tf.expandDims(tf.cast(mask, 'float32'), 2); // [B, T, 1]
  return tf.div(own, tf.maximum(tf.sum(own, 1, true), 1));
}

/** Mean over the tokens that a mask marks. hidden [B, T, H], mask int32 [B, T] -> [B, H]; 0 where it marks none. */
export function meanOfTokens(hidden: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  const [batch, length, hiddenSize] = hidden.shape;
  const own = tf.reshape(tf.cast(mask, 'float32'), [batch, 1, length]); // [B, 1, T]
  const mean = tf.div(own, tf.maximum(tf.sum(own, 2, true), 1)); // [B, 1, T]
  return tf.reshape(tf.matMul(mean, hidden), [batch, hiddenSize]);
}

/** 1 for the tokens of each label. labelMask int32 [B, T]: k for the tokens of label k, labelNumbers int32 [N]: 1 2 ... N -> [B, N, T] */
export const tokensOfLabels = (labelMask: tf.Tensor2D, labelNumbers: tf.Tensor1D): tf.Tensor3D =>
  tf.cast(tf.equal(tf.expandDims(labelMask, 1), tf.expandDims(tf.expandDims(labelNumbers, 1), 0)), 'float32');

/** Weights of each label's tokens, made to sum to 1. weights [B, N, T], belongs [B, N, T] of {@link tokensOfLabels} -> [B, N, T] */
export function sharesOf(weights: tf.Tensor3D, belongs = weights): tf.Tensor3D {
  // A label that the row does not have is divided by 1: by a tiny number, its gradient would overflow to NaN.
  const absent = tf.sub(1, tf.max(belongs, 2, true)); // [B, N, 1]
  return tf.div(weights, tf.add(tf.sum(weights, 2, true), absent));
}

/** Text representation before its projection: [CLS], or the mean of the text's tokens. hidden [B, T, H], textMask int32 [B, T] -> [B, H] */
export function poolText({ textPooling }: GliZNetOptions, hidden: tf.Tensor3D, textMask: tf.Tensor2D): tf.Tensor2D {
  const [batch, , hiddenSize] = hidden.shape;
  if (textPooling === 'cls') return tf.reshape(tf.slice(hidden, [0, 0, 0], [batch, 1, hiddenSize]), [batch, hiddenSize]);
  return meanOfTokens(hidden, textMask);
}

/** The projection that texts and labels share, if there is one. [..., H] -> [..., P] */
export const project = <T extends tf.Tensor>({ projection }: GliZNetOptions, weights: Weights, x: T): T =>
  projection === null ? x : (linear(x, weights['projection.weight'] as tf.Tensor2D, weights['projection.bias'] as tf.Tensor1D) as T);
