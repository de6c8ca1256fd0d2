/**
 * Derived ONNX files: traced once from a checkpoint's weights, then kept in the user's cache folder under a name that
 * holds the hash of what they were derived from. A damaged one is derived again; where nothing can be cached, nothing is.
 */

import { createHash, webcrypto } from 'node:crypto';
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { homeFolder } from '../base/make-folder.ts';

/** Raised whenever tracing or quantization changes what is derived from the same weights, or the end of a file changes. */
export const DERIVATION = 10;

/** How many derived files are kept; the ones used longest ago go first. */
const KEPT_FILES = 12;
/** A file that was used so recently may be about to be opened by another process. Milliseconds. */
const IN_USE = 10 * 60_000;

/** Folder of what is derived and measured: GLZ_CACHE, or `gliznet` in the user's cache folder; undefined for a user without a home. */
export function cacheFolder(): string | undefined {
  if (process.env.GLZ_CACHE) return process.env.GLZ_CACHE;
  const named = process.env.XDG_CACHE_HOME || (process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined);
  const home = named ? undefined : homeFolder();
  const base = named || (home && join(home, '.cache'));
  return base && join(base, 'gliznet');
}

/** The same for what has to be somewhere. @throws DataError where there is no such folder */
export function requiredCacheFolder(): string {
  const folder = cacheFolder();
  if (folder === undefined) throw new DataError('this user has no home folder to keep files in: set GLZ_CACHE to a folder');
  return folder;
}

/** Name of the file derived from content with this hash. */
function derivedPath(folder: string, contentHash: string, kind: string): string {
  const key = createHash('sha256').update(`${DERIVATION}\n${contentHash}\n${kind}`).digest('hex').slice(0, 32);
  return join(folder, `${key}.onnx`);
}

/** Bytes that are hashed at a time, and how many of them at once: off the main thread, which meanwhile loads the libraries. */
const PIECE = 1 << 22;
const PIECES_AT_ONCE = 4;

/** SHA-256 of the SHA-256 of each piece. */
async function hashOfPieces(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const digests: Promise<ArrayBuffer>[] = [];
  for await (const piece of pieces) {
    digests.push(webcrypto.subtle.digest('SHA-256', piece));
    await digests.at(-PIECES_AT_ONCE);
  }
  const hash = createHash('sha256');
  for (const digest of await Promise.all(digests)) hash.update(new Uint8Array(digest));
  return hash.digest();
}

async function* piecesOfFile(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += PIECE) {
    const length = Math.min(PIECE, size - at);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
    if (bytesRead < length) throw new Error('the file ends early');
    yield buffer;
  }
}

/** The same pieces out of chunks of any length. */
function* piecesOf(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let piece = Buffer.allocUnsafeSlow(PIECE);
  let filled = 0;
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < PIECE) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(PIECE);
      filled = 0;
    }
  if (filled > 0) yield piece.subarray(0, filled);
}

// A protobuf field that no ONNX reader knows (number 1000, 48 bytes): skipped by readers, checked by us.
const TRAILER = 51;
function trailer(size: number, hash: Uint8Array): Buffer {
  const bytes = Buffer.alloc(TRAILER);
  bytes.set([0xc2, 0x3e, TRAILER - 3]);
  bytes.write('glz.end!', 3, 'latin1');
  bytes.writeBigUInt64LE(BigInt(size), 11);
  bytes.set(hash, 19);
  return bytes;
}

/** Whether a file ends with its length and the hash of what is in front, as {@link derivedFile} writes it: a cache is not trusted. */
async function isWhole(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < TRAILER) return false;
    const end = Buffer.alloc(TRAILER);
    await file.read(end, 0, TRAILER, size - TRAILER);
    if (!end.subarray(0, 19).equals(trailer(size, new Uint8Array(32)).subarray(0, 19))) return false;
    return end.equals(trailer(size, await hashOfPieces(piecesOfFile(file, size - TRAILER))));
  } finally {
    await file.close();
  }
}

/** Notes that a file is used: the system itself does so once a day at most. */
function markUsed(path: string): void {
  try {
    utimesSync(path, new Date(), statSync(path).mtime);
  } catch {
    // A cache that cannot be written is not emptied either.
  }
}

/** What {@link derivedPath} calls a file: others that a user has in the folder are not ours to remove. */
const DERIVED_NAME = /^[0-9a-f]{32}\.onnx$/;

/** Removes the derived files used longest ago. */
function prune(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => DERIVED_NAME.test(name))
    .map((name) => ({ path: join(folder, name), used: statSync(join(folder, name), { throwIfNoEntry: false })?.atimeMs ?? 0 }))
    .sort((a, b) => b.used - a.used);
  for (const { path, used } of files.slice(KEPT_FILES)) if (Date.now() - used > IN_USE) rmSync(path, { force: true });
}

/**
 * Path of a derived ONNX file, or its bytes where it cannot be written.
 * @param contentHash identifies the weights and configuration that it is derived from
 * @param kind tells apart what is derived from one content (`fp32`, `int8`, ...)
 * @param derive makes the file's chunks; called only if there is no whole file yet
 */
export async function derivedFile(contentHash: string, kind: string, derive: () => Promise<Uint8Array[]>): Promise<string | Uint8Array> {
  const cache = cacheFolder();
  if (cache === undefined) return Buffer.concat(await derive());
  const folder = join(cache, 'onnx');
  const path = derivedPath(folder, contentHash, kind);
  try {
    if (await isWhole(path)) {
      markUsed(path);
      return path;
    }
  } catch {
    // missing or unreadable: derive it
  }
  const chunks = await derive();
  const size = chunks.reduce((total, chunk) => total + chunk.byteLength, 0) + TRAILER;
  try {
    writeFileAtomically(path, [...chunks, trailer(size, await hashOfPieces(piecesOf(chunks)))]);
    prune(folder);
    return path;
  } catch {
    return Buffer.concat(chunks);
  }
}
