/** scale * cos(t, l) + bias, both learned. */
import * as tf from '@tensorflow/tfjs-core';
import type { Similarity } from './similarity.ts';

/** Rows divided by their length. [..., P] -> [..., P] */
const normalise = <T extends tf.Tensor>(x: T): T => tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)));

export const COSINE: Similarity = {
  shapes: () => ({ 'similarity.scale': [1], 'similarity.bias': [1] }),
  start: (name, { scale, bias }) => (name === 'similarity.scale' ? scale : bias),
  query: (_, text) => normalise(text),
  key: (_, labels) => normalise(labels),
  finish: (weights, products) => tf.add(tf.mul(products, weights['similarity.scale']), weights['similarity.bias']),
};
