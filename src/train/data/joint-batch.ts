/** Training batches of models that read labels with the text: a joint sequence an example. */
import { type JointLayout, type JointSequence, padBatch } from '../../text/joint-sequence.ts';
import type { SampledBatch, ShownExample } from './sampling.ts';

/** A batch of examples. @param likely of each example, how likely its labels are to be true */
export function jointTrainingBatch(
  layout: JointLayout,
  examples: ShownExample[],
  sequences: readonly JointSequence[],
  likely: readonly (readonly number[])[],
): SampledBatch {
  const joint = padBatch(sequences, layout.special.pad);
  const targets = new Float32Array(joint.batch * joint.labels); // [B, N]
  const valid = new Float32Array(targets.length); // [B, N]
  for (const [row, example] of examples.entries()) {
    targets.set(likely[row], row * joint.labels);
    valid.fill(1, row * joint.labels, row * joint.labels + example.labels.length);
  }
  return {
    batch: { ...joint, targets, valid },
    examples,
    columns: examples.map(({ labels }) => labels),
  };
}
