/** What a run finds in the place of a part: nothing, what it goes on with, what is complete, or what it must not touch. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError } from '../../base/errors.ts';
import { statsOf, syncFolder } from '../../base/files.ts';
import { type PartBlock, type PartManifest, partHead, readManifest } from './part-manifest.ts';
import type { PartPlace } from './part-place.ts';
import { type RunIdentity, runDifference } from './run-identity.ts';

/** What a run may do with what others left. */
export interface PartRun {
  place: PartPlace;
  run: RunIdentity;
  /** Results of another run are replaced, where nobody changed them; else they are refused. */
  replacesRuns?: boolean;
  /** Whatever is there is replaced. */
  overwrites?: boolean;
}

/** Where a part begins. */
export interface Beginning {
  isComplete: boolean;
  /** What is there already, from the first block on. */
  blocks: readonly PartBlock[];
  /** What was other in the run whose complete results are replaced: `input`. */
  difference?: string;
}

const COMPLETE: Beginning = { isComplete: true, blocks: [] };
const ANEW: Beginning = { isComplete: false, blocks: [] };

/** Bytes of blocks. */
export const bytesOf = (blocks: readonly PartBlock[]): number => blocks.reduce((sum, { bytes }) => sum + bytes, 0);
const sizeAt = (path: string): number | undefined => statsOf(path)?.size;

/** The blocks of a file that are as its manifest says, from the first one on. */
function wholeBlocks(path: string, blocks: readonly PartBlock[]): PartBlock[] {
  if (!existsSync(path)) return [];
  const piece = Buffer.alloc(1 << 20);
  const fd = openSync(path, 'r');
  const whole: PartBlock[] = [];
  try {
    for (const block of blocks) {
      const hash = createHash('sha256');
      let left = block.bytes;
      while (left > 0) {
        const read = readSync(fd, piece, 0, Math.min(left, piece.length), null);
        if (read === 0) return whole;
        hash.update(piece.subarray(0, read));
        left -= read;
      }
      if (hash.digest('hex') !== block.sha256) return whole;
      whole.push(block);
    }
  } finally {
    closeSync(fd);
  }
  return whole;
}

/** Blocks to go on behind. What closes a file is written anew. */
const goingOn = ({ unfinished }: PartPlace, { blocks }: PartManifest): Beginning => ({
  isComplete: false,
  blocks: wholeBlocks(
    unfinished,
    blocks.filter(({ block }) => block !== 'end'),
  ),
});

/** Gives a part that is written the names of one that is complete. */
export function putInPlace({ file, manifest, unfinished, unfinishedManifest }: PartPlace): void {
  renameSync(unfinished, file);
  if (unfinishedManifest !== manifest) renameSync(unfinishedManifest, manifest);
  syncFolder(dirname(file));
}

/** @throws DataError for a part that was changed, or of another run */
function beginningOfShard({ place, run }: PartRun): Beginning {
  const { file, manifest: path, unfinished, shard } = place;
  const manifest = readManifest(path);
  if (!manifest) {
    const stray = [file, unfinished].find((each) => existsSync(each));
    if (stray !== undefined) throw new DataError(`${stray} is there without ${path}: not a part that can be gone on with; move it`);
    return ANEW;
  }
  const difference = manifest.head.shard === partHead(shard, run).shard ? runDifference(manifest.head.run, run) : 'shard';
  if (difference !== undefined)
    throw new DataError(`${file} is of another run: another ${difference}; delete it and ${path}, or name another --output`);
  if (!manifest.end) return goingOn(place, manifest);
  const [size, expected] = [sizeAt(file), bytesOf(manifest.blocks)];
  if (size === expected) return COMPLETE;
  if (size !== undefined)
    throw new DataError(`${file} has ${size} bytes, where its manifest says ${expected}: it was changed; delete both to label it again`);
  // A run that was killed before it gave the part its name.
  if (sizeAt(unfinished) !== expected) return goingOn(place, manifest);
  putInPlace(place);
  return COMPLETE;
}

/** @throws DataError for results that no run wrote here, or that were changed behind it */
function refuseOthers({ file, unfinished }: PartPlace, finished: PartManifest | undefined, started: PartManifest | undefined): void {
  const replace = '--overwrite replaces it';
  if (existsSync(file)) {
    if (!finished) throw new DataError(`${file} is there, and no run of glz predict wrote it into this folder; ${replace}`);
    const { blocks } = finished;
    if (sizeAt(file) !== bytesOf(blocks) || wholeBlocks(file, blocks).length < blocks.length)
      throw new DataError(`${file} was changed since glz predict wrote it; ${replace}`);
  }
  if (existsSync(unfinished) && !started)
    throw new DataError(`${unfinished} is there, and no run of glz predict into this folder left it; ${replace}`);
}

/** @throws DataError as {@link refuseOthers} */
function beginningOfFile({ place, run, overwrites }: PartRun): Beginning {
  const { file, manifest, unfinished, unfinishedManifest } = place;
  if (overwrites) return ANEW;
  let started = readManifest(unfinishedManifest);
  // A run that was killed between its last two renamings.
  if (started?.end && !existsSync(unfinished) && sizeAt(file) === bytesOf(started.blocks)) {
    renameSync(unfinishedManifest, manifest);
    started = undefined;
  }
  const finished = readManifest(manifest);
  const difference = finished?.end && runDifference(finished.head.run, run);
  const isThere = sizeAt(file) !== undefined;
  if (finished?.end && difference === undefined && sizeAt(file) === bytesOf(finished.blocks)) return COMPLETE;
  refuseOthers(place, finished, started);
  if (!started || runDifference(started.head.run, run) !== undefined) return { ...ANEW, ...(isThere ? { difference } : {}) };
  if (started.end && sizeAt(unfinished) === bytesOf(started.blocks)) {
    putInPlace(place);
    return COMPLETE;
  }
  return goingOn(place, started);
}

/** Looks what is in the place of a part. @throws DataError where it is of somebody else */
export const beginningOf = (part: PartRun): Beginning => (part.replacesRuns ? beginningOfFile(part) : beginningOfShard(part));
