/**
 * The cache that all Hugging Face libraries share: where it is, which models are in it, how a file is put into it.
 * Layout: `models--org--name/blobs/<hash>`, `refs/<revision>` with a commit, `snapshots/<commit>/<file>` linked to its blob.
 * Knows nothing of the network.
 */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { copyFile, link, rename, rm, symlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { DataError, errorMessage } from '../../base/errors.ts';
import { isRunning } from '../../base/locks/process-mark.ts';
import { homeFolder, makeFolder } from '../../base/make-folder.ts';
import { readShardIndex, WEIGHT_FILES } from '../weight-files.ts';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A commit of a repository, in full. */
export const COMMIT = /^[0-9a-f]{40}$/;

/** What a tokenizer can be read or built from. */
export const VOCABULARY_FILES: readonly string[] = [
  'tokenizer.json',
  'vocab.txt',
  'vocab.json',
  'spm.model',
  'spiece.model',
  'sentencepiece.bpe.model',
];

/** A path with `~` for the home folder; undefined where that is needed and the user has none. */
function expanded(path: string): string | undefined {
  if (!/^~(?=$|[\\/])/.test(path)) return path;
  const home = homeFolder();
  return home && join(home, path.slice(1));
}

/** Folder of what Hugging Face libraries keep: HF_HOME, else ~/.cache/huggingface; undefined for a user without a home folder. */
export function hubHomeFolder(env: Environment): string | undefined {
  if (env.HF_HOME) return expanded(env.HF_HOME);
  const base = expanded(env.XDG_CACHE_HOME || '~/.cache');
  return base && join(base, 'huggingface');
}

/** Folder of the cache: HF_HUB_CACHE, else `hub` in {@link hubHomeFolder}. */
export function hubCacheFolder(env: Environment): string | undefined {
  const direct = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  if (direct) return expanded(direct);
  const home = hubHomeFolder(env);
  return home && join(home, 'hub');
}

/** Folder of a model in the cache. */
export function repositoryFolder(cache: string, id: string): string {
  return join(cache, `models--${id.replaceAll('/', '--')}`);
}

/** The commit that a revision was when it was last fetched; undefined if it never was. */
export function cachedCommit(repository: string, revision: string): string | undefined {
  if (COMMIT.test(revision)) return revision;
  try {
    const commit = readFileSync(join(repository, 'refs', revision), 'utf8').trim();
    return COMMIT.test(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a snapshot has all that a model needs: config.json, a vocabulary, and weights with all their shards. */
export function isWholeSnapshot(snapshot: string): boolean {
  const has = (name: string) => existsSync(join(snapshot, name));
  if (!has('config.json') || !VOCABULARY_FILES.some(has)) return false;
  const weights = WEIGHT_FILES.find(({ name }) => has(name));
  if (!weights) return false;
  try {
    return !weights.sharded || [...readShardIndex(join(snapshot, weights.name)).values()].every(has);
  } catch {
    return false;
  }
}

/**
 * Makes `file` of a snapshot stand for a blob: a relative symbolic link, a hard link where links need rights that the user lacks
 * (Windows), a copy where there are none.
 * @param links how links are made; for tests
 * @throws DataError when none of them can be made
 */
export async function linkIntoSnapshot(blob: string, file: string, links = { symlink, link }): Promise<void> {
  if (existsSync(file)) return;
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    makeFolder(dirname(file));
    try {
      await links.symlink(relative(dirname(file), blob), temporary);
    } catch {
      await links.link(blob, temporary).catch(() => copyFile(blob, temporary));
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new DataError(`cannot write ${file}: ${errorMessage(error)}`);
  }
}

/** How often the holder of a lock says that it is alive, and when it is taken for dead. Milliseconds. */
const LOCK_SIGN = 5_000;
const LOCK_DEAD = 60_000;

/** What a lock says, if the process that made it is gone; undefined for one that is held, or gone. */
function staleContent(lock: string): string | undefined {
  try {
    const content = readFileSync(lock, 'utf8');
    if (Date.now() - statSync(lock).mtimeMs > LOCK_DEAD) return content;
    const [pid, host] = content.split('\n');
    return host === hostname() && /^\d+$/.test(pid) && !isRunning(Number(pid)) ? content : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Removes a lock that says `content`, and no other that has taken its place meanwhile: it is moved aside first, where one process only
 * can look at it, and moved back if it is another. Of several that try, one succeeds.
 */
function removeLock(lock: string, content: string): void {
  const aside = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    if (readFileSync(lock, 'utf8') !== content) return;
    renameSync(lock, aside);
    if (readFileSync(aside, 'utf8') !== content) linkSync(aside, lock);
  } catch {
    // Another one was faster.
  }
  rmSync(aside, { force: true });
}

/**
 * Runs `work` while no other glz does so for the same lock file; waits for the other one, a dead one excepted.
 * @param done whether the other one has meanwhile done the work
 * @param poll milliseconds between looks
 */
export async function withLock(
  lock: string,
  done: () => boolean,
  work: () => Promise<void>,
  signal?: AbortSignal,
  poll = 300,
): Promise<void> {
  const content = `${process.pid}\n${hostname()}\n${randomBytes(8).toString('hex')}`;
  for (;;) {
    signal?.throwIfAborted();
    if (done()) return;
    try {
      writeFileSync(lock, content, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new DataError(`cannot write ${lock}: ${errorMessage(error)}`);
    }
    const stale = staleContent(lock);
    if (stale !== undefined) removeLock(lock, stale);
    else await new Promise((resolve) => setTimeout(resolve, poll));
  }
  const timer = setInterval(() => utimes(lock, new Date(), new Date()).catch(() => {}), LOCK_SIGN);
  try {
    // Another one may have done it between the last look and the lock.
    if (!done()) await work();
  } finally {
    clearInterval(timer);
    removeLock(lock, content);
  }
}

/** Which machine a file is of, in a name. */
const machineMark = (): string => createHash('sha1').update(hostname()).digest('hex').slice(0, 8);

/** A file of a process that downloads is not touched for this long before another takes it over, milliseconds; longer if of elsewhere. */
const INCOMPLETE_REST = 5_000;
const INCOMPLETE_DEAD = 10 * 60_000;

/** Whether a remainder beside a blob is nobody's: that of an interrupted download, or of a process that is gone. */
function isAbandoned(path: string, owner: string): boolean {
  if (owner === '') return true;
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
  const [machine, pid] = owner.split('-');
  return machine === machineMark() ? !isRunning(Number(pid)) && age > INCOMPLETE_REST : age > INCOMPLETE_DEAD;
}

/**
 * Gives `work` a file of this process alone for what there is of a blob: the largest remainder of those that were interrupted or killed,
 * or a new one. What `work` leaves of it is kept under the name that Hugging Face libraries use, for the next one.
 */
export async function withIncomplete(blob: string, work: (incomplete: string) => Promise<void>): Promise<void> {
  const own = `${blob}.${machineMark()}-${process.pid}-${randomBytes(4).toString('hex')}.incomplete`;
  const remainder = /^(?:\.([0-9a-f]{8}-\d+)-[0-9a-f]{8})?\.incomplete$/;
  const found = readdirSync(dirname(blob)).flatMap((name) => {
    const match = name.startsWith(basename(blob)) ? remainder.exec(name.slice(basename(blob).length)) : null;
    const path = join(dirname(blob), name);
    return match && isAbandoned(path, match[1] ?? '') ? [{ path, size: sizeOf(path) }] : [];
  });
  const [largest, ...others] = found.sort((a, b) => b.size - a.size);
  try {
    if (largest) renameSync(largest.path, own);
    for (const { path } of others) rmSync(path, { force: true });
  } catch {
    // Another one was faster.
  }
  try {
    await work(own);
  } catch (error) {
    try {
      renameSync(own, `${blob}.incomplete`);
    } catch {
      // There is nothing to keep.
    }
    throw error;
  }
}

/** Bytes of a file; 0 if it is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
