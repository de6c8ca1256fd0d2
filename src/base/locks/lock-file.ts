/**
 * One writer at a time: a lock is a file beside what it locks, `PATH.MARK.lock`, whose name says which process holds it. Each process has a
 * name of its own, so that removing the lock of a dead one can never remove that of another which took its place meanwhile.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError, errorMessage, UnwritableError } from '../errors.ts';
import { makeFolder, removeEmptyFolders } from '../make-folder.ts';
import { MARK_PATTERN, markedPid, markOwner, ownMark } from './process-mark.ts';

/** A lock that is held. */
export interface FileLock {
  /** Its file. */
  path: string;
  /** Gives it back; more than once does nothing. The end of the process does so too. */
  release(): void;
}

/** Looks of the first of several processes that begin together, until the others have gone, and milliseconds between them. */
const LOOKS = 20;
const PAUSE = 50;

/** What this process has locked. */
const held = new Set<string>();

const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE * (0.5 + Math.random()));

/** Locks of others beside a path, those of dead processes excepted, which are removed. Names, sorted. */
function locksOfOthers(path: string, own: string): string[] {
  const folder = dirname(path);
  const others: string[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || name === own) continue;
    const mark = new RegExp(`^(${MARK_PATTERN})\\.lock$`).exec(name.slice(basename(path).length + 1))?.[1];
    if (mark === undefined) continue;
    if (markOwner(mark) === 'dead') rmSync(join(folder, name), { force: true });
    else others.push(name);
  }
  return others.sort();
}

/** Locks of `path` whose processes cannot be seen from here; none where its folder cannot be read. */
export function locksElsewhere(path: string): string[] {
  try {
    const marked = (name: string) => new RegExp(MARK_PATTERN).exec(name)![0];
    return locksOfOthers(path, '')
      .filter((name) => markOwner(marked(name.slice(basename(path).length))) === 'elsewhere')
      .map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

/** Who holds a lock, and what to do. */
function complaint(subject: string, lock: string): DataError {
  const mark = new RegExp(MARK_PATTERN).exec(basename(lock))![0];
  const pid = markedPid(mark);
  if (markOwner(mark) !== 'elsewhere')
    return new DataError(
      `${subject} is in use: glz with the process number ${pid} writes it (lock ${lock}); wait for it, stop it, or choose another --output`,
    );
  let host = '';
  try {
    host = readFileSync(lock, 'utf8').split('\n')[0];
  } catch {
    // Its place says enough.
  }
  return new DataError(
    `${subject} is in use: glz on another machine or in another container (${host || 'of unknown name'}, process ${pid}) writes it; if that runs no longer, delete ${lock}`,
  );
}

/**
 * Locks `path`, which need not exist, for this process. Its folder is made where it is missing, and goes with the lock where nothing was put into it.
 * The lock of a process that runs no longer is taken over.
 * @param subject what is locked, for messages
 * @throws DataError naming the process that holds it, UnwritableError
 */
export function lockFile(path: string, subject = path): FileLock {
  const folder = dirname(path);
  const name = `${basename(path)}.${ownMark()}.lock`;
  const own = join(folder, name);
  if (held.has(resolve(own))) throw complaint(subject, own);
  let made: string[];
  try {
    made = makeFolder(folder);
  } catch (error) {
    throw new UnwritableError(`cannot write ${subject}: ${errorMessage(error)}`);
  }
  const remove = () => {
    rmSync(own, { force: true });
    removeEmptyFolders(made);
  };
  for (let look = 0; ; look++) {
    let others: string[];
    try {
      // Created before it looks for others: of two that begin at once, at least one sees the other.
      if (look === 0) writeFileSync(own, `${hostname()}\n`);
      others = locksOfOthers(path, name);
    } catch (error) {
      remove();
      throw new UnwritableError(`cannot write ${own}: ${errorMessage(error)}`);
    }
    if (others.length === 0) break;
    // The first by name waits for the others to give way, which all but a holder do.
    if (name < others[0] && look < LOOKS) {
      pause();
      continue;
    }
    remove();
    throw complaint(subject, join(folder, others[0]));
  }
  held.add(resolve(own));
  const atExit = () => {
    held.delete(resolve(own));
    try {
      remove();
    } catch {
      // What stays is the lock of a dead process.
    }
  };
  process.once('exit', atExit);
  return {
    path: own,
    release() {
      if (!held.has(resolve(own))) return;
      process.off('exit', atExit);
      atExit();
    },
  };
}
