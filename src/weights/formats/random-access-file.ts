/**
 * A file of which parts are read at given positions, every range checked against the file's size before memory is taken for it. Knows
 * nothing of formats.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DataError, errorMessage } from '../../base/errors.ts';

/** An open file. */
export interface RandomAccessFile {
  readonly path: string;
  /** Bytes in the file. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `position` into memory of their own.
   * @throws DataError when the range is not in the file, or naming the path when reading fails
   */
  read(position: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Bytes asked for in one system call: some systems refuse more than 2 GiB. */
const LARGEST_READ = 1 << 28;

/**
 * Opens a file, gives it to `use` and closes it.
 * @throws DataError naming the path when it cannot be opened or is no file; whatever `use` throws
 */
export function withRandomAccessFile<T>(path: string, use: (file: RandomAccessFile) => T): T {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new DataError(`${path} is not a file`);
    const { size } = stats;
    const read = (position: number, length: number): Uint8Array<ArrayBuffer> => {
      if (!Number.isSafeInteger(position) || !Number.isSafeInteger(length) || position < 0 || length < 0 || position + length > size)
        throw new DataError(
          `${path}: bytes ${position} to ${position + length} are not in the file (${size} bytes): it is cut short or broken`,
        );
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        let count: number;
        try {
          count = readSync(fd, bytes, at, Math.min(LARGEST_READ, length - at), position + at);
        } catch (error) {
          throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
        }
        if (count === 0) throw new DataError(`${path}: the file ends early`);
        at += count;
      }
      return bytes;
    };
    return use({ path, size, read });
  } finally {
    closeSync(fd);
  }
}
