/** Presets that come with the package, by name. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../base/errors.ts';

const configs = fileURLToPath(new URL('../../configs/', import.meta.url));

/** Names of the presets of a command. */
export const presetNames = (kind: string): string[] =>
  existsSync(join(configs, kind)) ? readdirSync(join(configs, kind)).map((name) => name.replace(/\.yaml$/, '')) : [];

/**
 * Path of a settings file: the file itself, or a preset of `configs/<kind>` by its name.
 * @throws UsageError naming the presets there are.
 */
export function presetPath(kind: 'train' | 'generate' | 'eval', nameOrFile: string): string {
  if (existsSync(nameOrFile)) return nameOrFile;
  const preset = join(configs, kind, `${nameOrFile}.yaml`);
  if (basename(nameOrFile) === nameOrFile && existsSync(preset)) return preset;
  throw new UsageError(`no settings file ${nameOrFile}, and no preset of this name; presets: ${presetNames(kind).join(', ')}`);
}
