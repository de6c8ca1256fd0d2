/**
 * The cache that all Hugging Face libraries share: where it is, which models are in it, how a file is put into it.
 * Layout: `models--org--name/blobs/<hash>`, `refs/<revision>` with a commit, `snapshots/<commit>/<file>` linked to its blob.
 * Knows nothing of the network.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { copyFile, link, open, readFile, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { DataError, errorMessage } from '../../base/errors.ts';
import { makeFolder } from '../../base/folders.ts';
import { readShardIndex, WEIGHT_FILES } from '../weight-files.ts';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

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

/** Folder of the cache: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
export function hubCacheFolder(env: Environment): string {
  const home = (path: string) => path.replace(/^~(?=$|[\\/])/, homedir());
  const direct = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  if (direct) return home(direct);
  return join(
    env.HF_HOME ? home(env.HF_HOME) : join(env.XDG_CACHE_HOME ? home(env.XDG_CACHE_HOME) : join(homedir(), '.cache'), 'huggingface'),
    'hub',
  );
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

/** Whether the process that made a lock is gone. */
async function isStale(lock: string): Promise<boolean> {
  try {
    if (Date.now() - (await stat(lock)).mtimeMs > LOCK_DEAD) return true;
    const [pid, host] = (await readFile(lock, 'utf8')).split('\n');
    if (host !== hostname() || !/^\d+$/.test(pid)) return false;
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return ['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
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
  for (;;) {
    signal?.throwIfAborted();
    if (done()) return;
    try {
      const handle = await open(lock, 'wx');
      await handle.writeFile(`${process.pid}\n${hostname()}`);
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new DataError(`cannot write ${lock}: ${errorMessage(error)}`);
      if (await isStale(lock)) await rm(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, poll));
    }
  }
  const timer = setInterval(() => utimes(lock, new Date(), new Date()).catch(() => {}), LOCK_SIGN);
  try {
    await work();
  } finally {
    clearInterval(timer);
    await rm(lock, { force: true });
  }
}

/** Bytes of a file; 0 if it is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
