/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter; the formulas of torch.optim.AdamW) over tfjs tensors, for
 * training that stays on a tfjs device. Pure: takes tensors, returns tensors, disposes nothing.
 * src/engine/optimizer-memory.ts is the same step in place, for the CPU.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Settings of one AdamW step. */
export interface AdamWStep {
  learningRate: number;
  /** Decay rates of the first and second moment. */
  betas: [number, number];
  epsilon: number;
  /** Decoupled decay; 0 for biases and LayerNorm. */
  weightDecay: number;
  /** Number of this step, from 1 (bias correction). */
  step: number;
  /** Factor on the gradient (clipping). */
  gradientScale: number;
}

/** A parameter with its two moments, all of one shape. */
export interface AdamWState {
  parameter: tf.Tensor;
  firstMoment: tf.Tensor;
  secondMoment: tf.Tensor;
}

/** Moments of zero for a parameter. */
export function adamwInit(parameter: tf.Tensor): AdamWState {
  return { parameter, firstMoment: tf.zerosLike(parameter), secondMoment: tf.zerosLike(parameter) };
}

/** The state after one step. */
export function adamwUpdate(state: AdamWState, gradient: tf.Tensor, settings: AdamWStep): AdamWState {
  const [beta1, beta2] = settings.betas;
  return tf.tidy(() => {
    const g = settings.gradientScale === 1 ? gradient : tf.mul(gradient, settings.gradientScale);
    const firstMoment = tf.add(tf.mul(state.firstMoment, beta1), tf.mul(g, 1 - beta1));
    const secondMoment = tf.add(tf.mul(state.secondMoment, beta2), tf.mul(tf.square(g), 1 - beta2));
    const denominator = tf.add(tf.div(tf.sqrt(secondMoment), Math.sqrt(1 - beta2 ** settings.step)), settings.epsilon);
    const decayed = tf.mul(state.parameter, 1 - settings.learningRate * settings.weightDecay);
    const parameter = tf.sub(decayed, tf.mul(tf.div(firstMoment, denominator), settings.learningRate / (1 - beta1 ** settings.step)));
    return { parameter, firstMoment, secondMoment } as unknown as tf.TensorContainer;
  }) as unknown as AdamWState;
}
