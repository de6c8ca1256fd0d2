/**
 * Files that are whole or not there: written to a temporary name in the same folder, flushed, renamed.
 * Imported by every folder that writes; imports only node and errors.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataError, errorMessage } from './errors.ts';
import { makeFolder } from './make-folder.ts';

/** Flushes a folder's entry table, so that a rename in it survives a power cut. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Not every file system can (Windows): the rename itself is still atomic.
  }
}

/**
 * Writes a file atomically, creating its folder: a reader (or a kill at any moment) sees the old file or the whole new one.
 * @throws DataError naming the path when it cannot be written (permissions, full disk).
 */
export function writeFileAtomically(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    makeFolder(dirname(path));
    const fd = openSync(temporary, 'w');
    try {
      const chunks = typeof content === 'string' ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
      for (const chunk of chunks)
        for (let at = 0; at < chunk.byteLength; ) at += writeSync(fd, chunk, at, Math.min(1 << 26, chunk.byteLength - at));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new DataError(`cannot write ${path}: ${errorMessage(error)}`);
  }
}
