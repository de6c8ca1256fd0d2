/** Labelled texts for the systems that learn from a few: which there are, which are taken, in which order. */

import { DataError } from '../../base/errors.ts';
import { readExamples } from '../../data/labelled/read-examples.ts';
import type { EvalSet } from '../sets/eval-set.ts';

/** A labelled text. */
export interface Example {
  text: string;
  labels: string[];
}

/** Reads a file of labelled records, or those of a folder that are for training. @throws DataError naming file and line. */
export async function readExampleFile(path: string): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const { example } of readExamples(path, 'train')) examples.push(example);
  return examples;
}

/**
 * Examples with labels of the set: of the file that was read, or of the set's own `train.jsonl`.
 * @throws DataError when there are none, saying where `system` looks for them
 */
export function examplesOf(set: EvalSet, listed: readonly Example[] | undefined, system: string): Example[] {
  const known = new Set(set.labels);
  const usable = (listed ?? set.examples ?? []).filter(({ labels }) => labels.length > 0 && labels.every((label) => known.has(label)));
  if (!usable.length)
    throw new DataError(
      `no labelled examples of ${set.name}: ${system} needs train.jsonl beside test.jsonl, or ,examples=FILE with its labels`,
    );
  return usable;
}

/** At most `shots` examples of each label, in order. */
export function fewShots(examples: readonly Example[], shots: number): Example[] {
  const counts = new Map<string, number>();
  return examples.filter(({ labels }) => {
    if (!labels.some((label) => (counts.get(label) ?? 0) < shots)) return false;
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    return true;
  });
}
