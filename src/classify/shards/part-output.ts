/**
 * The results of one shard: a file that grows block by block, and a manifest beside it that says which blocks are in it. A run that is killed
 * leaves both; the next one of the same run goes on behind the last block that is whole. The file gets its name once it is complete.
 */
import { createHash, type Hash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { statsOf, syncFolder, writeFileAtomically } from '../../base/files.ts';
import { type Lease, leaseFile } from '../../base/locks/lease-file.ts';
import type { BlockName, Output } from '../records/output-file.ts';
import { type PartBlock, type PartEnd, type PartManifest, partHead, readManifest } from './part-manifest.ts';
import { type RunIdentity, runDifference } from './run-identity.ts';
import { manifestPath, partPath, type Shard, unfinishedPath } from './shard.ts';

/** What a part is made for. */
export interface PartRequest {
  /** The output that the parts are joined to. */
  output: string;
  shard: Shard;
  run: RunIdentity;
  /** What is said at the end of the manifest; asked once all is written. */
  end: () => PartEnd;
  /** Told in a line when something takes a moment. */
  note?: (line: string) => void;
}

/** Takes the results of a shard. */
export interface PartOutput extends Output {
  endBlock(block: BlockName, records: number): Promise<void>;
  /** Whether an earlier run has finished a block. */
  isDone(block: number): boolean;
  /** Records that earlier runs have finished. */
  done: number;
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

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

const sizeOf = (blocks: readonly PartBlock[]): number => blocks.reduce((sum, { bytes }) => sum + bytes, 0);
const sizeAt = (path: string): number | undefined => statsOf(path)?.size;

/** Whether a part is complete; puts one into its place that a run was killed before it did. @throws DataError for one that was changed */
function isComplete(part: string, { blocks, end }: PartManifest): boolean {
  if (!end) return false;
  const [size, expected] = [sizeAt(part), sizeOf(blocks)];
  if (size === expected) return true;
  if (size !== undefined)
    throw new DataError(`${part} has ${size} bytes, where its manifest says ${expected}: it was changed; delete both to label it again`);
  if (sizeAt(unfinishedPath(part)) !== expected) return false;
  renameSync(unfinishedPath(part), part);
  syncFolder(dirname(part));
  return true;
}

/** What is there of a part: its manifest, if it is of this run, or `complete`. @throws DataError where something else is there */
function beginning(part: string, { shard, run }: PartRequest): PartManifest | 'complete' | undefined {
  const manifest = readManifest(manifestPath(part));
  if (!manifest) {
    const stray = [part, unfinishedPath(part)].find((path) => existsSync(path));
    if (stray !== undefined)
      throw new DataError(`${stray} is there without ${manifestPath(part)}: not a part that can be gone on with; move it`);
    return undefined;
  }
  const difference = manifest.head.shard === partHead(shard, run).shard ? runDifference(manifest.head.run, run) : 'shard';
  if (difference !== undefined)
    throw new DataError(`${part} is of another run: another ${difference}; delete it and ${manifestPath(part)}, or name another --output`);
  if (isComplete(part, manifest)) return 'complete';
  return manifest;
}

/**
 * Begins the part of a shard, or goes on with it; undefined where it is complete.
 * @throws DataError where another process writes it, or what is there is of another run; UsageError where it cannot be a file
 */
export async function openPart(request: PartRequest): Promise<PartOutput | undefined> {
  const { output, shard, run, note } = request;
  const part = partPath(output, shard);
  if (output === '' || output.endsWith('/') || statsOf(part)?.isDirectory())
    throw new UsageError(`--output ${output}: not a file; name one`);
  try {
    accessSync(dirname(part), constants.W_OK);
  } catch (error) {
    throw new DataError(`cannot write ${part}: ${errorMessage(error)}`);
  }
  const lease = await leaseFile(part, note);
  try {
    const found = beginning(part, request);
    if (found === 'complete') {
      lease.release();
      return undefined;
    }
    const blocks = found ? wholeBlocks(unfinishedPath(part), found.blocks) : [];
    writeFileAtomically(manifestPath(part), [partHead(shard, run), ...blocks].map(lineOf).join(''));
    if (blocks.length > 0) truncateSync(unfinishedPath(part), sizeOf(blocks));
    else rmSync(unfinishedPath(part), { force: true });
    return partOutput(part, blocks, lease, request.end);
  } catch (error) {
    lease.release();
    throw error instanceof DataError || error instanceof UsageError ? error : new DataError(`cannot write ${part}: ${errorMessage(error)}`);
  }
}

function partOutput(part: string, before: readonly PartBlock[], lease: Lease, end: () => PartEnd): PartOutput {
  const finished = new Set(before.map(({ block }) => block));
  const open = [openSync(unfinishedPath(part), 'a'), openSync(manifestPath(part), 'a')];
  const [data, manifest] = open;
  let [hash, bytes]: [Hash, number] = [createHash('sha256'), 0];
  // A table's header comes first in every run; it is written by the first.
  let isRepeated = finished.has('header');
  const close = () => {
    for (const fd of open.splice(0)) closeSync(fd);
    lease.release();
  };
  const orSay = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      close();
      if (error instanceof DataError) throw error;
      throw new DataError(
        `cannot write ${unfinishedPath(part)}: ${errorMessage(error)}; what is finished is kept, and the same command goes on behind it`,
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
        // Compressed files of no results hold something all the same.
        endBlock('end', 0);
        tell(end());
        renameSync(unfinishedPath(part), part);
        syncFolder(dirname(part));
        close();
      }),
    async keep() {
      close();
      return undefined;
    },
  };
}
