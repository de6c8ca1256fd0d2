/** t' W l + b. */
import * as tf from '@tensorflow/tfjs-core';
import type { Similarity } from './similarity.ts';

/** `similarity: bilinear`. */
export const BILINEAR: Similarity = {
  shapes: (size) => ({ 'similarity.weight': [1, size, size], 'similarity.bias': [1] }),
  start: (name) => (name === 'similarity.bias' ? 0 : undefined),
  query: (weights, text) => tf.matMul(text, tf.squeeze<tf.Tensor2D>(weights['similarity.weight'], [0])),
  querySummands: (weights, shares) => {
    const [batch, length, size] = shares.shape;
    const rows = tf.reshape(shares, [-1, size]) as tf.Tensor2D; // [B * T, P]
    return tf.reshape(tf.matMul(rows, tf.squeeze<tf.Tensor2D>(weights['similarity.weight'], [0])), [batch, length, size]);
  },
  key: (_, labels) => labels,
  finish: (weights, products) => tf.add(products, weights['similarity.bias']),
};
