/** scale * cos(t, l) + bias, both learned. */
import * as tf from '@tensorflow/tfjs-core';
import type { Similarity } from './similarity.ts';

/** One over the length of rows. [..., P] -> [..., 1] */
export const inverseLength = <T extends tf.Tensor>(x: T): T => tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12));

/** Rows divided by their length. [..., P] -> [..., P] */
const normalise = <T extends tf.Tensor>(x: T): T => tf.mul(x, inverseLength(x));

/** `similarity: cosine`. */
export const COSINE: Similarity = {
  shapes: () => ({ 'similarity.scale': [1], 'similarity.bias': [1] }),
  start: (name, { scale, bias }) => (name === 'similarity.scale' ? scale : bias),
  query: (_, text) => normalise(text),
  // The length of the whole text's, not of each token's: so they add up.
  querySummands: (_, shares, text) => tf.mul(shares, tf.expandDims(inverseLength(text), 1)),
  key: (_, labels) => normalise(labels),
  finish: (weights, products) => tf.add(tf.mul(products, weights['similarity.scale']), weights['similarity.bias']),
};
