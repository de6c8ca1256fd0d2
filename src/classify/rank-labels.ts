/** Logits of one text to labels, best first. */
import { type LabelSet, labelNames } from '../text/label-texts.ts';
import type { Classifier } from './classifier.ts';
import { isTree, rankTree } from './levels.ts';
import type { LabelingOptions, LabelScores } from './library-types.ts';
import { choiceProbabilities, labelProbability } from './probabilities.ts';

/** Scores with so many digits: more say nothing. */
const DIGITS = 6;

/** Numbers of the labels that count, best first; ties keep their order. Labels that were not on the shortlist have no score. */
function bestFirst(logits: Float32Array, most: number, counts: (label: number) => boolean): number[] {
  let found: number[] = [];
  // Where few of many labels are asked for, what does not reach the last of the best so far needs no order.
  let bar = Number.NEGATIVE_INFINITY;
  const keepBest = (): void => {
    found = found.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, most);
    if (found.length === most) bar = logits[found[most - 1]];
  };
  for (let label = 0; label < logits.length; label++) {
    if (!(logits[label] > bar) || !counts(label)) continue;
    found.push(label);
    if (found.length >= 2 * most) keepBest();
  }
  keepBest();
  return found;
}

/** Whether no more than one label was read: beside no other its score would be 1 whatever the text says. */
function isAlone(logits: Float32Array): boolean {
  let read = 0;
  for (let at = 0; at < logits.length && read < 2; at++) if (Number.isFinite(logits[at])) read++;
  return read < 2;
}

/**
 * Turns the logits of one text into labels, best first; ties keep the order of the candidates. A single label is scored by itself, as with
 * `multiLabel`: there is nothing to choose between.
 */
export function rankLabels(
  candidates: readonly string[],
  logits: Float32Array,
  calibration: Classifier['options']['calibration'],
  { multiLabel = false, threshold, topK }: LabelingOptions = {},
): LabelScores {
  const probabilities =
    multiLabel || isAlone(logits)
      ? Float64Array.from(logits, (logit) => labelProbability(logit, calibration))
      : choiceProbabilities(logits, calibration);
  const order = bestFirst(logits, topK ?? logits.length, (at) => threshold === undefined || probabilities[at] >= threshold);
  return { labels: order.map((at) => candidates[at]), scores: order.map((at) => Number(probabilities[at].toFixed(DIGITS))) };
}

/** Labels of one text, best first: {@link rankLabels}, or {@link rankTree} of labels in levels. */
export const rankSet = (
  set: LabelSet,
  logits: Float32Array,
  calibration: Classifier['options']['calibration'],
  options: LabelingOptions = {},
): LabelScores =>
  isTree(set) ? rankTree(set, logits, calibration, options) : rankLabels(labelNames(set.labels), logits, calibration, options);
