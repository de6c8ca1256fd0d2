/** Logits of labels as probabilities. */
import { sigmoid, softmax } from '../base/probability.ts';
import type { GliZNetOptions } from '../model/options.ts';

/** Probability of a label by itself: sigmoid of the calibrated logit. */
export const labelProbability = (logit: number, { temperature, bias }: GliZNetOptions['calibration']): number =>
  sigmoid(logit / temperature + bias);

/** Probabilities over the labels, of which one is right. logits [N] -> [N] */
export const choiceProbabilities = (logits: Float32Array): Float64Array => softmax(logits);
