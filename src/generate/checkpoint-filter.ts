/** What a GliZNet checkpoint thinks of generated examples. */

import { loadClassifier } from '../classify/load-classifier.ts';
import { labelProbability } from '../classify/probabilities.ts';
import type { CheckedExample } from './quality.ts';

/** What a checkpoint finds wrong with an example. */
export interface Verdict {
  /** Why the example is of no use. */
  dropped?: 'contradicted by the checkpoint' | 'trivially easy';
  /** Hard negatives that are true. */
  trueNegatives: string[];
}

/** Judges examples; a verdict for each. */
export type CheckpointFilter = (examples: readonly CheckedExample[]) => Promise<Verdict[]>;

/** No true label reaches this probability: the example contradicts the checkpoint, if a hard negative is likely. */
const UNLIKELY = 0.05;
const LIKELY = 0.6;
/** All true labels above, all hard negatives below the other: nothing to learn. */
const SURE = 0.98;
const SURELY_NOT = 0.02;
/** A hard negative this likely, and likelier than every true label, is taken for true. */
const TRUE_AFTER_ALL = 0.9;

/** The verdict on probabilities of true labels and hard negatives. */
function verdictOf(labels: readonly number[], notLabels: readonly number[], names: readonly string[]): Verdict {
  const best = Math.max(...labels);
  if (best < UNLIKELY && Math.max(0, ...notLabels) > LIKELY) return { dropped: 'contradicted by the checkpoint', trueNegatives: [] };
  if (notLabels.length && Math.min(...labels) > SURE && Math.max(...notLabels) < SURELY_NOT)
    return { dropped: 'trivially easy', trueNegatives: [] };
  return { trueNegatives: names.filter((_, at) => notLabels[at] > TRUE_AFTER_ALL && notLabels[at] > best) };
}

/** Opens a checkpoint as a filter. @throws DataError where it cannot be read */
export async function openCheckpointFilter(path: string): Promise<{ filter: CheckpointFilter; dispose(): Promise<void> }> {
  const classifier = await loadClassifier(path);
  return {
    async filter(examples) {
      const results = await classifier.logits(examples.map(({ text, labels, not_labels: not }) => ({ text, labels: [...labels, ...not] })));
      return results.map(({ logits }, at) => {
        const p = Array.from(logits, (logit) => labelProbability(logit, classifier.options.calibration));
        const { labels, not_labels: not } = examples[at];
        return verdictOf(p.slice(0, labels.length), p.slice(labels.length), not);
      });
    },
    dispose: () => classifier.dispose(),
  };
}
