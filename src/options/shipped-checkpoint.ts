/** Where the checkpoints are that are known by a name: those that come with the package, and those that are packages of their own. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '../base/errors.ts';

const FOLDERS = new URL('../../checkpoints/', import.meta.url);

/** Names of the checkpoints that ship: the one that is used unless another is named, and a larger one. A folder of such a name in the working directory goes first. */
export const SHIPPED_CHECKPOINTS = ['glz-mini', 'glz-small'] as const;

/** Checkpoints that are too large to come with glz for everyone: npm packages that hold the folder. */
const PACKAGES: Readonly<Record<string, string>> = { 'glz-multi': 'gliznet-glz-multi' };

/** All names that checkpoints are known by. */
export const CHECKPOINT_NAMES: readonly string[] = [...SHIPPED_CHECKPOINTS, ...Object.keys(PACKAGES)];

const folderOf = (name: string): string => fileURLToPath(new URL(name, FOLDERS));

/** Folder of the checkpoint that is used where none is named. */
export const SHIPPED_CHECKPOINT = folderOf(SHIPPED_CHECKPOINTS[0]);

/** Folder of a package that was installed beside glz, or in the project that the command is run in; undefined where it is in neither. */
function installedFolder(name: string): string | undefined {
  const places = [import.meta.url, join(process.cwd(), 'package.json')].flatMap((from) => createRequire(from).resolve.paths(name) ?? []);
  // Not resolved as a module: its package.json is none of ours to read, and may be damaged.
  const folders = places.map((place) => join(place, name)).filter((folder) => existsSync(folder));
  // One that is there without its files says so by its path, where no other has them.
  return folders.find((folder) => existsSync(join(folder, 'config.json'))) ?? folders[0];
}

/**
 * The folder of the checkpoint that is known by a name; undefined for any other name.
 * @throws DataError where it is a package of its own that is not installed
 */
export function shippedFolder(name: string): string | undefined {
  if (SHIPPED_CHECKPOINTS.some((shipped) => shipped === name)) return folderOf(name);
  if (!Object.hasOwn(PACKAGES, name)) return undefined;
  // In a checkout, once its weights are there.
  const own = folderOf(name);
  const folder = existsSync(join(own, 'config.json')) ? own : installedFolder(PACKAGES[name]);
  if (folder === undefined)
    throw new DataError(`${name} is a package of its own: npm install ${PACKAGES[name]} (with -g where glz was installed so)`);
  return folder;
}
