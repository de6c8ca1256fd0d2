/** What makes a run of `glz predict`: parts fit together, and results are finished, only where all of it is the same. */
import { readFileSync } from 'node:fs';
import { inputIdentity, type RunIdentity, runIdentity } from '../../classify/shards/run-identity.ts';
import type { Labelling } from './predict-flags.ts';

/** Flags that change nothing of what is written, or are seen in another way. */
const OF_NO_MATTER = 'shard output overwrite threads quiet json checkpoint precision labels labelsFile questions text'.split(' ');

/** The identity of labelling so, of the inputs that are then given. @throws DataError where the questions, or later an input, cannot be read */
export function labellingIdentity({ classifier, flags, labels, tuned }: Labelling): (inputs: readonly string[]) => RunIdentity {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  const identified = { ...flags, ...(tuned ? { thresholds: JSON.stringify(tuned) } : {}) };
  const run = runIdentity({
    version,
    input: '',
    precision: classifier.precision,
    checkpoint: classifier.identity,
    labels: labels ?? (classifier.labels && { labels: classifier.labels }),
    questions: flags.questions,
    options: Object.fromEntries(Object.entries(identified).filter(([name]) => !OF_NO_MATTER.includes(name))),
  });
  return (inputs) => ({ ...run, input: inputIdentity(inputs) });
}
