/** Scores of training examples that a run has not seen: what its calibration is fitted to. */
import { sequenceFeeds } from '../classify/sequence-feeds.ts';
import type { GraphSession } from '../runtime/onnx-session.ts';
import type { LabelledLogits } from './calibration.ts';
import type { Sampler } from './data/sampling.ts';

/** Batches whose logits the calibration is fitted to. */
export const CALIBRATION_BATCHES = 100;

/** Scores of the batches from number `first` on: those behind the last step's, rows that were not trained on if the run is shorter than an epoch. */
export async function unseenScores(session: GraphSession, sampler: Sampler, first: number): Promise<LabelledLogits> {
  const found: LabelledLogits = { logits: [], targets: [], weights: [] };
  for (let i = 0; i < CALIBRATION_BATCHES; i++) {
    for (const { batch, examples, columns } of sampler.parts(first + i)) {
      const { logits } = await session.run(sequenceFeeds(batch), ['logits']); // [B, N]
      for (const [row, { labels, targets }] of examples.entries())
        for (const [k, label] of labels.entries()) {
          found.logits.push(logits[row * batch.labels + columns[row].indexOf(label)]);
          found.targets.push(targets[k]);
          // Each text counts the same, whether it is asked about two labels or twenty.
          found.weights.push(1 / labels.length);
        }
    }
  }
  return found;
}
