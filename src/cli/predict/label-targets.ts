/** The outputs of a run of `glz predict`, one behind the other: what becomes of each, and of those that fail. */
import { existsSync } from 'node:fs';
import { DataError, UnwritableError, UsageError } from '../../base/errors.ts';
import { NoScoresError } from '../../classify/scorer.ts';
import type { OutputFormat } from '../../data/output-formats/output-format.ts';
import { sourceName } from '../../data/read-records.ts';
import { errorLine } from '../terminal/terminal.ts';
import type { FolderRun } from './folder-run.ts';
import { type LabellingRun, labelTarget, type PartWork } from './label-target.ts';
import { NOTHING } from './predict-flags.ts';
import { keepResults, openResults, type Results } from './results.ts';
import type { SkippedRecords } from './skipped-records.ts';
import type { Target } from './targets.ts';

/** An output, and how it is written. */
export type OpenTarget = Target & { format: OutputFormat };

/** Where a run is: what a signal or an error finds open. */
export interface Position {
  /** The input that is read. */
  input: string;
  /** The output that is open. */
  results?: Results;
  /** Outputs that are complete. */
  complete: number;
  /** What was wrong with files of a folder, of which there are no results. */
  failures: (DataError | UsageError)[];
}

/** What a run has beside its outputs. */
export interface Surroundings {
  skipped: SkippedRecords;
  /** The part that is written, of a shard. */
  work?: PartWork;
  /** Where each input has a file of its own in a folder. */
  folder?: FolderRun;
  /** Whether nobody named stdin. */
  isImplicit: boolean;
}

/** What became of the last output. */
export interface Ended {
  /** What is missing of its last records, in words; empty for nothing. */
  missing: string;
  /** The path of what is kept of it, where it was stopped. */
  partial?: string;
  /** The file that it took the place of. */
  replaced?: string;
}

/** A file of which no record can be labelled is the wrong file. */
function nothingLabelled(run: LabellingRun, { inputs }: Target, first: DataError, folder: FolderRun | undefined): DataError {
  const what = inputs.length > 1 ? `the ${inputs.length} inputs` : sourceName(inputs[0]);
  if (folder) return new DataError(`${what}: no record can be labelled; of the first: ${first.message}`);
  return run.flags.quiet ? first : new DataError(`${what}: no record can be labelled, as said above`);
}

/** Labels an output to its end, or until the run is stopped. */
async function labelOutput(
  run: LabellingRun,
  target: OpenTarget,
  at: Position,
  { skipped, folder, isImplicit }: Surroundings,
  work?: PartWork,
) {
  const results = at.results!;
  skipped.next();
  const missing = await labelTarget(run, target, results, work);
  const isStopped = run.stop.aborted;
  const before = work?.part.done ?? 0;
  if (results.done + before === 0 && skipped.first && !isStopped && (!work || folder))
    throw nothingLabelled(run, target, skipped.first, folder);
  if (run.done === 0 && isImplicit && !isStopped) throw new UsageError(NOTHING);
  await results.writer?.end();
  results.writer = undefined;
  const partial = isStopped ? await keepResults(results) : await results.output.finish().then(() => undefined);
  at.results = undefined;
  if (!isStopped) at.complete++;
  return { missing, partial, replaced: isStopped ? undefined : results.replaced };
}

/** Whether an error is of one file, and others may do better. */
const isOfFile = (error: unknown): error is DataError | UsageError =>
  (error instanceof DataError || error instanceof UsageError) && !(error instanceof UnwritableError) && !(error instanceof NoScoresError);

/** Gives a file of a folder up, and leaves nothing of it. */
function giveUp(error: DataError | UsageError, { output }: Target, at: Position): void {
  const earlier = at.results && existsSync(output!) ? `; ${output} stays as an earlier run left it` : '';
  at.results?.output.discard?.();
  at.results = undefined;
  at.failures.push(error instanceof UsageError ? new UsageError(error.message + earlier) : new DataError(error.message + earlier));
}

/**
 * Labels one output behind the other, until all are done or the run is stopped. A file of a folder that fails does not keep the others from it.
 * @throws as labelTarget; DataError for an output without any record that can be labelled
 */
export async function labelTargets(run: LabellingRun, targets: readonly OpenTarget[], at: Position, around: Surroundings): Promise<Ended> {
  let ended: Ended = { missing: '' };
  for (const target of targets) {
    if (run.stop.aborted) break;
    let { work } = around;
    try {
      if (around.folder) {
        at.input = target.inputs[0];
        work = await around.folder.open(target);
        if (!work) {
          run.estimate.pass(at.input);
          at.complete++;
          continue;
        }
        at.results = openResults(target.output, target.format, work.part);
      }
      ended = await labelOutput(run, target, at, around, work);
    } catch (error) {
      if (!around.folder || !isOfFile(error)) throw error;
      run.estimate.pass(at.input);
      giveUp(error, target, at);
    }
  }
  return ended;
}

/** Lists the files that failed. -> the error that ends the command, where there are any */
export function failureOf({ failures, complete }: Position, files: number): DataError | UsageError | undefined {
  if (failures.length === 0 || files === 1) return failures[0];
  for (const { message } of failures) errorLine(message);
  const others = complete === 0 ? '' : `; ${complete} ${complete === 1 ? 'is' : 'are'} complete`;
  const all = `${failures.length} of ${files} files failed, as said above${others}`;
  return failures.every((error) => error instanceof UsageError) ? new UsageError(all) : new DataError(all);
}
