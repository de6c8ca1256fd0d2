/**
 * A folder whose own name cannot be given to another one: a mounted one (a volume of a container), or one in a folder that the user cannot
 * write.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { syncFolder } from './files.ts';

/** Whether a folder is there and cannot be renamed: it is on another file system than the folder around it, or that cannot be written. */
export function staysInPlace(folder: string): boolean {
  const around = dirname(resolve(folder));
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return false;
  try {
    accessSync(around, constants.W_OK);
    return statSync(around).dev !== stats.dev;
  } catch {
    return true;
  }
}

/**
 * Writes new files into such a folder: each is whole or not there, and they come at the end, one after the other. What else is in the
 * folder stays. @throws the error of the system
 */
export function writeIntoFolder(folder: string, write: (temporary: string) => void): void {
  const temporary = join(folder, `.new.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    mkdirSync(temporary);
    write(temporary);
    syncFolder(temporary);
    for (const name of readdirSync(temporary).sort()) renameSync(join(temporary, name), join(folder, name));
    syncFolder(folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
