/**
 * Holds back labels that win too often. A zero-shot model prefers some labels of a set whatever the text says; over texts of the user's own
 * this shows as labels that are chosen more often than the others. Batch calibration (Zhou et al., "Batch Calibration: Rethinking
 * Calibration for In-Context Learning and Prompt Engineering", ICLR 2024, section 3) subtracts the logarithm of a label's mean probability
 * over the texts; what is left is uneven still, so that it is done twice. No right label is looked at. It helps where labels are about
 * equally frequent, and costs where one truly is most frequent.
 */

import type { ReadLabel } from '../text/label-texts.ts';
import type { Classifier, ClassifierOptions } from './classifier.ts';
import { choiceProbabilities } from './probabilities.ts';

/** Strength unless the caller says otherwise: 0 changes nothing, 1 makes all labels equally frequent. */
export const BALANCE_STRENGTH = 0.7;

/** Texts that are looked at: more hardly change the shares. */
export const BALANCE_TEXTS = 256;

/**
 * Rounds of evening out. The second is worth 0.01 of macro-F1 on sets that nothing was tuned to; more are worth nothing, and would lift without
 * end what fits no text.
 */
const ROUNDS = 2;

/** What labels are held back by. */
export interface LabelBalance {
  /** Of each label, from {@link labelExcess}: [N]. */
  excess: Float64Array;
  /** From 0 to 1. */
  strength: number;
}

/**
 * Share of each label: its mean probability over texts, as if one more text a label had that label, so that a label that never won is not lifted
 * without end. logits T x [N], held back by excess [N] -> [N], sums to 1
 */
export function labelShares(logits: readonly Float32Array[], excess?: Float64Array): Float64Array {
  const shares = new Float64Array(logits[0].length).fill(1);
  for (const each of logits)
    for (const [label, probability] of choiceProbabilities(excess ? each.map((logit, at) => logit - excess[at]) : each).entries())
      shares[label] += probability;
  return shares.map((share) => share / (logits.length + shares.length));
}

/**
 * What has to be subtracted of each label's logit so that labels have about the same share of texts. logits T x [N], {@link labelShares} of them
 * [N] -> [N]
 */
export function labelExcess(logits: readonly Float32Array[], first: Float64Array = labelShares(logits)): Float64Array {
  const excess = new Float64Array(logits[0].length);
  for (let round = 0; round < ROUNDS; round++) {
    const shares = round === 0 ? first : labelShares(logits, excess);
    for (const [label, share] of shares.entries()) excess[label] += Math.log(share * excess.length);
  }
  return excess;
}

/**
 * The logits of texts that a classifier scores, to find {@link labelExcess} of. [texts] x [N]
 * @throws as {@link Classifier.logits}
 */
export async function sampleLogits(
  classifier: Classifier,
  texts: readonly string[],
  labels: readonly ReadLabel[],
  options?: ClassifierOptions,
): Promise<Float32Array[]> {
  const requests = texts.map((text) => ({ text, labels }));
  return (await classifier.logits(requests, options)).map(({ logits }) => logits);
}

/** Logits less strength x each label's excess. logits [N] -> [N] */
export const balanceLogits = (logits: Float32Array, { excess, strength }: LabelBalance): Float32Array =>
  logits.map((logit, label) => logit - strength * excess[label]);
