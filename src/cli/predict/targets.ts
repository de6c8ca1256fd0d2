/** Which results go where: those of all inputs into one output, in order, or those of each into a file of its name in a folder. */
import { statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { isStream } from '../../base/files.ts';
import { checkWritable, isFolder, makeFolder, removeEmptyFolders } from '../../base/make-folder.ts';
import { refuseInputsAsOutputs } from '../../classify/records/output-file.ts';
import { missingInput } from './missing-input.ts';
import type { PredictFlags } from './predict-flags.ts';

/** An output, and the inputs whose results are written into it. */
export interface Target {
  inputs: readonly string[];
  /** Undefined for stdout. */
  output: string | undefined;
}

/** Whether an output is a folder: one that is there, or a name that says so. */
export const isFolderName = (output: string): boolean => output.endsWith('/') || isFolder(output);

/** Endings of inputs whose results have another one. */
const WRITTEN: Readonly<Record<string, string>> = {
  ...{ '.jsonl': '.jsonl', '.ndjson': '.ndjson', '.csv': '.csv', '.tsv': '.tsv', '.parquet': '.parquet' },
  ...{ '.json': '.jsonl', '.txt': '.jsonl', '.text': '.jsonl', '.tab': '.tsv', '.pq': '.parquet' },
};

/** What the results of an input are called in a folder: as the input, where its format can be written, else `NAME.jsonl`. */
function nameInFolder(input: string, said: string | undefined): string {
  const base = basename(input);
  const compression = /\.(?:gz|zst)$/i.exec(base)?.[0] ?? '';
  const plain = base.slice(0, base.length - compression.length);
  const ending = extname(plain);
  const written = WRITTEN[ending.toLowerCase()];
  const name = written === undefined ? plain : plain.slice(0, -ending.length);
  if (said !== undefined) return `${name}.${said}`;
  return written === ending.toLowerCase() ? base : `${name}${written ?? '.jsonl'}${compression}`;
}

/** A file of a folder for each input. @throws UsageError for inputs without a name, or with the same */
function targetsIn(folder: string, inputs: readonly string[], said: string | undefined): Target[] {
  const taken = new Map<string, string>();
  return inputs.map((input) => {
    if (input === '-') throw new UsageError(`--output ${folder}: not a file; name one (stdin has no name of its own in a folder)`);
    if (statSync(input, { throwIfNoEntry: false })?.isFile() === false)
      throw new UsageError(
        `--output ${folder}: not a file; name one (${input} is a pipe or a device, which has no name of its own in a folder)`,
      );
    const output = join(folder, nameInFolder(input, said));
    // File systems of macOS and Windows take names for the same that differ in case or in how an accent is written.
    const place = output.normalize().toLowerCase();
    const other = taken.get(place);
    if (other !== undefined)
      throw new UsageError(`${other} and ${input} would both be written to ${output}: name --output FILE for all, or label them apart`);
    taken.set(place, input);
    return { inputs: [input], output };
  });
}

/** Whether there is an input of this name. @throws DataError where that may not be looked at, or links lead in a circle, which is said of an input */
function isThere(input: string): boolean {
  try {
    return input === '-' || statSync(input) !== undefined;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw new DataError(`cannot read ${input}: ${errorMessage(error)}`);
    return false;
  }
}

/** @throws as missingInput for one that is not there; DataError for a folder, UsageError for stdin twice */
export function checkInputs(inputs: readonly string[], flags: PredictFlags): void {
  const missing = inputs.filter((input) => !isThere(input));
  if (missing.length > 0) throw missingInput(missing, inputs, flags);
  for (const input of inputs) {
    if (input !== '-' && isFolder(input)) throw new DataError(`${input} is a folder, not a file of records; name the files in it`);
  }
  if (inputs.filter((input) => input === '-').length > 1) throw new UsageError('- is stdin, which can be read only once');
}

/** A note on an output of several inputs that may have been meant for a folder. */
export function meantAsFolder(inputs: readonly string[], { output, outputFormat, shard, quiet }: PredictFlags): string | undefined {
  if (quiet || shard !== undefined || inputs.length < 2 || output === undefined) return undefined;
  if (isFolderName(output) || isStream(output) || extname(output) !== '' || outputFormat !== undefined) return undefined;
  return `note: the results of all ${inputs.length} inputs go into one file, ${output}; --output ${output}/ would be a folder with a file each`;
}

/** What is written where. */
export interface Targets {
  targets: Target[];
  /** Whether each input has a file of its own in a folder. */
  isFolder: boolean;
}

/**
 * What is written where.
 * @throws UsageError for outputs that are inputs, or the same for two of them
 */
export function targetsOf(inputs: readonly string[], { output, outputFormat, shard, overwrite }: PredictFlags): Targets {
  // The shards write one output, and refuse a folder.
  const isFolder = output !== undefined && isFolderName(output) && !shard;
  if (overwrite && !isFolder)
    throw new UsageError('--overwrite is for --output FOLDER/, whose files are else left alone once they are finished');
  const targets = isFolder ? targetsIn(output, inputs, outputFormat) : [{ inputs, output }];
  refuseInputsAsOutputs(
    inputs,
    targets.flatMap((target) => target.output ?? []),
  );
  return { targets, isFolder };
}

/** Looks whether a folder of outputs can be made, and written into; it is made with its first file. @throws DataError where not */
export function checkFolder(output: string): void {
  try {
    const made = makeFolder(output);
    try {
      checkWritable(output);
    } finally {
      removeEmptyFolders(made);
    }
  } catch (error) {
    throw new DataError(`cannot write into ${output}: ${errorMessage(error)}`);
  }
}
