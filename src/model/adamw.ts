/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter; the formulas of torch.optim.AdamW) over tfjs tensors, for
 * training that stays on a tfjs device. Pure: takes tensors, returns tensors, disposes nothing.
 * src/train/engine/optimizer-memory.ts is the same step in place, for the CPU.
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

/** The numbers that a step's arithmetic uses; tensors of shape [] where they are inputs of a graph. */
export interface AdamWCoefficients<Value extends number | tf.Tensor = number> {
  gradientScale: Value;
  beta1: Value;
  /** 1 - beta1 */
  rest1: Value;
  beta2: Value;
  /** 1 - beta2 */
  rest2: Value;
  /** Square root of the second moment's bias correction. */
  correction: Value;
  epsilon: Value;
  /** What decay leaves of a parameter. */
  keep: Value;
  /** Learning rate with the first moment's bias correction. */
  rate: Value;
}

/** The numbers of a step. */
export function adamwCoefficients(settings: AdamWStep): AdamWCoefficients {
  const [beta1, beta2] = settings.betas;
  return {
    gradientScale: settings.gradientScale,
    beta1,
    rest1: 1 - beta1,
    beta2,
    rest2: 1 - beta2,
    correction: Math.sqrt(1 - beta2 ** settings.step),
    epsilon: settings.epsilon,
    keep: 1 - settings.learningRate * settings.weightDecay,
    rate: settings.learningRate / (1 - beta1 ** settings.step),
  };
}

/** The state after a step with these numbers. */
export function adamwFormula(state: AdamWState, gradient: tf.Tensor, by: AdamWCoefficients<number | tf.Tensor>): AdamWState {
  const g = by.gradientScale === 1 ? gradient : tf.mul(gradient, by.gradientScale);
  const firstMoment = tf.add(tf.mul(state.firstMoment, by.beta1), tf.mul(g, by.rest1));
  const secondMoment = tf.add(tf.mul(state.secondMoment, by.beta2), tf.mul(tf.square(g), by.rest2));
  const denominator = tf.add(tf.div(tf.sqrt(secondMoment), by.correction), by.epsilon);
  const parameter = tf.sub(tf.mul(state.parameter, by.keep), tf.mul(tf.div(firstMoment, denominator), by.rate));
  return { parameter, firstMoment, secondMoment };
}

/** The state after one step. */
export function adamwUpdate(state: AdamWState, gradient: tf.Tensor, settings: AdamWStep): AdamWState {
  return tf.tidy(
    () => adamwFormula(state, gradient, adamwCoefficients(settings)) as unknown as tf.TensorContainer,
  ) as unknown as AdamWState;
}
