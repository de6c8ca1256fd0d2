/**
 * Holds back labels that win too often. A zero-shot model prefers some labels of a set whatever the text says; over texts of the user's own
 * this shows as labels that are chosen more often than the others. Batch calibration (Zhou et al., "Batch Calibration: Rethinking
 * Calibration for In-Context Learning and Prompt Engineering", ICLR 2024, section 3) subtracts the logarithm of a label's mean probability
 * over the texts. No right label is looked at. It helps where labels are about equally frequent, and costs where one truly is most frequent.
 */

import type { ReadLabel } from '../text/label-texts.ts';
import type { Classifier, ClassifierOptions } from './classifier.ts';
import { choiceProbabilities } from './probabilities.ts';

/** Strength unless the caller says otherwise: 0 changes nothing, 1 makes all labels equally frequent. */
export const BALANCE_STRENGTH = 0.7;

/** Texts that are looked at: more hardly change the shares. */
export const BALANCE_TEXTS = 256;

/** What labels are held back by. */
export interface LabelBalance {
  /** Share of each label, from {@link labelShares}: [N], sums to 1. */
  shares: Float64Array;
  /** From 0 to 1. */
  strength: number;
}

/** Mean probability of each label over texts, as if one more text a label had that label: a label that never won is not lifted without end. logits T x [N] -> [N] */
export function labelShares(logits: readonly Float32Array[]): Float64Array {
  const shares = new Float64Array(logits[0].length).fill(1);
  for (const each of logits) for (const [label, probability] of choiceProbabilities(each).entries()) shares[label] += probability;
  return shares.map((share) => share / (logits.length + shares.length));
}

/** {@link labelShares} over texts that a classifier scores. @throws as {@link Classifier.logits} */
export async function measureLabelShares(
  classifier: Classifier,
  texts: readonly string[],
  labels: readonly ReadLabel[],
  options?: ClassifierOptions,
): Promise<Float64Array> {
  const requests = texts.map((text) => ({ text, labels }));
  const results = await classifier.logits(requests, options);
  return labelShares(results.map(({ logits }) => logits));
}

/** Logits less strength x the logarithm of each label's share. logits [N] -> [N] */
export const balanceLogits = (logits: Float32Array, { shares, strength }: LabelBalance): Float32Array =>
  logits.map((logit, label) => logit - strength * Math.log(shares[label]));
