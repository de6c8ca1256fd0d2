/** `glz export`: options and messages; the work is in src/export/export-checkpoint.ts. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../base/errors.ts';
import { foreignEntry } from '../base/whole-folders.ts';
import { localCheckpoint } from '../classify/load-classifier.ts';
import { EXPORT_NAMES, exportCheckpoint } from '../export/export-checkpoint.ts';
import type { Filled } from '../options/declaration.ts';
import { EXPORT_FLAGS } from '../options/export.ts';
import { addFlags } from './flags.ts';
import { formatDuration, type Progress, startProgress } from './progress.ts';
import { noteLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  The shipped checkpoint:
    $ glz export --output glz-onnx
  A checkpoint of your own, 8-bit only:
    $ glz export --checkpoint runs/mine --output mine-onnx --precision int8

The folder gets model.onnx and model_int8.onnx, the tokenizer, an example with its logits, and a README on inputs and outputs.`;

type ExportFlags = Filled<typeof EXPORT_FLAGS>;

/** Where a path leads, links followed as far as it is there. */
function realPath(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? realpathSync(whole) : join(realPath(dirname(whole)), basename(whole));
}

/** Whether a path is a folder or lies in it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** @throws UsageError where writing the output could replace the checkpoint or a part of its run */
function refuseOverlap(output: string, checkpoint: string): void {
  const [to, from] = [realPath(output), realPath(checkpoint)];
  if (isWithin(to, from) || isWithin(from, to))
    throw new UsageError(`--output ${output} and the checkpoint ${checkpoint} lie in each other; name a folder elsewhere`);
}

function checkOutput(output: string, overwrite = false): void {
  if (!existsSync(output)) return;
  if (!statSync(output).isDirectory()) throw new UsageError(`${output} is a file; --output names a folder`);
  if (readdirSync(output).length === 0) return;
  if (!overwrite) throw new UsageError(`${output} is not empty; --overwrite replaces an export`);
  const foreign = foreignEntry(output, EXPORT_NAMES);
  if (foreign !== undefined || !existsSync(join(output, 'example.json')))
    throw new UsageError(
      `${output} ${foreign === undefined ? 'is no export' : `holds ${foreign}, which no export wrote`}; --overwrite replaces an export only: name another folder`,
    );
}

const size = (bytes: number): string => (bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`);

async function run({ checkpoint, output, precision, overwrite, quiet }: ExportFlags): Promise<void> {
  if (existsSync(checkpoint)) refuseOverlap(output, checkpoint);
  checkOutput(output, overwrite);
  const note = (line: string): void => {
    if (!quiet) noteLine(line);
  };
  const folder = await localCheckpoint(checkpoint, note);
  // Neither may a run's link to a checkpoint elsewhere, or the cache of the hub, be what is replaced.
  refuseOverlap(output, folder);
  const began = performance.now();
  let counter: Progress | undefined;
  let where = '';
  try {
    await exportCheckpoint(folder, output, precision === 'both' ? ['fp32', 'int8'] : [precision], {
      onGraph(file, place, graphs) {
        where = `${place} of ${graphs}: ${file}`;
        note(`${where} ...`);
      },
      onProduct(done, products) {
        counter ??= startProgress({ label: 'tried in 8 bits', unit: 'products', total: products, quiet });
        counter.update(done);
      },
      onMade(_, bytes, seconds) {
        counter?.stop();
        counter = undefined;
        note(`${where}, ${size(bytes)}, made in ${formatDuration(seconds)}`);
      },
    });
  } finally {
    counter?.stop();
  }
  note(`exported to ${output} in ${formatDuration((performance.now() - began) / 1000)}; its README.md says how to run it`);
}

/** The command's definition. */
export function command(): Command {
  return addFlags(new Command('export').description('Write a checkpoint as ONNX files for other runtimes.'), EXPORT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((flags: ExportFlags) => run(flags));
}
