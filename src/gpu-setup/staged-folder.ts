/** A folder that is made beside its place and renamed once it is whole, so that a setup that was stopped leaves nothing that loads. */
import { existsSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { MARK_PATTERN, markOwner, ownMark } from '../base/locks/process-mark.ts';
import { isFolder, makeFolder } from '../base/make-folder.ts';
import { SETUP_RECORD } from '../runtime/tensorflow.ts';

/** Where this process makes a folder. */
const stageOf = (folder: string): string => `${resolve(folder)}.${ownMark()}.tmp`;

const STAGE_END = new RegExp(`^(${MARK_PATTERN})\\.tmp(\\.old)?$`);

/** Removes what runs that no longer live left beside a folder. */
export function removeStagedFolders(folder: string): void {
  const parent = dirname(folder);
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) return;
  const start = `${basename(folder)}.`;
  for (const name of readdirSync(parent)) {
    const mark = name.startsWith(start) ? STAGE_END.exec(name.slice(start.length))?.[1] : undefined;
    if (mark !== undefined && markOwner(mark) === 'dead') rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** @throws DataError where a folder's disk has less than `needed` bytes free */
export function requireSpace(folder: string, needed: number): void {
  let place = folder;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  if (bavail * bsize < needed)
    throw new DataError(
      `${folder}: ${(bavail * bsize * 1e-9).toFixed(1)} GB are free, about ${needed * 1e-9} GB are needed; free some space or name another --folder`,
    );
}

/** @throws UsageError for a folder that holds something, and no setup */
function refuseForeignFolder(folder: string): void {
  if (!isFolder(folder) || existsSync(join(folder, SETUP_RECORD))) return;
  if (readdirSync(folder).length > 0)
    throw new UsageError(`${folder} holds files that glz setup-gpu did not put there, and would be replaced; name another --folder`);
}

/**
 * Makes a folder: `fill` fills it beside its place and calls `finish` to put it there, in place of the setup that was there.
 * @throws UsageError where something else is there; DataError where it cannot be written
 */
export async function makeStaged<T>(folder: string, fill: (stage: string, finish: () => void) => Promise<T>): Promise<T> {
  refuseForeignFolder(folder);
  const stage = stageOf(folder);
  const unwritable = (error: unknown) => new DataError(`cannot write ${folder}: ${errorMessage(error)}; name another --folder`);
  try {
    makeFolder(stage);
  } catch (error) {
    throw unwritable(error);
  }
  const finish = () => {
    const old = `${stage}.old`;
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(stage, folder);
    rmSync(old, { recursive: true, force: true });
  };
  try {
    return await fill(stage, finish);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw unwritable(error);
    throw error;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Removes what this process has half made of a folder. */
export function abandonStaged(folder: string): void {
  rmSync(stageOf(folder), { recursive: true, force: true });
}
