/**
 * How a label that was read once reads a text's tokens: it weighs them by how near each is to it, and what they add up to is compared with it beside
 * their plain mean. No weights of its own: the late interaction of ColBERT (Khattab and Zaharia, 2020) with one vector a label and a soft maximum
 * over the text's tokens. Notation in shapes: B texts, T their tokens, M labels, H hidden, P projected.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NOT_READ } from './block-biases.ts';
import type { Weights } from './encoders/encoder.ts';
import type { GliZNetOptions } from './options.ts';
import { meanOfTokens, project } from './pooling.ts';
import { inverseLength } from './similarities/cosine.ts';
import { SIMILARITIES } from './similarities/index.ts';

/**
 * What each token adds to the cosine of a label and what it reads.
 * tokens [B, T, P] that were projected, textMask int32 [B, T], products [B, T, M] of tokens with labels of length 1 -> [B, T, M], 0 for padding
 */
export function readingSummands(
  { tokenSharpness }: GliZNetOptions,
  tokens: tf.Tensor3D,
  textMask: tf.Tensor2D,
  products: tf.Tensor3D,
): tf.Tensor3D {
  const own = tf.expandDims(tf.cast(textMask, 'float32'), 1); // [B, 1, T]
  const cosines = tf.mul(products, inverseLength(tokens)); // [B, T, M]
  const near = tf.mul(tf.transpose(cosines, [0, 2, 1]), tokenSharpness); // [B, M, T]
  // Times the mask: a text without tokens reads nothing, and not its padding.
  const shares = tf.mul<tf.Tensor3D>(tf.softmax(tf.add(near, tf.mul(tf.sub(1, own), NOT_READ))), own); // [B, M, T]
  const read = tf.matMul(shares, tokens); // [B, M, P]
  return tf.mul(products, tf.transpose(tf.mul(shares, inverseLength(read)), [0, 2, 1]));
}

/** Scores of texts against labels that read their tokens. hidden [B, T, H], textMask int32 [B, T], labels [P, M] of length 1 -> [B, M] */
export function tokenLogits(
  options: GliZNetOptions,
  weights: Weights,
  hidden: tf.Tensor3D,
  textMask: tf.Tensor2D,
  labels: tf.Tensor2D,
): tf.Tensor2D {
  const similarity = SIMILARITIES[options.similarity];
  const mean = similarity.query(weights, project(options, weights, meanOfTokens(hidden, textMask))); // [B, P]
  const tokens = project(options, weights, hidden); // [B, T, P]
  const [batch, length, size] = tokens.shape;
  const rows = tf.matMul(tf.reshape(tokens, [-1, size]) as tf.Tensor2D, labels); // [B * T, M]
  const products = tf.reshape(rows, [batch, length, labels.shape[1]]) as tf.Tensor3D; // [B, T, M]
  const reading = tf.sum(readingSummands(options, tokens, textMask, products), 1); // [B, M]
  const whole = tf.mul(tf.matMul(mean, labels), 1 - options.tokenShare); // [B, M]
  return similarity.finish(weights, tf.add<tf.Tensor2D>(whole, tf.mul(reading, options.tokenShare)));
}
