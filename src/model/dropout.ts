/**
 * Dropout whose masks are a function of a few random numbers that come in from outside, so that a step gives the same bits whenever and
 * wherever it is run: a generator inside a graph could not go on where a stopped run was. The random bit of an element is the fraction of a
 * product of one number of its row and one of its column, which costs a pass over the tensor and no random number for each element.
 * Notation in shapes: S places, B batch, T tokens, H hidden, L layers, h heads.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from './encoders/encoder.ts';

/** Range of the numbers: products are large enough that their fractions are even, and small enough that float32 still holds those. */
export const DROPOUT_NUMBERS = { least: 16, most: 64 } as const;

/** Where an encoder drops: nowhere in inference. */
export interface Dropout {
  /** Hidden states [B, T, W] -> [B, T, W]. */
  hidden(x: tf.Tensor): tf.Tensor;
  /** Attention probabilities [B, h, T, T] -> the same, no longer of sum 1. */
  attention(probabilities: tf.Tensor4D): tf.Tensor4D;
}

/** Drops nothing. */
export const NO_DROPOUT: Dropout = { hidden: (x) => x, attention: (probabilities) => probabilities };

/** How many numbers an encoder needs: places that drop, columns of the widest one, layers. */
export const dropoutSizes = ({ layers, hiddenSize }: Pick<Encoder, 'layers' | 'hiddenSize'>) => ({
  // After the embeddings; in each layer the attention's probabilities, its output and that of the feed-forward.
  places: 1 + 3 * layers,
  columns: hiddenSize,
  layers,
});

/** Random numbers of one forward pass, evenly between the two of {@link DROPOUT_NUMBERS}. */
export interface DropoutNumbers {
  /** [S, B, T] */
  rows: tf.Tensor3D;
  /** [S, H] */
  columns: tf.Tensor2D;
  /** [L, T] */
  keys: tf.Tensor2D;
}

/** Dropout of one forward pass; its places are told apart by the order in which they are come to. */
export function createDropout(rate: number, { rows, columns, keys }: DropoutNumbers): Dropout {
  const [, batch, length] = rows.shape;
  let place = 0;
  let layer = 0;
  const nextRows = () => tf.reshape(tf.slice(rows, [place, 0, 0], [1, batch, length]), [batch, length]); // [B, T]
  /** x with each element dropped or scaled, by the fraction of a product that has the shape of x. */
  const drop = (x: tf.Tensor, product: tf.Tensor): tf.Tensor => {
    const kept = tf.greaterEqual(tf.sub(product, tf.floor(product)), rate);
    place++;
    return tf.mul(x, tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate)));
  };
  return {
    hidden(x) {
      const width = x.shape[2] as number;
      const ofColumns = tf.reshape(tf.slice(columns, [place, 0], [1, width]), [1, 1, width]);
      return drop(x, tf.mul(tf.expandDims(nextRows(), 2), ofColumns)); // [B, T, W]
    },
    attention(probabilities) {
      const heads = probabilities.shape[1];
      // Each head reads the same numbers by a factor of its own between 1 and 2.
      const factors = Array.from({ length: heads }, (_, head) => 1 + ((0.6180339887 * (head + 1)) % 1));
      const ofKeys = tf.mul(tf.reshape(tf.slice(keys, [layer, 0], [1, length]), [1, 1, 1, length]), tf.tensor4d(factors, [1, heads, 1, 1])); // [1, h, 1, T]
      layer++;
      return drop(probabilities, tf.mul(tf.reshape(nextRows(), [batch, 1, length, 1]), ofKeys)) as tf.Tensor4D; // [B, h, T, T]
    },
  };
}
