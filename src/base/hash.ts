/** Hashes of values and of files, as hexadecimal digits. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** sha256 of a value's JSON. */
export const jsonHash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Puts a file's bytes into a hash, a piece at a time. @throws the system's error when it cannot be read */
export function hashFile(hash: Hash, path: string): void {
  const fd = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(1 << 22);
    for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) hash.update(piece.subarray(0, count));
  } finally {
    closeSync(fd);
  }
}

/** sha256 of a file. @throws the system's error when it cannot be read */
export function fileHash(path: string): string {
  const hash = createHash('sha256');
  hashFile(hash, path);
  return hash.digest('hex');
}
