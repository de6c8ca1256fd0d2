/**
 * What encoders compute from token positions: distances between tokens, distance buckets, disentangled attention's scores and rotary
 * embeddings.
 *
 * As in ops.ts, a fused kernel of the backend is used where there is one. Everything starts from `positions` (int32 [T]), never from a
 * length. Notation in shapes: B batch, T tokens, H hidden, h heads, d = H / h.
 */
import * as tf from '@tensorflow/tfjs-core';

const hasKernel = (name: string): boolean => tf.getKernel(name, tf.getBackend()) !== undefined;

/** Position of the query minus position of the key. positions int32 [..., T] -> int32 [..., T, T]. */
export function tokenDistances<T extends tf.Tensor = tf.Tensor2D>(positions: tf.Tensor): T {
  const axis = positions.rank;
  return tf.sub(tf.expandDims(positions, axis), tf.expandDims(positions, axis - 1)) as T;
}

/**
 * A value for every distance between two tokens, looked up in a table that is made once: exact, whatever the backend's
 * logarithm rounds to. distances int32 of any shape, none beyond reach -> int32 of that shape.
 * @param reach the most tokens a sequence can have
 * @param valueAt integer for a distance
 */
export function byDistance<T extends tf.Tensor>(distances: T, reach: number, valueAt: (distance: number) => number): T {
  const table = Int32Array.from({ length: 2 * reach + 1 }, (_, index) => valueAt(index - reach));
  return tf.gather<tf.Tensor>(tf.tensor1d(table, 'int32'), tf.add(distances, tf.scalar(reach, 'int32'))) as unknown as T;
}

/**
 * Every token's neighbour: result[b, t] = x[b, t + offset], zero where there is none.
 * x [B, T, H], positions int32 [T] -> [B, T, H].
 */
export function neighbours(x: tf.Tensor, positions: tf.Tensor1D, offset: number): tf.Tensor {
  const shift = (values: tf.Tensor, at: tf.Tensor, by: number): tf.Tensor => {
    const wanted = tf.add(at, tf.scalar(by, 'int32')); // [T]
    // The last position is a tensor: as a number it would be baked into a traced graph.
    const present = tf.minimum(tf.maximum(wanted, tf.scalar(0, 'int32')), tf.max(at)); // [T]
    const inside = tf.cast(tf.equal(wanted, present), 'float32'); // [T]
    return tf.mul(tf.gather(values, present, 1), tf.expandDims(inside, 1));
  };
  return tf.customGrad((...args) => {
    const [values, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([positions]);
    return {
      value: shift(values, positions, offset),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [shift(dy, saved[0], -offset)],
    };
  })(x);
}

/**
 * Every distance that two of T tokens can have, one a column of {@link byKey}'s input: T, T - 1, ..., 1 - T.
 * positions int32 [T] -> int32 [2T].
 */
export function columnDistances(positions: tf.Tensor1D): tf.Tensor1D {
  const length = tf.add(tf.max(positions), tf.scalar(1, 'int32')); // a tensor: as a number it would be baked into a traced graph
  return tf.concat([tf.sub(length, positions), tf.neg(positions)]) as tf.Tensor1D;
}

/**
 * What each token has for a distance, brought to the token at that distance: result[.., i, j] = x[.., i, T + j - i].
 * Rows of x are shifted against each other, not gathered: reading them at one element less a row does it.
 * x [B, h, T, 2T] -> [B, h, T, T].
 */
export function byKey(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, heads, length, width] = x.shape;
  if (!hasKernel('ByKey')) {
    const read = tf.slice(tf.reshape(x, [batch, heads, length * width]), [0, 0, length]); // [B, h, T * (2T - 1)]
    return tf.slice(tf.reshape(read, [batch, heads, length, width - 1]), [0, 0, 0, 0], [-1, -1, -1, length]) as tf.Tensor4D;
  }
  return tf.customGrad((...args) => {
    const [values] = args as unknown as [tf.Tensor4D];
    return {
      value: tf.engine().runKernel('ByKey', { x: values }, {}) as tf.Tensor4D,
      gradFunc: (dy: tf.Tensor) => [tf.engine().runKernel('ByKeyGradient', { dy }, {}) as tf.Tensor4D],
    };
  })(x) as tf.Tensor4D;
}

/** Products of every token with every row of a table, head by head: factor * x table'. x [B, h, T, d], table [h, K, d] -> [B, h, T, K]. */
export function tableScores(x: tf.Tensor4D, table: tf.Tensor3D, factor: number): tf.Tensor4D {
  // The batch is broadcast by hand in the gradient: tfjs's own gradient of matMul does not sum over broadcast axes.
  const product = (a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor =>
    hasKernel('ScaledMatMul')
      ? (tf.engine().runKernel('ScaledMatMul', { a, b }, { factor, transposeA, transposeB }) as tf.Tensor)
      : tf.matMul(tf.mul(a, factor), b, transposeA, transposeB);
  return tf.customGrad((...args) => {
    const [left, right, save] = args as unknown as [tf.Tensor4D, tf.Tensor3D, tf.GradSaveFunc];
    save([left, right]);
    return {
      value: product(left, tf.expandDims(right, 0), false, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        product(dy, tf.expandDims(saved[1], 0), false, false), // [B, h, T, d]
        tf.sum(product(dy, saved[0], true, false), 0), // [h, K, d]
      ],
    };
  })(x, table) as tf.Tensor4D;
}

/** Cosines and sines of rotary positions, computed as Hugging Face transformers does, in float32: each [T, d / 2]. */
export interface RotaryAngles {
  cos: tf.Tensor2D;
  sin: tf.Tensor2D;
}

/** Rotary angles of every position. positions int32 [T]; theta is the base of the wave lengths. */
export function rotaryAngles(positions: tf.Tensor1D, headSize: number, theta: number): RotaryAngles {
  const frequencies = Float32Array.from({ length: headSize / 2 }, (_, index) => 1 / theta ** ((2 * index) / headSize));
  const angles = tf.mul(tf.expandDims(tf.cast(positions, 'float32'), 1), tf.tensor2d(frequencies, [1, headSize / 2])); // [T, d / 2]
  return { cos: tf.cos(angles) as tf.Tensor2D, sin: tf.sin(angles) as tf.Tensor2D };
}

/**
 * Rotary position embedding (Su et al., 2021): turns each pair (x[i], x[i + d / 2]) of a head by its position's angle.
 * x [B, T, H] -> [B, T, H].
 */
export function rotary(x: tf.Tensor, heads: number, angles: RotaryAngles): tf.Tensor {
  const [batch, length, hidden] = x.shape as [number, number, number];
  const half = hidden / heads / 2;
  const turn = (values: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor => {
    if (hasKernel('RotaryEmbedding'))
      return tf.engine().runKernel('RotaryEmbedding', { x: values, cos, sin }, { heads } as object as tf.NamedAttrMap) as tf.Tensor;
    const wideCos = tf.expandDims(cos, 1); // [T, 1, d / 2]
    const wideSin = tf.expandDims(sin, 1);
    const [first, second] = tf.split(tf.reshape(values, [batch, length, heads, 2 * half]), 2, 3); // [B, T, h, d / 2]
    const turned = [tf.sub(tf.mul(first, wideCos), tf.mul(second, wideSin)), tf.add(tf.mul(second, wideCos), tf.mul(first, wideSin))];
    return tf.reshape(tf.concat(turned, 3), [batch, length, hidden]);
  };
  return tf.customGrad((...args) => {
    const [values, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([angles.cos, angles.sin]);
    return {
      value: turn(values, angles.cos, angles.sin),
      gradFunc: (dy: tf.Tensor, [cos, sin]: tf.Tensor[]) => [turn(dy, cos, tf.neg(sin))], // the inverse turn
    };
  })(x);
}
