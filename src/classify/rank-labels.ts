/** Logits of one text to labels, best first. */
import { mapped, rounded } from '../base/probability.ts';
import type { Calibration } from '../model/options.ts';
import { type LabelSet, labelNames } from '../text/label-texts.ts';
import { isTree, type LabelTree, rankTree } from './levels.ts';
import type { LabelingOptions, LabelScores } from './library-types.ts';
import { choiceProbabilities, labelProbability } from './probabilities.ts';
import { ABSTAIN_BELOW } from './tuning/abstain-level.ts';
import { type Tuned, tunedFit } from './tuning/tuned.ts';

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

/** What is known of a text and its labels beside the logits. */
export interface Known {
  /** Probability that any label fits, where a text may get none. */
  fit?: number;
  /** What was fitted to these labels. */
  tuned?: Tuned;
}

/** How labels are ranked: the options without those that only name a file. */
type Ranking = Omit<LabelingOptions, 'thresholds'>;

const isBelow = (fit: number, { abstainBelow }: Ranking, tuned?: Tuned): boolean =>
  fit < (abstainBelow ?? tuned?.abstain?.below ?? ABSTAIN_BELOW);

/**
 * Turns the logits of one text into labels, best first; ties keep the order of the candidates. A single label is scored by itself, as with
 * `multiLabel`: there is nothing to choose between. Where it is known how likely any label fits, there are none below the level.
 */
export function rankLabels(
  candidates: readonly string[],
  logits: Float32Array,
  calibration: Calibration,
  options: Ranking = {},
  { fit, tuned }: Known = {},
): LabelScores {
  const { multiLabel = false, threshold, topK } = options;
  const isChoice = !multiLabel && !isAlone(logits);
  const probabilities = isChoice
    ? choiceProbabilities(tuned ? logits.map((logit) => logit / tuned.temperature) : logits, calibration)
    : mapped(logits, (logit) => labelProbability(logit, tuned?.multiLabel ? tuned : calibration));
  const likely = fit === undefined || !isChoice ? fit : tunedFit(fit, probabilities, tuned);
  const said = likely === undefined ? {} : { fit: rounded(likely) };
  if (likely !== undefined && isBelow(likely, options, tuned)) return { labels: [], scores: [], ...said };
  const least = (at: number): number => threshold ?? tuned?.thresholdOf.get(candidates[at]) ?? 0;
  const order = bestFirst(logits, topK ?? logits.length, (at) => probabilities[at] >= least(at));
  return { labels: order.map((at) => candidates[at]), scores: order.map((at) => rounded(probabilities[at])), ...said };
}

/** {@link rankTree}; nothing where no label is likely to fit. */
function rankFittingTree(
  set: LabelTree,
  logits: Float32Array,
  calibration: Calibration,
  options: Ranking,
  fit: number | undefined,
): LabelScores {
  if (fit === undefined) return rankTree(set, logits, calibration, options);
  const said = { fit: rounded(fit) };
  if (isBelow(fit, options)) return { labels: [], scores: [], path: [], pathScores: [], joint: 0, ...said };
  return { ...rankTree(set, logits, calibration, options), ...said };
}

/** Labels of one text, best first: {@link rankLabels}, or {@link rankTree} of labels in levels. */
export const rankSet = (
  set: LabelSet,
  logits: Float32Array,
  calibration: Calibration,
  options: Ranking = {},
  known: Known = {},
): LabelScores =>
  isTree(set)
    ? rankFittingTree(set, logits, calibration, options, known.fit)
    : rankLabels(labelNames(set.labels), logits, calibration, options, known);
