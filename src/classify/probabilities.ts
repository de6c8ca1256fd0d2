/** Logits to probabilities. Pure arithmetic. */
import { sigmoid, softmax } from '../base/probability.ts';
import type { GliZNetOptions } from '../model/options.ts';

/** Probability of a label by itself: sigmoid of the calibrated logit. */
export function labelProbability(
  logit: number,
  { temperature, bias }: Pick<GliZNetOptions['calibration'], 'temperature' | 'bias'>,
): number {
  return sigmoid(logit / temperature + bias);
}

/** Labels up to which a choice is the softmax of its logits, see {@link GliZNetOptions.calibration}. */
export const FEW_LABELS = 30;

/** Probabilities over the labels, of which one is right: softmax of the logits, sharper among many labels. logits [N] -> [N] */
export function choiceProbabilities(logits: Float32Array, { sharpening }: Partial<GliZNetOptions['calibration']> = {}): Float64Array {
  const count = logits.reduce((sum, logit) => sum + Number(logit > Number.NEGATIVE_INFINITY), 0);
  return softmax(logits, sharpening && count > FEW_LABELS ? 1 + sharpening * Math.log(count / FEW_LABELS) : 1);
}
