/**
 * A lock (lock-file.ts) that shows from elsewhere too whether its process lives: it is written to every few seconds. One on another machine
 * that stays as it is belongs to a process that was killed, or to a machine that is gone, and is taken over.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DataError } from '../errors.ts';
import { type FileLock, lockFile, locksElsewhere } from './lock-file.ts';

/** How often a lease shows that its process lives, and how long one may show nothing, in milliseconds. */
export interface LeaseTimes {
  beat: number;
  patience: number;
}

const TIMES: LeaseTimes = { beat: 3000, patience: 30_000 };

/** A lease that is held. */
export interface Lease extends FileLock {
  /** @throws DataError where another process has taken it over: this one stood still for too long */
  check(): void;
}

/** Read, not looked at: what a network's file system remembers of a file is asked for anew when it is opened. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // given back meanwhile
  }
}

/**
 * Leases `path`, as {@link lockFile} locks it. Waits where another machine's lease shows no life at first.
 * @param note told in a line when it waits
 * @throws DataError naming the process that holds it
 */
export async function leaseFile(path: string, note?: (line: string) => void, times: Partial<LeaseTimes> = {}): Promise<Lease> {
  const { beat, patience } = { ...TIMES, ...times };
  const others = locksElsewhere(path);
  const before = new Map(others.map((other) => [other, contentOf(other)]));
  if (others.length > 0) note?.(`${path}: looking for up to ${patience / 1000} s whether the process lives that holds ${others[0]}`);
  for (let waited = 0; before.size > 0 && waited < patience; waited += beat / 2) {
    await new Promise((resolve) => setTimeout(resolve, beat / 2));
    for (const [other, content] of before) {
      const now = contentOf(other);
      if (now === undefined) before.delete(other);
      // It lives: what is taken next says whose it is.
      else if (now !== content) return beating(lockFile(path), path, beat);
    }
  }
  for (const dead of before.keys()) rmSync(dead, { force: true });
  return beating(lockFile(path), path, beat);
}

function beating(lock: FileLock, path: string, beat: number): Lease {
  let beats = 0;
  const show = () => {
    try {
      // Never made anew: one that is gone was taken over.
      writeFileSync(lock.path, `${hostname()}\n${++beats}\n`, { flag: 'r+' });
    } catch {
      // Said by check().
    }
  };
  const timer = setInterval(show, beat);
  timer.unref();
  return {
    path: lock.path,
    check() {
      if (!existsSync(lock.path))
        throw new DataError(`${path}: another process took it over while this one stood still; what is finished stays as it is`);
    },
    release() {
      clearInterval(timer);
      lock.release();
    },
  };
}
