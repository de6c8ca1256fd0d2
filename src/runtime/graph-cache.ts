/**
 * Derived ONNX files: traced once from a checkpoint's weights, then kept in the user's cache folder under a name that
 * holds the hash of what they were derived from. Anything that cannot be cached is simply derived again.
 */

import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomically } from '../base/files.ts';

/** Raised whenever tracing or quantization changes what is derived from the same weights. */
const DERIVATION = 6;

/** How many derived files are kept; the ones used longest ago go first. */
const KEPT_FILES = 12;

/** Folder of derived files: GLZ_CACHE, or `gliznet` in the user's cache folder. */
export function cacheFolder(): string {
  if (process.env.GLZ_CACHE) return process.env.GLZ_CACHE;
  const base =
    process.env.XDG_CACHE_HOME || (process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined) || join(homedir(), '.cache');
  return join(base, 'gliznet');
}

/** Name of the file derived from content with this hash. */
function derivedPath(contentHash: string, kind: string): string {
  const key = createHash('sha256').update(`${DERIVATION}\n${contentHash}\n${kind}`).digest('hex').slice(0, 32);
  return join(cacheFolder(), 'onnx', `${key}.onnx`);
}

/** Whether a file ends with its own length and mark, as {@link derivedFile} writes it: a cache is not trusted to be whole. */
function isWhole(path: string): boolean {
  const size = statSync(path).size;
  if (size < TRAILER) return false;
  const fd = openSync(path, 'r');
  try {
    const tail = Buffer.alloc(TRAILER);
    readSync(fd, tail, 0, TRAILER, size - TRAILER);
    return tail.equals(trailer(size));
  } finally {
    closeSync(fd);
  }
}

// A protobuf field that no ONNX reader knows (number 1000, 16 bytes): skipped by readers, checked by us.
const TRAILER = 19;
function trailer(size: number): Buffer {
  const bytes = Buffer.alloc(TRAILER);
  bytes.set([0xc2, 0x3e, 16]);
  bytes.write('glz.end!', 3, 'latin1');
  bytes.writeBigUInt64LE(BigInt(size), 11);
  return bytes;
}

/** Removes the files used longest ago. */
function prune(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => ({ path: join(folder, name), used: statSync(join(folder, name)).atimeMs }))
    .sort((a, b) => b.used - a.used);
  for (const { path } of files.slice(KEPT_FILES)) rmSync(path, { force: true });
}

/**
 * Path of a derived ONNX file, or its bytes where it cannot be written.
 * @param contentHash identifies the weights and configuration that it is derived from
 * @param kind tells apart what is derived from one content (`fp32`, `int8`, ...)
 * @param derive makes the file's chunks; called only if there is no whole file yet
 */
export async function derivedFile(contentHash: string, kind: string, derive: () => Promise<Uint8Array[]>): Promise<string | Uint8Array> {
  const path = derivedPath(contentHash, kind);
  try {
    if (existsSync(path) && isWhole(path)) return path;
  } catch {
    // unreadable: derive again
  }
  const chunks = await derive();
  const size = chunks.reduce((total, chunk) => total + chunk.byteLength, 0) + TRAILER;
  try {
    mkdirSync(join(cacheFolder(), 'onnx'), { recursive: true });
    writeFileAtomically(path, [...chunks, trailer(size)]);
    prune(join(cacheFolder(), 'onnx'));
    return path;
  } catch {
    return Buffer.concat(chunks);
  }
}
