/** Joins the parts of a run to what a run of all would have written: block by block, each checked against the manifest of its part. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { behindLinks, fileId, removeDeadTemporaries, statsOf, syncFolder, temporaryName } from '../../base/files.ts';
import { lockFile } from '../../base/locks/lock-file.ts';
import { someNames } from '../../base/printable.ts';
import { blockOf, blockOfNumber } from '../records/record-blocks.ts';
import { type PartBlock, type PartManifest, readManifest } from './part-manifest.ts';
import { runDifference } from './run-identity.ts';
import { hasBlock, manifestPath, partPath, type Shard, shardOfManifest } from './shard.ts';

/** What was joined. */
export interface Merged {
  parts: number;
  records: number;
  /** Records of the inputs that were malformed, and left out. */
  skipped: number;
}

/** A complete part. */
interface Part {
  path: string;
  shard: Shard;
  manifest: PartManifest;
  /** Records of each input; null of those that fall to other shards as wholes. */
  inputs: readonly (number | null)[];
}

/** How many parts there are to be, by the manifests beside the output. @throws DataError where there are none, or of several counts */
function shardsOf(output: string): number {
  let names: string[];
  try {
    names = readdirSync(dirname(output));
  } catch (error) {
    throw new DataError(`cannot read ${dirname(output)}: ${errorMessage(error)}`);
  }
  const counts = [...new Set(names.flatMap((name) => shardOfManifest(output, name)?.of ?? []))].sort((a, b) => a - b);
  const whole = /^(.+)\.\d+-of-\d+(?:\.manifest)?$/.exec(output)?.[1];
  if (counts.length === 0 && whole !== undefined) throw new UsageError(`${output} is a part: name what the parts are of, ${whole}`);
  if (counts.length === 0)
    throw new DataError(`there are no parts of ${output}: glz predict INPUT --output ${basename(output)} --shard i/n writes them`);
  if (counts.length > 1)
    throw new DataError(`there are parts of ${counts.join(' and of ')} shards of ${output}: delete those that are not wanted`);
  return counts[0];
}

/** Records of each input, as the parts together say it. @throws DataError where they say different things, or nothing of one */
function countsOf(output: string, parts: readonly Part[]): number[] {
  return parts[0].inputs.map((_, input) => {
    const which = parts[0].inputs.length > 1 ? `input ${input + 1}` : 'the input';
    const [first, ...others] = parts.filter(({ inputs }) => typeof inputs[input] === 'number');
    if (!first)
      throw new DataError(`${output}: no part has records of ${which}: delete the parts and their manifests, and label them again`);
    // An input that falls to a shard as a whole is counted by no other.
    const other = others.find(({ inputs }) => inputs[input] !== first.inputs[input] || inputs.includes(null));
    if (other)
      throw new DataError(
        `${other.path}: its run found ${other.inputs[input]} records in ${which}, where that of ${first.path} found ${first.inputs[input]}; delete it and ${manifestPath(other.path)}, and label it again`,
      );
    return first.inputs[input]!;
  });
}

/** @throws DataError where a part is not as its manifest says */
function checkPart({ path, shard, manifest, inputs }: Part, counts: readonly number[]): void {
  const wrong = (what: string) => new DataError(`${path}: ${what}; delete it and ${manifestPath(path)}, and label it again`);
  const expected = manifest.blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  const size = statSync(path).size;
  if (size !== expected) throw wrong(`it has ${size} bytes, where its manifest says ${expected}`);
  const numbers = manifest.blocks.flatMap(({ block }) => (typeof block === 'number' ? [block] : []));
  // Of inputs that are dealt out as wholes a part counts its own alone.
  const owners = inputs.includes(null) ? inputs.map((count) => (count === null ? 0 : shard.index)) : undefined;
  const isOwn = (number: number): boolean => {
    const { input, block } = blockOfNumber(number);
    return hasBlock({ shard, owners }, input, block) && block <= blockOf(counts[input] - 1);
  };
  if (numbers.some((number, at) => !isOwn(number) || (at > 0 && number <= numbers[at - 1])))
    throw wrong('its manifest names blocks that are not of this shard, or one of them twice');
}

/** All parts of an output. @throws DataError that says which are missing, unfinished, changed or of another run */
function partsOf(output: string): Part[] {
  const of = shardsOf(output);
  const parts: Part[] = [];
  const [missing, unfinished]: string[][] = [[], []];
  let any: { path: string; manifest: PartManifest } | undefined;
  for (let index = 1; index <= of; index++) {
    const shard = { index, of };
    const path = partPath(output, shard);
    const manifest = readManifest(manifestPath(path));
    if (manifest) {
      any ??= { path, manifest };
      const difference = runDifference(any.manifest.head.run, manifest.head.run);
      if (difference !== undefined) throw new DataError(`${path} is of another run than ${any.path}: another ${difference}`);
    }
    if (!manifest) missing.push(`${index}/${of}`);
    else if (!manifest.end || !statsOf(path)?.isFile()) unfinished.push(`${index}/${of}`);
    else parts.push({ path, shard, manifest, inputs: manifest.end.inputs });
  }
  const lacks = [
    ...(missing.length > 0 ? [`missing: ${someNames(missing)}`] : []),
    ...(unfinished.length > 0 ? [`not finished: ${someNames(unfinished)}`] : []),
  ];
  if (lacks.length > 0)
    throw new DataError(`${output}: ${parts.length} of ${of} shards ${parts.length === 1 ? 'is' : 'are'} there; ${lacks.join('; ')}`);
  return parts;
}

/** Passes the next bytes of a part on. @throws DataError where they are not what its run wrote */
function copyBlock(part: Part, from: number, to: number, { bytes, block, sha256 }: PartBlock): void {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(Math.min(1 << 20, Math.max(1, bytes)));
  for (let left = bytes; left > 0; ) {
    const read = readSync(from, piece, 0, Math.min(left, piece.length), null);
    if (read === 0) break;
    hash.update(piece.subarray(0, read));
    for (let at = 0; at < read; ) at += writeSync(to, piece, at, read - at);
    left -= read;
  }
  if (hash.digest('hex') !== sha256)
    throw new DataError(
      `${part.path}: block ${block} is not what its run wrote: the file was changed; delete it and ${manifestPath(part.path)}, and label it again`,
    );
}

/** Passes a block over. */
function skipBlock(from: number, { bytes }: PartBlock): void {
  const piece = Buffer.alloc(Math.min(1 << 16, Math.max(1, bytes)));
  for (let left = bytes; left > 0; ) left -= readSync(from, piece, 0, Math.min(left, piece.length), null) || left;
}

/** Writes the blocks of all parts in their order. */
function writeJoined(parts: readonly Part[], to: number): void {
  const files: (number | undefined)[] = parts.map(() => undefined);
  const next = parts.map(() => 0);
  const take = (at: number): [number, PartBlock] => {
    const from = files[at] ?? openSync(parts[at].path, 'r');
    files[at] = from;
    return [from, parts[at].manifest.blocks[next[at]++]];
  };
  const upcoming = (at: number) => parts[at].manifest.blocks[next[at]]?.block;
  try {
    // One header: that of the others says the same, or nothing where they have no records.
    const headers = parts.flatMap(({ manifest }, at) => (manifest.blocks[0]?.block === 'header' ? [at] : []));
    for (const [number, at] of headers.entries()) {
      if (parts[at].manifest.blocks[0].sha256 !== parts[headers[0]].manifest.blocks[0].sha256)
        throw new DataError(`${parts[at].path} has other columns than ${parts[headers[0]].path}`);
      const [from, block] = take(at);
      if (number === 0) copyBlock(parts[at], from, to, block);
      else skipBlock(from, block);
    }
    let written = headers.length > 0;
    // In the order of the blocks, of which some may be nobody's: all their records were malformed.
    const order = parts.flatMap(({ manifest }, at) =>
      manifest.blocks.flatMap(({ block }) => (typeof block === 'number' ? [{ block, at }] : [])),
    );
    for (const { at } of order.sort((a, b) => a.block - b.block)) {
      const [from, found] = take(at);
      copyBlock(parts[at], from, to, found);
      written ||= found.bytes > 0;
    }
    // What a compressed file of no results holds.
    if (!written && upcoming(0) === 'end') {
      const [from, found] = take(0);
      copyBlock(parts[0], from, to, found);
    }
  } finally {
    for (const fd of files) if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Writes what a run of all records would have written, of the parts beside it, which stay. The file is complete or not there.
 * @throws DataError that says which parts are missing, unfinished, changed or of another run; UsageError for the name of a part, or a link to one
 */
export function mergeParts(output: string): Merged {
  const parts = partsOf(output);
  const counts = countsOf(output, parts);
  for (const part of parts) checkPart(part, counts);
  const records = parts.reduce((sum, { manifest }) => manifest.blocks.reduce((own, block) => own + block.records, sum), 0);
  const skipped = counts.reduce((sum, count) => sum + count, 0) - records;
  if (records === 0 && skipped > 0) throw new DataError(`${output}: no record could be labelled; the runs of the parts have said why`);
  const path = behindLinks(output);
  if (statsOf(path)?.isDirectory()) throw new UsageError(`${output} is a folder; name a file`);
  const id = fileId(path);
  const part = id === undefined ? undefined : parts.find((each) => fileId(each.path) === id);
  if (part) throw new UsageError(`${output} is ${part.path} under another name, which would be lost`);
  const lock = lockFile(path);
  const temporary = temporaryName(path);
  try {
    const to = openSync(temporary, 'wx');
    try {
      writeJoined(parts, to);
      fsyncSync(to);
    } finally {
      closeSync(to);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
    removeDeadTemporaries(path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error instanceof DataError ? error : new DataError(`cannot write ${output}: ${errorMessage(error)}`);
  } finally {
    lock.release();
  }
  return { parts: parts.length, records, skipped };
}
