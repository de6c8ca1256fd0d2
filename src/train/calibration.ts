/**
 * One global temperature and bias for multi-label probabilities, fitted after training by logistic regression on the logits of
 * examples (Platt scaling). Pure arithmetic.
 */
import { sigmoid } from '../base/probability.ts';

/** sigmoid(logit / temperature + bias) is the probability of a label. */
export interface LabelCalibration {
  temperature: number;
  bias: number;
}

/** Logits with what they should say; arrays of one length. */
export interface LabelledLogits {
  logits: number[];
  /** 1 for true labels, else 0. */
  targets: number[];
  /** How much each counts. */
  weights: number[];
}

/** Parts put together, each with its share of the whole weight, which stays that of the first. */
export function mixedLogits(parts: readonly { part: LabelledLogits; share: number }[]): LabelledLogits {
  const total = (weights: readonly number[]) => weights.reduce((sum, weight) => sum + weight, 0);
  const whole = total(parts[0].part.weights);
  return {
    logits: parts.flatMap(({ part }) => part.logits),
    targets: parts.flatMap(({ part }) => part.targets),
    weights: parts.flatMap(({ part, share }) => {
      const factor = (share * whole) / total(part.weights);
      return part.weights.map((weight) => factor * weight);
    }),
  };
}

/** Newton steps; it converges in about six. */
const STEPS = 50;
/** Keeps the two parameters finite where logits separate the labels without error. */
const RIDGE = 1e-3;

/** Fits the calibration that makes the binary cross-entropy of the labels least. */
export function fitCalibration({ logits, targets, weights }: LabelledLogits): LabelCalibration {
  // p = sigmoid(slope x logit + bias), regularised towards slope 1 and bias 0.
  let slope = 1;
  let bias = 0;
  for (let step = 0; step < STEPS; step++) {
    let [gradientSlope, gradientBias] = [RIDGE * (slope - 1), RIDGE * bias];
    let [slopeSlope, slopeBias, biasBias] = [RIDGE, 0, RIDGE];
    for (let i = 0; i < logits.length; i++) {
      const weight = weights[i];
      const p = sigmoid(slope * logits[i] + bias);
      const error = weight * (p - targets[i]);
      const curvature = weight * p * (1 - p);
      gradientSlope += error * logits[i];
      gradientBias += error;
      slopeSlope += curvature * logits[i] * logits[i];
      slopeBias += curvature * logits[i];
      biasBias += curvature;
    }
    const determinant = slopeSlope * biasBias - slopeBias * slopeBias;
    const changeSlope = (biasBias * gradientSlope - slopeBias * gradientBias) / determinant;
    const changeBias = (slopeSlope * gradientBias - slopeBias * gradientSlope) / determinant;
    // Half steps at most: a full Newton step may overshoot where nearly all labels are sure.
    const scale = Math.min(1, 2 / Math.max(Math.abs(changeSlope), Math.abs(changeBias), 1e-12));
    slope = Math.max(0.05, slope - scale * changeSlope);
    bias -= scale * changeBias;
    if (Math.abs(changeSlope) + Math.abs(changeBias) < 1e-9) break;
  }
  return { temperature: 1 / slope, bias };
}
