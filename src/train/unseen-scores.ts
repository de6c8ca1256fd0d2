/** Scores of training examples that a run has not seen: what its calibration is fitted to. */
import type { Scorer } from '../classify/scorer.ts';
import type { LabelledLogits } from './calibration.ts';
import type { Sampler } from './data/sampling.ts';

/** Batches whose logits the calibration is fitted to. */
export const CALIBRATION_BATCHES = 100;

/** Scores of the batches from number `first` on: those behind the last step's, rows that were not trained on if the run is shorter than an epoch. */
export async function unseenScores(scorer: Scorer, sampler: Sampler, first: number): Promise<LabelledLogits> {
  const found: LabelledLogits = { logits: [], targets: [], weights: [] };
  for (let i = 0; i < CALIBRATION_BATCHES; i++) {
    for (const { batch, examples } of sampler.parts(first + i)) {
      const logits = await scorer.score(batch); // [B, N]
      for (let row = 0; row < batch.batch; row++)
        for (let k = 0; k < batch.labelCounts[row]; k++) {
          found.logits.push(logits[row * batch.labels + k]);
          found.targets.push(examples[row].targets[k]);
          // Each text counts the same, whether it is asked about two labels or twenty.
          found.weights.push(1 / batch.labelCounts[row]);
        }
    }
  }
  return found;
}
