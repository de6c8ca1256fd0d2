/**
 * Where results go: a file that is complete or not there, or a stream. Until it is complete a file has a name of its own beside its place,
 * so that no run spoils what another left; of a run that ends early, what it did becomes FILE.partial. One run at a time writes a file.
 * Knows lines; nothing of records.
 */
import { once } from 'node:events';
import {
  accessSync,
  closeSync,
  constants,
  createWriteStream,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { behindLinks, fileId, isStream, removeDeadTemporaries, statsOf, temporaryName } from '../../base/files.ts';
import { lockFile } from '../../base/locks/lock-file.ts';
import { checkWritable } from '../../base/make-folder.ts';
import { shownText } from '../../base/printable.ts';

/** A block of records (its number as record-blocks.ts has it); what a table begins with; what compressed files of nothing hold. */
export type BlockName = number | 'header' | 'end';

/** Takes results, a piece at a time. */
export interface Output {
  /** Whether there are results in it already, of an earlier run. */
  isBegun?: boolean;
  /** Writes a piece, of formats that have lines whole ones; resolves when there is room for the next. @throws DataError that says where the results so far are */
  write(piece: string | Uint8Array): Promise<void>;
  /** To be told when the header of a table or the results of a block are written, and how many the latter are; files of lines need not know. */
  endBlock?(block: BlockName, records: number): Promise<void>;
  /** Puts the file in its place, complete. @throws DataError that says where the results are */
  finish(): Promise<void>;
  /**
   * Ends early: the path under which a file's results are kept, undefined where there are none or they went into a stream.
   * A file is there when the call returns, so that a process may exit without waiting.
   */
  keep(): Promise<string | undefined>;
  /** Ends early and keeps nothing of what can be taken back: of a format that means nothing without its end. */
  discard?(): void;
}

/** What a file's pieces are: whole lines; whole but more than one line each; parts of what means nothing before it is complete. */
export type Pieces = 'lines' | 'records' | 'parts';

/** Cuts a file that could not be written to its end behind its last whole line; the number of lines. */
function keepWholeLines(path: string): number {
  const piece = Buffer.alloc(1 << 20);
  const fd = openSync(path, 'r+');
  let [lines, end, start] = [0, 0, 0];
  try {
    for (let size = readSync(fd, piece, 0, piece.length, 0); size > 0; size = readSync(fd, piece, 0, piece.length, start)) {
      const read = piece.subarray(0, size);
      for (let at = read.indexOf(10); at >= 0; at = read.indexOf(10, at + 1)) {
        lines++;
        end = start + at + 1;
      }
      start += size;
    }
    ftruncateSync(fd, end);
  } finally {
    closeSync(fd);
  }
  return lines;
}

/** A file that is renamed into its place once it is complete. Written at once, line by line: that costs nothing beside the model. */
function fileOutput(path: string, pieces: Pieces): Output {
  const hasLines = pieces === 'lines';
  const partial = `${path}.partial`;
  const temporary = temporaryName(path);
  const lock = lockFile(path);
  let fd: number | undefined;
  let [count, size] = [0, 0];
  const open = () => {
    fd ??= openSync(temporary, 'wx');
    return fd;
  };
  const close = () => {
    const open = fd;
    fd = undefined;
    if (open !== undefined) closeSync(open);
  };
  const asPartial = (): string => {
    try {
      renameSync(temporary, partial);
      return partial;
    } catch {
      return temporary;
    }
  };
  const cannotWrite = (error: unknown): DataError => {
    const message = `cannot write ${path}: ${errorMessage(error)}`;
    try {
      close();
      const lines = hasLines ? keepWholeLines(temporary) : pieces === 'parts' ? 0 : count;
      // A row may hold line breaks, and compressed bytes mean nothing by themselves: whole pieces are kept.
      if (!hasLines) truncateSync(temporary, size);
      if (lines > 0) return new DataError(`${message}; the ${hasLines ? `${lines} ` : ''}texts that were written are in ${asPartial()}`);
      rmSync(temporary, { force: true });
    } catch {
      // The first error is the one to tell.
    } finally {
      lock.release();
    }
    return new DataError(message);
  };
  return {
    async write(piece) {
      try {
        writeFileSync(open(), piece);
        count++;
        size += Buffer.byteLength(piece as string);
      } catch (error) {
        throw cannotWrite(error);
      }
    },
    async finish() {
      try {
        open(); // of no records there is an empty file
        close();
        renameSync(temporary, path);
      } catch (error) {
        throw cannotWrite(error);
      }
      // Of this file there is now more than what killed runs had done of it.
      removeDeadTemporaries(path);
      lock.release();
    },
    async keep() {
      if (fd === undefined) {
        lock.release();
        return undefined;
      }
      try {
        close();
      } catch (error) {
        throw cannotWrite(error);
      }
      const kept = asPartial();
      lock.release();
      return kept;
    },
    discard() {
      try {
        close();
        rmSync(temporary, { force: true });
      } finally {
        lock.release();
      }
    },
  };
}

/**
 * A file that stays where it is, because none can be made beside it: it is written over from its beginning, and what a run that ends early
 * did is in it.
 */
function placeOutput(path: string): Output {
  let fd: number | undefined;
  let hasLines = false;
  const open = () => {
    fd ??= openSync(path, 'r+');
    if (!hasLines) ftruncateSync(fd, 0);
    return fd;
  };
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const orSay = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw new DataError(`cannot write ${path}: ${errorMessage(error)}${hasLines ? '; the texts that were written are in it' : ''}`);
    }
  };
  return {
    write: async (piece) =>
      orSay(() => {
        const file = open();
        hasLines = true;
        writeFileSync(file, piece);
      }),
    finish: async () =>
      orSay(() => {
        open(); // of no records there is an empty file
        close();
      }),
    async keep() {
      orSay(close);
      return hasLines ? path : undefined;
    },
    discard: () => orSay(close),
  };
}

/** Whether a file can be written and none beside it, or it is mounted by itself: nothing can be renamed onto it. */
function staysInPlace(file: string): boolean {
  const stats = statsOf(file);
  if (!stats?.isFile()) return false;
  const around = dirname(file);
  try {
    accessSync(around, constants.W_OK);
    // A mounted file may be of the same file system, and is then one that the table of mounts names.
    return statSync(around).dev !== stats.dev || isMounted(file);
  } catch {
    accessSync(file, constants.W_OK);
    return true;
  }
}

/** Whether Linux has a file in its table of mounts. */
function isMounted(file: string): boolean {
  try {
    const path = realpathSync(file).replace(/[ \\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .some((line) => line.split(' ')[4] === path);
  } catch {
    return false;
  }
}

/** Standard output, or a device or pipe, which `stream` opens when there is something to write. */
function streamOutput(name: string, stream: () => Writable): Output {
  let opened: Writable | undefined;
  let failed: unknown;
  const open = () => {
    if (opened) return opened;
    opened = stream();
    opened.on('error', (error) => {
      failed ??= error;
    });
    return opened;
  };
  const checked = async (wait: () => Promise<unknown>) => {
    try {
      if (failed === undefined) await wait();
    } catch (error) {
      failed ??= error;
    }
    if (failed !== undefined) throw new DataError(`cannot write ${name}: ${errorMessage(failed)}`);
  };
  const finish = () =>
    checked(async () => {
      if (open() === process.stdout) await new Promise((written) => process.stdout.write('', written));
      else await finished(open().end());
    });
  return {
    write: (piece) =>
      checked(async () => {
        const shown = (open() as { isTTY?: boolean }).isTTY ? shownText(Buffer.from(piece).toString()) : piece;
        if (!open().write(shown)) await once(open(), 'drain');
      }),
    finish,
    async keep() {
      if (opened) await finish();
      return undefined;
    },
    discard() {},
  };
}

/** Refuses outputs that are inputs, under whatever name, and those whose run, where it ends early, would put its results into one. @throws UsageError */
export function refuseInputsAsOutputs(inputs: readonly string[], outputs: readonly string[]): void {
  const read = new Set(inputs.map((input) => (input === '-' ? undefined : fileId(input))));
  read.delete(undefined);
  for (const output of outputs) {
    if (read.has(fileId(output))) throw new UsageError(`--output ${output} is the input, which would be lost; name another file`);
    const partial = `${output}.partial`;
    if (read.has(fileId(partial)))
      throw new UsageError(`--output ${output}: what a run does that ends early goes to ${partial}, which is the input; name another file`);
  }
}

/**
 * Where `path` says, standard output unless given. Of a file it takes the lock, for which its folder is made where it is missing, and changes
 * nothing yet: such a folder goes again with the lock where nothing was written.
 * @param pieces what is kept of a file that cannot be written to its end: whole lines, whole pieces, or nothing
 * @throws UsageError for a folder, DataError where no file can be made or another run writes it
 */
export function openOutput(path: string | undefined, pieces: Pieces = 'lines'): Output {
  if (path === undefined) return streamOutput('to stdout', () => process.stdout);
  try {
    if (path === '' || path.endsWith('/') || statsOf(path)?.isDirectory()) throw new UsageError(`--output ${path}: not a file; name one`);
    if (isStream(path)) return streamOutput(path, () => createWriteStream(path, { flags: 'a' }));
    const file = behindLinks(path);
    if (staysInPlace(file)) return placeOutput(file);
    checkWritable(dirname(file));
    return fileOutput(file, pieces);
  } catch (error) {
    throw error instanceof UsageError || error instanceof DataError ? error : new DataError(`cannot write ${path}: ${errorMessage(error)}`);
  }
}
