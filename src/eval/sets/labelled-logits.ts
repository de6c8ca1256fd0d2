/** The logits that a classifier gives the labels of sets, for a calibration that is fitted to them. */
import type { Classifier } from '../../classify/classifier.ts';
import type { EvalSet } from './eval-set.ts';

/** Weight of a set in texts: about that of what a calibration is fitted to otherwise, so that its regularisation means the same. */
const WEIGHT_OF_A_SET = 100;

/**
 * Scores sets as a user would: with all their labels, through a shortlist where there are many. Labels that are not read do not count.
 * @returns arrays of one length: logits; 1 for true labels, else 0; weights by which each set counts the same, in it each text, and of it
 * each label that was read
 */
export async function labelledLogits(classifier: Classifier, sets: readonly EvalSet[]) {
  const found: Record<'logits' | 'targets' | 'weights', number[]> = { logits: [], targets: [], weights: [] };
  for (const { texts, truth, labels, recordLabels } of sets) {
    const candidates = recordLabels ?? texts.map(() => labels);
    const results = await classifier.logits(texts.map((text, row) => ({ text, labels: candidates[row] })));
    for (const [row, { logits }] of results.entries()) {
      const read = [...logits.keys()].filter((at) => Number.isFinite(logits[at]));
      for (const at of read) {
        found.logits.push(logits[at]);
        found.targets.push(Number(truth[row].includes(candidates[row][at])));
        found.weights.push(WEIGHT_OF_A_SET / texts.length / read.length);
      }
    }
  }
  return found;
}
