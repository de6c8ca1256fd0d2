/**
 * Compiled label sets in the cache folder: blocks of vectors, then what they are, at the end. A file is named by the hash of the model and the
 * labels; it is whole or not there, each block is checked by its hash when it is read, and whatever is wrong with one is made again.
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
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../base/errors.ts';
import { removeDeadTemporaries, temporaryName } from '../../base/files.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { cacheFolder } from '../../runtime/graph-cache.ts';
import type { ReadLabel } from '../../text/label-texts.ts';

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

/** An open file of a label set. */
export interface CompiledLabelsFile {
  width: number;
  /** Blocks in order, row-major [count, width]; the memory is used again. @throws DataError when the file was changed after it was opened */
  blocks(): Iterable<{ first: number; count: number; rows: Float32Array }>;
}

/** Raised whenever the format or what is computed from the same weights changes. */
const FORMAT = 'glz-labels-1';

/** Files of label sets that are kept; those used longest ago go first. */
const KEPT_FILES = 16;

/** Larger footers are no footers. */
const LARGEST_FOOTER = 1 << 24;

const hashOf = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const bytesOf = (rows: Float32Array): Uint8Array => new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);

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

function* storedBlocks(path: string, { width, blocks }: Footer) {
  const fd = openSync(path, 'r');
  try {
    const largest = Math.max(...blocks.map(({ count }) => count));
    const memory = new Float32Array(largest * width);
    let first = 0;
    for (const { count, hash } of blocks) {
      const rows = memory.subarray(0, count * width);
      const bytes = bytesOf(rows);
      for (let at = 0; at < bytes.length; ) {
        const got = readSync(fd, bytes, at, bytes.length - at, first * width * 4 + at);
        if (got === 0) break;
        at += got;
      }
      if (hashOf(bytes) !== hash) throw new DataError(`${path} is damaged: delete it, and it is made again`);
      yield { first, count, rows };
      first += count;
    }
  } finally {
    closeSync(fd);
  }
}

/** Opens the file of a label set where it is whole. */
function openWhole(path: string, key: string, labels: number): CompiledLabelsFile | undefined {
  try {
    const fd = openSync(path, 'r');
    let footer: Footer | undefined;
    try {
      footer = readFooter(fd, key, labels);
    } finally {
      closeSync(fd);
    }
    if (!footer) return undefined;
    // Every block once: a file that was damaged in the middle is made again, not used.
    for (const _ of storedBlocks(path, footer));
    const now = new Date();
    utimesSync(path, now, now); // the ones used longest ago go first
    return { width: footer.width, blocks: () => storedBlocks(path, footer) };
  } catch {
    return undefined;
  }
}

/** What these files are called: others that a user has in the folder are not ours to remove. */
const OWN_NAME = /^[0-9a-f]{32}\.labels$/;

/** Removes the files used longest ago. */
function prune(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => OWN_NAME.test(name))
    .map((name) => ({ path: join(folder, name), used: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.used - a.used);
  for (const { path } of files.slice(KEPT_FILES)) rmSync(path, { force: true });
}

/**
 * The file of a label set: the one that is there, or a new one of the blocks that `read` makes. Two processes that make it at once both make
 * a whole one. undefined where none can be written (a full disk, say): the set is then read again by every process.
 */
export async function compiledLabelsFile(
  identity: string,
  labels: readonly ReadLabel[],
  read: () => AsyncIterable<{ count: number; rows: Float32Array; width: number }>,
): Promise<CompiledLabelsFile | undefined> {
  const cache = cacheFolder();
  if (cache === undefined) return undefined;
  const key = keyOf(identity, labels);
  const folder = join(cache, 'labels');
  const path = join(folder, `${key}.labels`);
  const there = openWhole(path, key, labels.length);
  if (there) return there;
  const temporary = temporaryName(path);
  let fd: number | undefined;
  try {
    makeFolder(folder);
    fd = openSync(temporary, 'w');
  } catch {
    return undefined;
  }
  try {
    const write = (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd!, bytes, at, Math.min(1 << 26, bytes.length - at));
    };
    const footer: Footer = { key, width: 0, blocks: [] };
    for await (const { count, rows, width } of read()) {
      const bytes = bytesOf(rows);
      try {
        write(bytes);
      } catch {
        return undefined;
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
      closeSync(fd);
      fd = undefined;
      renameSync(temporary, path);
      removeDeadTemporaries(path);
      prune(folder);
    } catch {
      return undefined;
    }
    return { width: footer.width, blocks: () => storedBlocks(path, footer) };
  } finally {
    if (fd !== undefined) closeSync(fd);
    rmSync(temporary, { force: true });
  }
}
