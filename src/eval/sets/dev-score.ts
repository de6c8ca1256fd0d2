/** A quick score of a classifier on dev sets while it is trained: macro-F1 and accuracy of the top label, loss, how high wrong and right labels score. */

import { sigmoid } from '../../base/probability.ts';
import type { Classifier } from '../../classify/classifier.ts';
import { labelProbability } from '../../classify/probabilities.ts';
import type { LossSettings } from '../../model/loss.ts';
import { topLabelF1 } from '../metrics/classification.ts';
import type { EvalSet } from './eval-set.ts';

/** Scores of one evaluation. */
export interface DevScore {
  /** Means over the sets. */
  macroF1: number;
  /** Share of texts whose top label is true. */
  accuracy: number;
  /** The loss that is trained, without its distillation, a mean over texts; of the labels that {@link countedLabels} takes. */
  loss: number;
  /** Macro-F1 by set. */
  sets: Record<string, number>;
  /** Mean probability of right and of wrong labels. */
  right: number;
  wrong: number;
}

/** The part of the loss's settings that needs no teacher. */
export type DevLoss = Pick<LossSettings, 'bceWeight' | 'marginWeight' | 'margin' | 'marginOn' | 'softmaxWeight'>;

/** log(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The hybrid loss of one text (src/model/loss.ts), in plain numbers. */
export function textLoss(logits: ArrayLike<number>, isTrue: readonly boolean[], settings: DevLoss): number {
  const scores = Array.from(logits, (logit) => (settings.marginOn === 'probabilities' ? sigmoid(logit) : logit));
  const top = Math.max(...Array.from(logits));
  const logSum = top + Math.log(Array.from(logits).reduce((sum, logit) => sum + Math.exp(logit - top), 0));
  const count = isTrue.filter(Boolean).length;
  let [bce, softmax] = [0, 0];
  let [lowestTrue, highestWrong] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [at, truth] of isTrue.entries()) {
    bce += (softplus(logits[at]) - (truth ? logits[at] : 0)) / isTrue.length;
    if (truth) {
      softmax += (logSum - logits[at]) / count;
      lowestTrue = Math.min(lowestTrue, scores[at]);
    } else highestWrong = Math.max(highestWrong, scores[at]);
  }
  const margin = count > 0 && count < isTrue.length ? Math.max(0, settings.margin + highestWrong - lowestTrue) : 0;
  return settings.bceWeight * bce + settings.marginWeight * margin + settings.softmaxWeight * softmax;
}

/**
 * The labels of a text that count in its loss. Labels off the shortlist (logits of -Infinity) are left out; a true one among them counts
 * as the lowest label that was read, since the loss must not reward a shortlist that loses true labels.
 */
export function countedLabels(logits: Float32Array, isTrue: readonly boolean[]): { logits: Float32Array; isTrue: boolean[] } {
  const wasRead = (logit: number) => logit !== Number.NEGATIVE_INFINITY;
  const lowest = Math.min(...logits.filter(wasRead));
  const counted = [...logits.keys()].filter((at) => isTrue[at] || wasRead(logits[at]));
  return { logits: Float32Array.from(counted, (at) => Math.max(logits[at], lowest)), isTrue: counted.map((at) => isTrue[at]) };
}

/** Scores a classifier on sets. */
export async function devScore(classifier: Classifier, sets: readonly EvalSet[], loss: DevLoss): Promise<DevScore> {
  const score = { macroF1: 0, accuracy: 0, loss: 0, right: 0, wrong: 0 };
  const bySet: [string, number][] = [];
  for (const set of sets) {
    const candidates = set.recordLabels ?? set.texts.map(() => set.labels);
    const results = await classifier.logits(set.texts.map((text, row) => ({ text, labels: candidates[row] })));
    const number = new Map(set.labels.map((label, at) => [label, at]));
    const truth = set.truth.map((labels) => labels.map((label) => number.get(label)!));
    const sums = { right: 0, wrong: 0 };
    const counts = { right: 0, wrong: 0 };
    const predicted = results.map(({ logits }, row) => {
      let top = 0;
      const isTrue = candidates[row].map((label) => set.truth[row].includes(label));
      for (const [at, logit] of logits.entries()) {
        if (logit > logits[top]) top = at;
        const kind = isTrue[at] ? 'right' : 'wrong';
        sums[kind] += labelProbability(logit, classifier.options.calibration);
        counts[kind]++;
      }
      score.accuracy += Number(isTrue[top]) / results.length / sets.length;
      const counted = countedLabels(logits, isTrue);
      score.loss += textLoss(counted.logits, counted.isTrue, loss) / results.length / sets.length;
      return number.get(candidates[row][top])!;
    });
    const { macro } = topLabelF1(truth, predicted, set.labels.length);
    bySet.push([set.name, macro]);
    score.macroF1 += macro / sets.length;
    score.right += sums.right / Math.max(1, counts.right) / sets.length;
    score.wrong += sums.wrong / Math.max(1, counts.wrong) / sets.length;
  }
  return { ...score, sets: Object.fromEntries(bySet) };
}
