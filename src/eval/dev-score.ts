/** A quick score of a classifier on dev sets while it is trained: macro-F1 of the top label and how high wrong and right labels score. */
import { type Classifier, labelProbability } from '../engine/classifier.ts';
import { type EvalSet, findEvalSets, readEvalSet } from './eval-set.ts';
import { topLabelF1 } from './metrics/classification.ts';

/** Scores of one evaluation. */
export interface DevScore {
  /** Mean of macro-F1 over the sets. */
  macroF1: number;
  /** Macro-F1 by set. */
  sets: Record<string, number>;
  /** Mean probability of right and of wrong labels, over the sets. */
  right: number;
  wrong: number;
}

/** Reads dev sets. @throws DataError naming file and line of what is malformed. */
export async function readDevSets(path: string, limit?: number): Promise<EvalSet[]> {
  const sets: EvalSet[] = [];
  for (const each of findEvalSets(path)) sets.push(await readEvalSet(each, { limit }));
  return sets;
}

/** Scores a classifier on sets. */
export async function devScore(classifier: Classifier, sets: readonly EvalSet[]): Promise<DevScore> {
  const score: DevScore = { macroF1: 0, sets: {}, right: 0, wrong: 0 };
  for (const set of sets) {
    const candidates = set.recordLabels ?? set.texts.map(() => set.labels);
    const results = await classifier.logits(set.texts.map((text, row) => ({ text, labels: candidates[row] })));
    const number = new Map(set.labels.map((label, at) => [label, at]));
    const truth = set.truth.map((labels) => labels.map((label) => number.get(label)!));
    const sums = { right: 0, wrong: 0 };
    const counts = { right: 0, wrong: 0 };
    const predicted = results.map(({ logits }, row) => {
      let top = 0;
      for (const [at, logit] of logits.entries()) {
        if (logit > logits[top]) top = at;
        const kind = set.truth[row].includes(candidates[row][at]) ? 'right' : 'wrong';
        sums[kind] += labelProbability(logit, classifier.options.calibration);
        counts[kind]++;
      }
      return number.get(candidates[row][top])!;
    });
    score.sets[set.name] = topLabelF1(truth, predicted, set.labels.length).macro;
    score.macroF1 += score.sets[set.name] / sets.length;
    score.right += sums.right / Math.max(1, counts.right) / sets.length;
    score.wrong += sums.wrong / Math.max(1, counts.wrong) / sets.length;
  }
  return score;
}
