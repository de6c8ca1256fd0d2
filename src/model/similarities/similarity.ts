/**
 * What a similarity is (article, section 3.5): one file each, chosen by name in index.ts. A score is `finish(query(text) . key(label))`, so
 * that keys of labels can be made once for all texts. P: size of the representations.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Weights } from '../encoders/encoder.ts';

/** Start values of learned scalars. */
export interface SimilarityStart {
  /** Factor on a cosine. */
  scale: number;
  /** Added to a scaled cosine. */
  bias: number;
}

/** Score of a text and a label, from their representations. */
export interface Similarity {
  /** Name and shape of its parameters, for representations of `size`. */
  shapes(size: number): Record<string, number[]>;
  /** Start value of all of a parameter's elements; undefined: drawn at random. */
  start(name: string, start: SimilarityStart): number | undefined;
  /** The text's side of the product: [B, P] -> [B, P] */
  query(weights: Weights, text: tf.Tensor2D): tf.Tensor2D;
  /**
   * The text's side as a sum over the tokens whose shares add up to its representation `text`: each token's, in its place.
   * shares [B, T, P], text [B, P] -> [B, T, P]
   */
  querySummands(weights: Weights, shares: tf.Tensor3D, text: tf.Tensor2D): tf.Tensor3D;
  /** A label's side of the product: [..., P] -> [..., P] */
  key<T extends tf.Tensor>(weights: Weights, labels: T): T;
  /** Products to scores: [B, N] -> [B, N] */
  finish(weights: Weights, products: tf.Tensor2D): tf.Tensor2D;
}
