/** `glz predict --shard`: what the command's flags say of a part, and what may not be asked for with it. */
import { UsageError } from '../../base/errors.ts';
import { statsOf } from '../../base/files.ts';
import { openPart } from '../../classify/shards/part-output.ts';
import { shardPlace } from '../../classify/shards/part-place.ts';
import { ownersOf, parseShard, type Share } from '../../classify/shards/shard.ts';
import { canBeJoined, compressionOfName } from '../../data/output-formats/index.ts';
import type { OutputFormat } from '../../data/output-formats/output-format.ts';
import type { PartWork } from './label-target.ts';
import { labellingIdentity } from './labelling-identity.ts';
import { type Labelling, noteOf, type PredictFlags } from './predict-flags.ts';
import { isFolderName } from './targets.ts';

/** The share that is asked for. @throws UsageError where it is none, or inputs or the output cannot be shared out */
export function shareOf(inputs: readonly string[], format: OutputFormat, flags: PredictFlags): Share | undefined {
  if (flags.shard === undefined) return undefined;
  const shard = parseShard(flags.shard);
  if (flags.precision === 'auto')
    throw new UsageError(
      '--shard with --precision auto: another machine may take another precision, and parts of two do not fit; say fp32 or int8',
    );
  if (flags.output === undefined)
    throw new UsageError('--shard needs --output FILE: each shard writes FILE.i-of-n, and glz merge FILE joins them');
  if (flags.output === '' || isFolderName(flags.output))
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

/**
 * Begins the part of a shard, or goes on with it; undefined, with a note, where it is complete. Disposes of the classifier where that fails.
 * @throws as openPart
 */
export async function openShardPart(share: Share, inputs: readonly string[], labelling: Labelling): Promise<PartWork | undefined> {
  const note = noteOf(labelling.flags);
  const place = shardPlace(labelling.flags.output!, share.shard);
  const places = inputs.map(() => null);
  try {
    const part = await openPart({ place, run: labellingIdentity(labelling)(inputs), end: () => ({ inputs: places }), note });
    if (!part) note(`${place.file} is complete: nothing to do`);
    else if (part.done > 0) note(`going on behind ${part.done} records that are done`);
    return part && { part, share, places };
  } catch (error) {
    await labelling.classifier.dispose();
    throw error;
  }
}
