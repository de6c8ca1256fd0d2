/** Logits to probabilities. Pure arithmetic. */
import { sigmoid, softmax } from '../base/probability.ts';
import { ARTICLE_OPTIONS, type Calibration } from '../model/options.ts';

/** Probability of a label by itself: sigmoid of the calibrated logit. */
export function labelProbability(logit: number, { temperature, bias }: Pick<Calibration, 'temperature' | 'bias'>): number {
  return sigmoid(logit / temperature + bias);
}

/** However few labels there are, the best stays the best. */
const LEAST_SCALE = 0.05;

/** What logits are times in a choice among so many labels, see {@link Calibration}. */
export function choiceScale(
  count: number,
  { sharpening, sharpenAbove, flattens }: Pick<Calibration, 'sharpening' | 'sharpenAbove' | 'flattens'>,
): number {
  if (count < 2 || (count < sharpenAbove && !flattens)) return 1;
  return Math.max(LEAST_SCALE, 1 + sharpening * Math.log(count / sharpenAbove));
}

/** Probabilities over the labels, of which one is right: softmax of the logits times {@link choiceScale}. logits [N] -> [N] */
export function choiceProbabilities(
  logits: Float32Array,
  calibration: Parameters<typeof choiceScale>[1] = ARTICLE_OPTIONS.calibration,
): Float64Array {
  const count = logits.reduce((sum, logit) => sum + Number(logit > Number.NEGATIVE_INFINITY), 0);
  return softmax(logits, choiceScale(count, calibration));
}
