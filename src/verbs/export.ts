/** Exporting as the library and `glz export` call it: which checkpoint, and a folder that may be written. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../base/errors.ts';
import { foreignEntry } from '../base/whole-folders.ts';
import { localCheckpoint } from '../classify/load-classifier.ts';
import { EXPORT_NAMES, writeExport } from '../export/write-export.ts';
import { EXPORT_OPTIONS } from '../options/export.ts';
import type { ExportOptions } from './library-types.ts';

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

/**
 * Writes a checkpoint as ONNX files into the folder `output`, whole or not there.
 * @throws UsageError where the folder holds what no export wrote, or lies in the checkpoint's; DataError for a checkpoint that cannot be read
 */
export async function exportCheckpoint({ output, overwrite, note = () => {}, onGraph, ...options }: ExportOptions): Promise<void> {
  const { onProduct, onMade } = options;
  const { checkpoint = EXPORT_OPTIONS.checkpoint.default, precision = EXPORT_OPTIONS.precision.default } = options;
  if (existsSync(checkpoint)) refuseOverlap(output, checkpoint);
  checkOutput(output, overwrite);
  const folder = await localCheckpoint(checkpoint, note);
  // Neither may a run's link to a checkpoint elsewhere, or the cache of the hub, be what is replaced.
  refuseOverlap(output, folder);
  await writeExport(folder, output, precision === 'both' ? ['fp32', 'int8'] : [precision], {
    onGraph(file, place, graphs) {
      note(`${place} of ${graphs}: ${file} ...`);
      onGraph?.(file, place, graphs);
    },
    onProduct,
    onMade,
  });
}
