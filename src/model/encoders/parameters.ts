/**
 * Parameters by name: the shapes that a layer declares, and the layer applied to the weights of that name. What all encoder families share
 * below their layers.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { embedding, layerNorm, linear } from '../ops.ts';
import type { Weights } from './encoder.ts';

/** Shapes of parameters by name. */
export type Shapes = Record<string, number[]>;

/** Shapes of a linear layer: weight [out, in], bias [out]. */
export function linearShapes(name: string, outSize: number, inSize: number, bias = true): Shapes {
  return { [`${name}.weight`]: [outSize, inSize], ...(bias ? { [`${name}.bias`]: [outSize] } : {}) };
}

/** Shapes of a layer normalisation: weight [H], bias [H]. */
export function normShapes(name: string, size: number, bias = true): Shapes {
  return { [`${name}.weight`]: [size], ...(bias ? { [`${name}.bias`]: [size] } : {}) };
}

/** The parameter of that name. Throws if the weights lack it: whoever loaded them had `parameterShapes` to check against. */
export function parameter(weights: Weights, name: string): tf.Tensor {
  const tensor = weights[name];
  if (!tensor) throw new Error(`encoder weights lack ${name}`);
  return tensor;
}

/** Linear layer `name`; without bias where the weights have none. x [..., in] -> [..., out]. */
export function applyLinear(weights: Weights, name: string, x: tf.Tensor): tf.Tensor {
  return linear(x, parameter(weights, `${name}.weight`) as tf.Tensor2D, weights[`${name}.bias`] as tf.Tensor1D | undefined);
}

/** Layer normalisation `name`; without bias where the weights have none. x [..., H] -> [..., H]. */
export function applyNorm(weights: Weights, name: string, x: tf.Tensor, epsilon: number): tf.Tensor {
  return layerNorm(x, parameter(weights, `${name}.weight`) as tf.Tensor1D, weights[`${name}.bias`] as tf.Tensor1D | undefined, epsilon);
}

/** Rows of embedding table `name`. ids int32 [...] -> [..., H]. */
export function applyEmbedding(weights: Weights, name: string, ids: tf.Tensor): tf.Tensor {
  return embedding(parameter(weights, `${name}.weight`) as tf.Tensor2D, ids);
}
