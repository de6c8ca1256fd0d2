/**
 * Folders that are whole or not there: written beside their place, flushed, renamed. Of what was there before, only files of names that
 * their writer gives are removed: what somebody else put beside them stays.
 */
import { existsSync, lstatSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DataError, errorMessage } from './errors.ts';
import { syncFolder, temporaryName, temporaryOf } from './files.ts';
import { markOwner } from './locks/process-mark.ts';
import { makeFolder, removeEmptyFolders } from './make-folder.ts';
import { staysInPlace, writeIntoFolder } from './write-into-folder.ts';

/** Names of files, each of which may be removed from a folder. */
export type OwnNames = ReadonlySet<string>;

/** Removes files of these names, also half-written ones, from a folder, and the folder once it is empty. Of a link the link. */
function removeOwnFiles(folder: string, names: OwnNames): void {
  if (lstatSync(folder).isSymbolicLink()) {
    rmSync(folder);
    return;
  }
  for (const name of readdirSync(folder))
    if (names.has(temporaryOf(name)?.target ?? name) && !lstatSync(join(folder, name)).isDirectory()) rmSync(join(folder, name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Removes a folder that was renamed from `place`, but for what is not of these names, which goes back there. */
function discard(old: string, place: string, names: OwnNames): void {
  removeOwnFiles(old, names);
  if (!existsSync(old)) return;
  if (!existsSync(place)) {
    renameSync(old, place);
    return;
  }
  for (const name of readdirSync(old)) if (!existsSync(join(place, name))) renameSync(join(old, name), join(place, name));
  if (readdirSync(old).length === 0) rmdirSync(old);
}

/** Removes a folder of such files: a kill at any moment leaves it whole, or under a name that {@link removeLeftFolders} knows. */
export function removeFolder(folder: string, names: OwnNames): void {
  const old = temporaryName(resolve(folder));
  renameSync(folder, old);
  discard(old, folder, names);
}

/**
 * Puts a folder of new files in its place: written beside it, flushed, renamed. Into one that cannot be renamed (a mounted one) its files
 * are put one after the other.
 * @param names files that this or an earlier folder in this place may consist of
 * @throws DataError when it cannot be written
 */
export function writeFolderAtomically(folder: string, names: OwnNames, write: (temporary: string) => void): void {
  const temporary = temporaryName(resolve(folder));
  let made: string[] = [];
  try {
    if (staysInPlace(folder)) {
      writeIntoFolder(folder, write);
      return;
    }
    made = makeFolder(dirname(temporary));
    makeFolder(temporary);
    write(temporary);
    syncFolder(temporary);
    if (existsSync(folder)) {
      const old = `${temporary}.old`;
      renameSync(folder, old);
      try {
        renameSync(temporary, folder);
      } catch (error) {
        renameSync(old, folder);
        throw error;
      }
      discard(old, folder, names);
    } else renameSync(temporary, folder);
    syncFolder(dirname(resolve(folder)));
  } catch (error) {
    // Below a file even that is an error.
    if (existsSync(temporary)) rmSync(temporary, { recursive: true });
    removeEmptyFolders(made);
    if (error instanceof DataError) throw error;
    throw new DataError(`cannot write ${folder}: ${errorMessage(error)}`);
  }
}

/**
 * Tidies what killed processes left of {@link writeFolderAtomically}, {@link removeFolder} and atomically written files in a folder which
 * only the caller writes: what was half written goes; a folder that was moved away while its successor was written comes back.
 * @param namesOf files that the folder or file of a name may consist of; undefined for names that are none of the caller's
 */
export function removeLeftFolders(parent: string, namesOf: (name: string) => OwnNames | undefined): void {
  if (!existsSync(parent)) return;
  for (const entry of readdirSync(parent).sort()) {
    const isOld = entry.endsWith('.old');
    const found = temporaryOf(isOld ? entry.slice(0, -'.old'.length) : entry);
    const names = found && namesOf(found.target);
    if (!found || !names || ['own', 'running'].includes(markOwner(found.mark))) continue;
    const [path, place] = [join(parent, entry), join(parent, found.target)];
    if (!lstatSync(path).isDirectory()) rmSync(path);
    // Moved away whole; its files are removed only once its successor is in its place.
    else if (isOld && !existsSync(place)) renameSync(path, place);
    else discard(path, place, names);
  }
}

/** The first entry of a folder that is none of these names. */
export const foreignEntry = (folder: string, names: OwnNames): string | undefined =>
  readdirSync(folder).find((name) => !names.has(temporaryOf(name)?.target ?? name));
