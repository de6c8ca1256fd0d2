/**
 * Files that are whole or not there: written to a temporary name in the same folder, flushed, renamed. A temporary name says which process
 * it is of, so that what a killed one left can be told from what another is writing. Imported by every folder that writes.
 */
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError, errorMessage, UnwritableError } from './errors.ts';
import { MARK_PATTERN, markOwner, ownMark } from './locks/process-mark.ts';
import { makeFolder, removeEmptyFolders } from './make-folder.ts';

/** What the system says of a path at which there can be nothing. */
const NOTHING_THERE: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

/**
 * What is at a path, links followed; undefined where nothing is, also behind a file, in a loop of links or under a name longer than names can be.
 * @throws DataError where it may not be looked at
 */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (NOTHING_THERE.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw new DataError(`${path}: ${errorMessage(error)}`);
  }
}

/** Whether a path is a link behind which nothing is: somebody means a file or folder by it. */
export function isBrokenLink(path: string): boolean {
  if (statsOf(path)) return false;
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Refuses a name that would be looked for elsewhere, where a link of that name is broken. @throws DataError */
export function refuseBrokenLink(path: string): void {
  if (isBrokenLink(path)) throw new DataError(`${path} is a link to nothing`);
}

/** The device and number of a file, by which it is known under any name; undefined where there is none, or nothing may be looked at: whoever opens it says why. */
export function fileId(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isFile() ? `${stats.dev} ${stats.ino}` : undefined;
  } catch {
    return undefined;
  }
}

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

/** A name beside `path` for what is to become it: `PATH.MARK.RANDOM.tmp`. */
export const temporaryName = (path: string): string => `${path}.${ownMark()}.${randomBytes(4).toString('hex')}.tmp`;

const TEMPORARY = new RegExp(`^(.+)\\.(${MARK_PATTERN})\\.[0-9a-f]{8}\\.tmp$`);

/** Of a {@link temporaryName}: what it was to become, and whose it is; undefined for other names. */
export function temporaryOf(name: string): { target: string; mark: string } | undefined {
  const [, target, mark] = TEMPORARY.exec(name) ?? [];
  return target === undefined ? undefined : { target, mark };
}

/** Removes the temporary files that killed processes left of `path`, and of nothing else. */
export function removeDeadTemporaries(path: string): void {
  try {
    for (const name of readdirSync(dirname(path))) {
      const found = temporaryOf(name);
      if (found?.target === basename(path) && markOwner(found.mark) === 'dead') rmSync(join(dirname(path), name), { force: true });
    }
  } catch {
    // They cost space only.
  }
}

/** The file behind links, which need not exist. @throws the system's error for links in a circle */
export function behindLinks(path: string): string {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  return behindLinks(resolve(realpathSync(dirname(path)), readlinkSync(path)));
}

/**
 * Writes a file atomically, creating its folder: a reader (or a kill at any moment) sees the old file or the whole new one. A link is replaced, not followed.
 * @throws UnwritableError naming the path (permissions, full disk).
 */
export function writeFileAtomically(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const temporary = temporaryName(path);
  let made: string[] = [];
  try {
    made = makeFolder(dirname(path));
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
    removeEmptyFolders(made);
    throw new UnwritableError(`cannot write ${path}: ${errorMessage(error)}`);
  }
  removeDeadTemporaries(path);
}

/** What the process has open already: a file there belongs to whoever opened it. */
const OPEN_FILES = /^\/(dev\/(stdout$|stderr$|fd\/)|proc\/)/;

/** Whether a path is a device, a pipe or what the process has open: it is written into as it is, and never replaced. @throws the system's error */
export function isStream(path: string): boolean {
  const kind = statsOf(path);
  return OPEN_FILES.test(path) || (kind !== undefined && !kind.isFile() && !kind.isDirectory());
}

/** Writes a file that a user named: atomically, behind links; a device or pipe is written into as it is. @throws UnwritableError as {@link writeFileAtomically} */
export function writeNamedFile(path: string, content: string): void {
  let file: string;
  try {
    if (isStream(path)) {
      appendFileSync(path, content);
      return;
    }
    file = behindLinks(path);
  } catch (error) {
    throw new UnwritableError(`cannot write ${path}: ${errorMessage(error)}`);
  }
  writeFileAtomically(file, content);
}
