/** `glz predict --shard`: what the command's flags say of a part, and what may not be asked for with it. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../../base/errors.ts';
import { statsOf } from '../../base/files.ts';
import type { PartEnd } from '../../classify/shards/part-manifest.ts';
import { openPart, type PartOutput } from '../../classify/shards/part-output.ts';
import { runIdentity } from '../../classify/shards/run-identity.ts';
import { ownersOf, parseShard, partPath, type Shard, type Share } from '../../classify/shards/shard.ts';
import { canBeJoined, compressionOfName } from '../../data/output-formats/index.ts';
import type { OutputFormat } from '../../data/output-formats/output-format.ts';
import type { PartWork } from './label-target.ts';
import { type Labelling, noteOf, type PredictFlags } from './predict-flags.ts';
import { isFolderName } from './targets.ts';

/** Flags that change nothing of what is written, or are seen in another way. */
const OF_NO_MATTER = ['shard', 'output', 'threads', 'quiet', 'json', 'checkpoint', 'labels', 'labelsFile', 'questions', 'text'];

/** The share that is asked for. @throws UsageError where it is none, or inputs or the output cannot be shared out */
export function shareOf(inputs: readonly string[], format: OutputFormat, flags: PredictFlags): Share | undefined {
  if (flags.shard === undefined) return undefined;
  const shard = parseShard(flags.shard);
  if (flags.output === undefined)
    throw new UsageError('--shard needs --output FILE: each shard writes FILE.i-of-n, and glz merge FILE joins them');
  if (isFolderName(flags.output))
    throw new UsageError(`--output ${flags.output}: not a file; name one: the shards write one output of all files, which glz merge joins`);
  const sizes = inputs.map((input) => (input === '-' ? undefined : statsOf(input)));
  if (sizes.some((stats) => stats?.isFile() !== true))
    throw new UsageError('--shard needs a file, which each shard reads by itself; a pipe can be read only once');
  if (!canBeJoined(format) || compressionOfName(flags.output) === 'zstd')
    throw new UsageError(
      `--shard writes .jsonl, .csv and .tsv, each also .gz; ${compressionOfName(flags.output) === 'zstd' ? '.zst' : format.extension} cannot be joined of parts`,
    );
  return {
    shard,
    owners: ownersOf(
      sizes.map((stats) => stats!.size),
      shard.of,
    ),
  };
}

/** Begins the part of a shard, or goes on with it; undefined, with a note, where it is complete. */
async function openShard(
  shard: Shard,
  inputs: readonly string[],
  { classifier, flags, labels, tuned }: Labelling,
  end: () => PartEnd,
): Promise<PartOutput | undefined> {
  const note = noteOf(flags);
  const output = flags.output!;
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  const identified = { ...flags, ...(tuned ? { thresholds: JSON.stringify(tuned) } : {}) };
  const run = runIdentity({
    version,
    inputs,
    checkpoint: classifier.identity,
    labels: labels ?? (classifier.labels && { labels: classifier.labels }),
    questions: flags.questions,
    options: Object.fromEntries(Object.entries(identified).filter(([name]) => !OF_NO_MATTER.includes(name))),
  });
  const part = await openPart({ output, shard, run, end, note });
  if (!part) note(`${partPath(output, shard)} is complete: nothing to do`);
  else if (part.done > 0) note(`going on behind ${part.done} records that are done`);
  return part;
}

/** Opens the part that falls to a share; undefined, with a note, where it is complete. Disposes of the classifier where that fails. */
export async function openPartWork(share: Share, inputs: readonly string[], labelling: Labelling): Promise<PartWork | undefined> {
  const places = inputs.map(() => null);
  try {
    const part = await openShard(share.shard, inputs, labelling, () => ({ inputs: places }));
    return part && { part, share, places };
  } catch (error) {
    await labelling.classifier.dispose();
    throw error;
  }
}
