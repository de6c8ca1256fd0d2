/** Folders: made where they are missing, and the user's own. */
import { mkdirSync, statSync } from 'node:fs';
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

/** The same, with the system's error where a file stands on the way. */
const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Makes a folder and those above it, where they are missing. Not by `mkdirSync` with `recursive`, which never returns where a file system
 * refuses a folder and denies that the one above is there (/proc).
 * @throws the error of the system
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !isThere(at); at = dirname(at)) {
    missing.push(at);
    if (dirname(at) === at) break;
  }
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process may have made it.
      if (!isThere(folder)) throw error;
    }
  }
}

/** The user's home folder; undefined where there is none: no HOME, and no entry in the system's list of users. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
