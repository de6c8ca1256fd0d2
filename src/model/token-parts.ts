/**
 * What each token of a text adds to the logit of a label, where the text is the mean of its tokens and no label is read with it: text and
 * label meet in one product, which is a sum over tokens, and so is what a label reads of the tokens, where it does. Notation in shapes: B texts, T their tokens, K labels of a text, H hidden, P
 * projected.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Weights } from './encoders/encoder.ts';
import { type GliZNetOptions, readsTokens } from './options.ts';
import { project, shareOfTokens } from './pooling.ts';
import { SIMILARITIES } from './similarities/index.ts';
import { readingSummands } from './token-reading.ts';

/**
 * Parts [B, T, K] of logits: over a text's tokens they add up to the logit less what the similarity adds whatever the text says.
 * hidden [B, T, H] of the encoder's last layer, textMask int32 [B, T], labels [B, K, P] the labels' sides of the similarity
 */
export function tokenParts(
  options: GliZNetOptions,
  weights: Weights,
  hidden: tf.Tensor3D,
  textMask: tf.Tensor2D,
  labels: tf.Tensor3D,
): tf.Tensor3D {
  const similarity = SIMILARITIES[options.similarity];
  const tokens = project(options, weights, hidden) as tf.Tensor3D; // [B, T, P]
  // A mean of projections is the projection of the mean.
  const shares = tf.mul<tf.Tensor3D>(tokens, shareOfTokens(textMask)); // [B, T, P]
  const summands = similarity.querySummands(weights, shares, tf.sum(shares, 1)); // [B, T, P]
  let parts = tf.matMul(summands, labels, false, true); // [B, T, K]
  if (readsTokens(options)) {
    const reading = readingSummands(options, tokens, textMask, tf.matMul(tokens, labels, false, true)); // [B, T, K]
    parts = tf.add(tf.mul(parts, 1 - options.tokenShare), tf.mul(reading, options.tokenShare));
  }
  const [batch, length, count] = parts.shape;
  const rows = tf.reshape(parts, [-1, count]) as tf.Tensor2D; // [B * T, K]
  const constant = similarity.finish(weights, tf.zerosLike(rows));
  return tf.reshape(tf.sub(similarity.finish(weights, rows), constant), [batch, length, count]);
}
