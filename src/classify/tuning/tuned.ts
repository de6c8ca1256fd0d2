/** What `glz tune` fitted, ready to be applied. Plain numbers: files and schemas are in thresholds-file.ts, which only callers with a file load. */

import type { ReadLabel } from '../../text/label-texts.ts';

/** How likely the best label is right, by the fit and by its score: sigmoid of the sum of both logits, each times its weight, and the bias. */
export interface TunedAbstention {
  /** Weight of the logit of the fit. */
  fit: number;
  /** Weight of the logit of the best label's score. */
  score: number;
  bias: number;
  /** The level. */
  below: number;
}

/** What was fitted to a set of labels. */
export interface Tuned {
  labels: readonly ReadLabel[];
  /** Whether any number of labels may fit. */
  multiLabel: boolean;
  /** What logits are divided by: in a softmax, or with `multiLabel` in each label's own sigmoid. */
  temperature: number;
  /** What is added to them then, with `multiLabel`. */
  bias: number;
  /** Score from which on a label is given, with `multiLabel`. */
  thresholdOf: ReadonlyMap<string, number>;
  /** With one label a text. */
  abstain?: TunedAbstention;
}

/** Logit of a probability; those of 0 and 1 are kept finite. */
export function logitOf(probability: number): number {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(inside / (1 - inside));
}

/** Probability that the best label is right, as tuned; the fit itself where nothing was. */
export function tunedFit(fit: number, probabilities: Float64Array, tuned: Tuned | undefined): number {
  if (!tuned?.abstain) return fit;
  const { abstain } = tuned;
  let best = 0;
  for (const probability of probabilities) best = Math.max(best, probability);
  return 1 / (1 + Math.exp(-(abstain.fit * logitOf(fit) + abstain.score * logitOf(best) + abstain.bias)));
}
