/** Folders: made where they are missing, and the user's own. */
import { accessSync, constants, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';

/** Whether there is a folder at this path: none where a file stands on the way to it, or nothing may be looked at. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Whether something stands at this path that no folder can be made of: not a link to nothing, of which the system tells. */
function isFileAt(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Refuses a folder that is there and cannot be written into, or not by this path. @throws the error of the system */
export function checkWritable(folder: string): void {
  if (isFolder(resolve(folder))) accessSync(folder, constants.W_OK);
}

/** Removes folders as {@link makeFolder} made them, the innermost first, up to one that holds something. */
export function removeEmptyFolders(made: readonly string[]): void {
  try {
    for (const folder of [...made].reverse()) rmdirSync(folder);
  } catch {
    // Somebody has put something into it, or it is gone already.
  }
}

/**
 * Makes a folder and those above it, where they are missing, or none of them. Not by `mkdirSync` with `recursive`, which never returns where
 * a file system refuses a folder and denies that the one above is there (/proc).
 * @returns what was made, the outermost first: for {@link removeEmptyFolders} of a run that then writes nothing
 * @throws the error of the system; of a file that stands on the way, one that names it
 */
export function makeFolder(path: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) {
    if (isFileAt(at)) throw new Error(`${at} is no folder`);
    missing.push(at);
    if (dirname(at) === at) break;
  }
  const made: string[] = [];
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
      made.push(folder);
    } catch (error) {
      // Another process may have made it.
      if (isFolder(folder)) continue;
      removeEmptyFolders(made);
      throw error;
    }
  }
  return made;
}

/** The user's home folder; undefined where there is none: no HOME, and no entry in the system's list of users. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
