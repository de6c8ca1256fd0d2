/**
 * The results of one shard, or of one input in a folder: a file that grows block by block, and a manifest beside it that says which blocks are in it. A
 * run that is killed leaves both; the next one of the same run goes on behind the last block that is whole. The file gets its name once it is complete.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError, errorMessage, UnwritableError, UsageError } from '../../base/errors.ts';
import { statsOf, writeFileAtomically } from '../../base/files.ts';
import { type Lease, leaseFile } from '../../base/locks/lease-file.ts';
import { checkWritable } from '../../base/make-folder.ts';
import type { BlockName, Output } from '../records/output-file.ts';
import { beginningOf, bytesOf, type PartRun, putInPlace } from './part-beginning.ts';
import { type PartBlock, type PartEnd, partHead } from './part-manifest.ts';
import type { PartPlace } from './part-place.ts';

/** What a part is made for. */
export interface PartRequest extends PartRun {
  /** What is said at the end of the manifest; asked once all is written. */
  end: () => PartEnd;
  /** Told in a line when something takes a moment. */
  note?: (line: string) => void;
}

/** Takes the results of a part. */
export interface PartOutput extends Output {
  endBlock(block: BlockName, records: number): Promise<void>;
  /** Whether an earlier run has finished a block. */
  isDone(block: BlockName): boolean;
  /** Records that earlier runs have finished. */
  done: number;
  /** What was other in the run whose complete results are replaced: `input`. */
  difference?: string;
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

/**
 * Begins a part, or goes on with it; undefined where it is complete.
 * @throws DataError where another process writes it, or what is there is of another run or of somebody else; UsageError where it cannot be a file;
 *   UnwritableError
 */
export async function openPart(request: PartRequest): Promise<PartOutput | undefined> {
  const { place, run, note, end } = request;
  const { file, shard, unfinished, unfinishedManifest } = place;
  const stats = statsOf(file);
  if (stats && !stats.isFile()) throw new UsageError(`${file} is ${stats.isDirectory() ? 'a folder' : 'no file'}: name another --output`);
  try {
    checkWritable(dirname(file));
  } catch (error) {
    throw new UnwritableError(`cannot write ${file}: ${errorMessage(error)}`);
  }
  const lease = await leaseFile(file, note);
  try {
    const { isComplete, blocks, difference } = beginningOf(request);
    if (isComplete) {
      lease.release();
      return undefined;
    }
    writeFileAtomically(unfinishedManifest, [partHead(shard, run), ...blocks].map(lineOf).join(''));
    if (blocks.length > 0) truncateSync(unfinished, bytesOf(blocks));
    else rmSync(unfinished, { force: true });
    return { ...partOutput(place, blocks, lease, end), difference };
  } catch (error) {
    lease.release();
    throw error instanceof DataError || error instanceof UsageError
      ? error
      : new UnwritableError(`cannot write ${file}: ${errorMessage(error)}`);
  }
}

function partOutput(place: PartPlace, before: readonly PartBlock[], lease: Lease, end: () => PartEnd): PartOutput {
  const { unfinished, unfinishedManifest } = place;
  const finished = new Set(before.map(({ block }) => block));
  const open = [openSync(unfinished, 'a'), openSync(unfinishedManifest, 'a')];
  const [data, manifest] = open;
  let [hash, bytes]: [Hash, number] = [createHash('sha256'), 0];
  // A table's header comes first in every run; it is written by the first.
  let isRepeated = finished.has('header');
  const close = () => {
    for (const fd of open.splice(0)) closeSync(fd);
    lease.release();
  };
  const orSay = <T>(work: () => T): T => {
    // The number of a file that is closed may be another's by now.
    if (open.length === 0) throw new UnwritableError(`cannot write ${unfinished}: it is closed`);
    try {
      return work();
    } catch (error) {
      close();
      if (error instanceof DataError) throw error;
      throw new UnwritableError(
        `cannot write ${unfinished}: ${errorMessage(error)}; what is finished is kept, and the same command goes on behind it`,
      );
    }
  };
  const writeAll = (fd: number, piece: Uint8Array) => {
    for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
  };
  const tell = (line: object) => {
    lease.check();
    fsyncSync(data);
    writeAll(manifest, Buffer.from(lineOf(line)));
    fsyncSync(manifest);
  };
  const endBlock = (block: BlockName, records: number) => {
    if (isRepeated && block === 'header') isRepeated = false;
    else if (typeof block === 'number' || bytes > 0) {
      tell({ block, records, bytes, sha256: hash.digest('hex') } satisfies PartBlock);
      [hash, bytes] = [createHash('sha256'), 0];
    }
  };
  return {
    isBegun: before.length > 0,
    isDone: (block) => finished.has(block),
    done: before.reduce((sum, { records }) => sum + records, 0),
    write: async (piece) =>
      orSay(() => {
        if (isRepeated) return;
        const content = typeof piece === 'string' ? Buffer.from(piece) : piece;
        writeAll(data, content);
        hash.update(content);
        bytes += content.length;
      }),
    endBlock: async (block, records) => orSay(() => endBlock(block, records)),
    finish: async () =>
      orSay(() => {
        // Compressed files of no results hold something all the same; of formats that have no blocks it is all there is.
        endBlock('end', 0);
        tell(end());
        putInPlace(place);
        close();
      }),
    async keep() {
      close();
      return undefined;
    },
    discard() {
      if (open.length === 0) return;
      try {
        lease.check(); // what another process has taken over is its
        for (const path of [unfinished, unfinishedManifest]) rmSync(path, { force: true });
      } finally {
        close();
      }
    },
  };
}
