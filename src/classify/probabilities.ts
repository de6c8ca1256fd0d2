/** Logits to probabilities. Pure arithmetic. */
import type { GliZNetOptions } from '../model/options.ts';

/** Probability of a label by itself: sigmoid of the calibrated logit. */
export function labelProbability(
  logit: number,
  { temperature, bias }: Pick<GliZNetOptions['calibration'], 'temperature' | 'bias'>,
): number {
  return 1 / (1 + Math.exp(-(logit / temperature + bias)));
}

/** Labels up to which a choice is the softmax of its logits, see {@link GliZNetOptions.calibration}. */
const FEW_LABELS = 10;

/** Probabilities over the labels, of which one is right: softmax of the logits, sharper among many labels. logits [N] -> [N] */
export function choiceProbabilities(logits: Float32Array, { sharpening }: Partial<GliZNetOptions['calibration']> = {}): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const logit of logits) {
    largest = Math.max(largest, logit);
    if (logit > Number.NEGATIVE_INFINITY) count++;
  }
  const factor = sharpening && count > FEW_LABELS ? 1 + sharpening * Math.log(count / FEW_LABELS) : 1;
  const result = Float64Array.from(logits, (logit) => Math.exp(factor * (logit - largest)));
  let sum = 0;
  for (const value of result) sum += value;
  return result.map((value) => value / sum);
}
