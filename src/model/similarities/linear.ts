/** w . (t * l) + b: the article's choice. */
import * as tf from '@tensorflow/tfjs-core';
import type { Similarity } from './similarity.ts';

/** `similarity: linear`. */
export const LINEAR: Similarity = {
  shapes: (size) => ({ 'similarity.weight': [1, size], 'similarity.bias': [1] }),
  start: (name) => (name === 'similarity.bias' ? 0 : undefined),
  query: (weights, text) => tf.mul(text, weights['similarity.weight']),
  querySummands: (weights, shares) => tf.mul(shares, weights['similarity.weight']),
  key: (_, labels) => labels,
  finish: (weights, products) => tf.add(products, weights['similarity.bias']),
};
