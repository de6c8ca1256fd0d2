/** `glz init`: a settings file of `glz train` to begin with. */
import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import type { Filled } from '../options/declaration.ts';
import { INIT_FLAGS } from '../options/init.ts';
import { readSettingsFile } from '../train/settings.ts';
import { starterSettings } from '../train/starter-settings.ts';
import { presetPath } from '../verbs/presets.ts';
import { addFlags } from './flags.ts';
import { noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  Settings for a table of your own, then training with them:
    $ glz init --data tickets.csv
    $ glz train --config glz.yaml --output runs/tickets`;

function run(file: string, { data }: Filled<typeof INIT_FLAGS>): void {
  if (existsSync(file)) throw new UsageError(`${file} is there already; name another file: glz init FILE`);
  const missing = data.find((path) => !existsSync(path));
  if (missing !== undefined) throw new DataError(`--data ${missing}: no such file`);
  const folder = dirname(resolve(file));
  const paths = data.length ? data.map((path) => relative(folder, resolve(path))) : ['my-data.csv'];
  try {
    writeFileAtomically(file, starterSettings(paths, readSettingsFile(presetPath('train', 'few-shot')), file));
  } catch (error) {
    throw new DataError(`cannot write ${file}: ${errorMessage(error)}`);
  }
  noteLine(`${file} is written${data.length ? '' : ': name your data in it'}; then: glz train --config ${file} --output runs/own`);
}

/** The command's definition. */
export function command(): Command {
  const init = new Command('init')
    .description('Write a commented settings file of glz train, for your labels and your data.')
    .argument('[file]', 'settings file to write', 'glz.yaml');
  return addFlags(init, INIT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: Filled<typeof INIT_FLAGS>) => run(file, flags));
}
