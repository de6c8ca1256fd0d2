/** t' W l + b. */
import * as tf from '@tensorflow/tfjs-core';
import type { Similarity } from './similarity.ts';

export const BILINEAR: Similarity = {
  shapes: (size) => ({ 'similarity.weight': [1, size, size], 'similarity.bias': [1] }),
  start: (name) => (name === 'similarity.bias' ? 0 : undefined),
  query: (weights, text) => tf.matMul(text, tf.squeeze<tf.Tensor2D>(weights['similarity.weight'], [0])),
  key: (_, labels) => labels,
  finish: (weights, products) => tf.add(products, weights['similarity.bias']),
};
