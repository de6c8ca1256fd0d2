/**
 * Compiled label sets in the cache folder: blocks of vectors, then what they are, at the end. A file is named by the hash of the model and the
 * labels; it is whole or not there, each block is checked by its hash when it is first read and when the file was touched since, and whatever is
 * wrong with one is made again.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.ts';
import { removeDeadTemporaries, temporaryName } from '../../base/files.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { cacheFolder } from '../../runtime/graph-cache.ts';
import type { ReadLabel } from '../../text/label-texts.ts';
import { NoScoresError } from '../scorer.ts';

/** A block as it is in the file. */
interface StoredBlock {
  count: number;
  hash: string;
}

/** What stands at the end of a file. */
interface Footer {
  key: string;
  width: number;
  blocks: StoredBlock[];
}

/** An open file of a label set, which stays readable when it is removed. */
export interface CompiledLabelsFile {
  width: number;
  /** Blocks in order, as they were given; the memory is used again. @throws NoScoresError when the file was changed after it was opened */
  blocks(): Iterable<{ first: number; count: number; values: Float32Array }>;
}

/** What became of a file. */
export type KeptLabels = { file: CompiledLabelsFile } | { file?: undefined; problem: string };

/** Raised whenever the format or what is computed from the same weights changes. */
const FORMAT = 'glz-labels-2';

/** Files of label sets that are kept; those used longest ago go first. */
const KEPT_FILES = 16;

/** A file that was used so recently may be about to be opened by another process. Milliseconds. */
const IN_USE = 10 * 60_000;

/** Larger footers are no footers. */
const LARGEST_FOOTER = 1 << 24;

/** Bytes in megabytes, for messages. */
export const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);

const hashOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Hash of a model's identity and a label set. */
function keyOf(identity: string, labels: readonly ReadLabel[]): string {
  const hash = createHash('sha256').update(`${FORMAT}\n${identity}\n${labels.length}\n`);
  for (const label of labels) hash.update(`${JSON.stringify(label)}\n`);
  return hash.digest('hex').slice(0, 32);
}

function parseFooter(text: string, key: string): Footer | undefined {
  try {
    const { key: own, width, blocks } = JSON.parse(text) as Partial<Footer>;
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
    if (own !== key || !isCount(width) || !Array.isArray(blocks)) return undefined;
    if (!blocks.every((block) => isCount(block?.count) && typeof block.hash === 'string')) return undefined;
    return { key, width: width!, blocks };
  } catch {
    return undefined;
  }
}

/** The file's footer; undefined where it is not a whole file of this set. */
function readFooter(fd: number, key: string, labels: number): Footer | undefined {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(4);
  if (size < 4 || readSync(fd, tail, 0, 4, size - 4) < 4) return undefined;
  const length = tail.readUInt32LE();
  if (length > Math.min(LARGEST_FOOTER, size - 4)) return undefined;
  const text = Buffer.alloc(length);
  readSync(fd, text, 0, length, size - 4 - length);
  const footer = parseFooter(text.toString(), key);
  if (!footer) return undefined;
  const count = footer.blocks.reduce((sum, block) => sum + block.count, 0);
  return count === labels && size === count * footer.width * 4 + length + 4 ? footer : undefined;
}

/** A file that is open for as long as somebody may read it. */
interface OpenFile {
  fd: number;
  /** When its content was last changed, when all of it was what its hashes say. */
  checked?: string;
  /** Memory of a block that no pass is reading into. */
  spare?: Float32Array;
}

const unused = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** When the file's content or its times were last changed: nothing else can have changed a block. */
function lastChange(fd: number): string {
  const { mtimeNs, ctimeNs, size } = fstatSync(fd, { bigint: true });
  return `${mtimeNs} ${ctimeNs} ${size}`;
}

function* storedBlocks(open: OpenFile, path: string, { width, blocks }: Footer) {
  const change = lastChange(open.fd);
  const largest = Math.max(...blocks.map(({ count }) => count));
  const memory = open.spare ?? new Float32Array(largest * width);
  open.spare = undefined;
  let first = 0;
  for (const { count, hash } of blocks) {
    const values = memory.subarray(0, count * width);
    const bytes = bytesOf(values);
    for (let at = 0; at < bytes.length; ) {
      const got = readSync(open.fd, bytes, at, bytes.length - at, first * width * 4 + at);
      if (got === 0) break;
      at += got;
    }
    if (open.checked !== change && hashOf(bytes) !== hash) throw new NoScoresError(`${path} is damaged: delete it, and it is made again`);
    yield { first, count, values };
    first += count;
  }
  open.checked = change;
  open.spare = memory;
}

function fileOf(open: OpenFile, path: string, footer: Footer): CompiledLabelsFile {
  unused.register(open, open.fd);
  return { width: footer.width, blocks: () => storedBlocks(open, path, footer) };
}

/** Opens the file of a label set where it is whole. */
function openWhole(path: string, key: string, labels: number): CompiledLabelsFile | undefined {
  let open: OpenFile | undefined;
  try {
    open = { fd: openSync(path, 'r') };
    const footer = readFooter(open.fd, key, labels);
    if (footer) {
      const now = new Date();
      utimesSync(path, now, now); // the ones used longest ago go first
      // Every block once: a file that was damaged in the middle is made again, not used.
      for (const _ of storedBlocks(open, path, footer));
      return fileOf(open, path, footer);
    }
  } catch {
    // missing, unreadable or damaged: it is made again
  }
  if (open) closeSync(open.fd);
  return undefined;
}

/** What these files are called: others that a user has in the folder are not ours to remove. */
const OWN_NAME = /^[0-9a-f]{32}\.labels$/;

/** Removes the files used longest ago. */
function prune(folder: string): void {
  try {
    const files = readdirSync(folder)
      .filter((name) => OWN_NAME.test(name))
      .map((name) => ({ path: join(folder, name), used: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((a, b) => b.used - a.used);
    for (const { path, used } of files.slice(KEPT_FILES)) if (Date.now() - used > IN_USE) rmSync(path, { force: true });
  } catch {
    // They cost space only.
  }
}

/** Why a folder has no room for so many bytes; undefined where it has, or where nobody can say. */
function roomProblem(folder: string, bytes: number): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize > bytes) return undefined;
    return `${folder} has ${megabytes(bavail * bsize)} MB of room, ${megabytes(bytes)} are needed`;
  } catch {
    return undefined;
  }
}

/** Blocks of a set as they are made. */
type MadeBlocks = AsyncIterable<{ count: number; values: Float32Array; width: number }>;

/** Writes what `read` makes into the open file. -> the footer, or why it cannot be written. @throws as `read` */
async function writeBlocks(fd: number, key: string, folder: string, labels: number, read: () => MadeBlocks): Promise<Footer | string> {
  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(1 << 26, bytes.length - at));
  };
  const footer: Footer = { key, width: 0, blocks: [] };
  for await (const { count, values, width } of read()) {
    // Said before all labels are read, which may take long.
    const problem = footer.width === 0 ? roomProblem(folder, labels * width * 4) : undefined;
    if (problem !== undefined) return problem;
    const bytes = bytesOf(values);
    try {
      write(bytes);
    } catch (error) {
      return `${folder}: ${errorMessage(error)}`;
    }
    footer.width = width;
    footer.blocks.push({ count, hash: hashOf(bytes) });
  }
  const text = Buffer.from(JSON.stringify(footer));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  try {
    write(text);
    write(length);
    fsyncSync(fd);
  } catch (error) {
    return `${folder}: ${errorMessage(error)}`;
  }
  return footer;
}

/**
 * The file of a label set: the one that is there, or a new one of the blocks that `read` makes. Two processes that make it at once both make
 * a whole one. Or why there is none (a full disk, say): the set is then read again by every process.
 * @throws as `read`
 */
export async function compiledLabelsFile(identity: string, labels: readonly ReadLabel[], read: () => MadeBlocks): Promise<KeptLabels> {
  const cache = cacheFolder();
  if (cache === undefined) return { problem: 'this user has no home folder to keep files in; set GLZ_CACHE to a folder' };
  const key = keyOf(identity, labels);
  const folder = join(cache, 'labels');
  const path = join(folder, `${key}.labels`);
  const there = openWhole(path, key, labels.length);
  if (there) return { file: there };
  const temporary = temporaryName(path);
  let fd: number;
  try {
    makeFolder(folder);
    fd = openSync(temporary, 'w+');
  } catch (error) {
    return { problem: `${folder}: ${errorMessage(error)}` };
  }
  let kept: CompiledLabelsFile | undefined;
  try {
    const footer = await writeBlocks(fd, key, folder, labels.length, read);
    if (typeof footer === 'string') return { problem: footer };
    try {
      renameSync(temporary, path);
    } catch (error) {
      return { problem: `${path}: ${errorMessage(error)}` };
    }
    removeDeadTemporaries(path);
    prune(folder);
    kept = fileOf({ fd, checked: lastChange(fd) }, path, footer);
    return { file: kept };
  } finally {
    if (!kept) closeSync(fd);
    rmSync(temporary, { force: true });
  }
}
