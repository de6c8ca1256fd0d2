/** `glz predict FILES`: records in, labelled records out, with progress, notes and what a signal does. */

import { DataError, UsageError } from '../../base/errors.ts';
import { statsOf } from '../../base/files.ts';
import { checkLabels } from '../../classify/records/prepared-record.ts';
import { filesEstimate } from '../../classify/records/record-estimate.ts';
import { readsInput, type Share } from '../../classify/shards/shard.ts';
import type { LabelSet } from '../../text/label-texts.ts';
import { onInterrupt } from '../terminal/interrupts.ts';
import { type Progress, startProgress } from '../terminal/progress.ts';
import { noteLine } from '../terminal/terminal.ts';
import { folderRun } from './folder-run.ts';
import type { LabellingRun, PartWork } from './label-target.ts';
import { type Ended, failureOf, labelTargets, type OpenTarget, type Position, type Surroundings } from './label-targets.ts';
import { askerOf, type Labelling, labellingOf, noteOf, type PredictFlags } from './predict-flags.ts';
import { balanceOf, checkBeginnings } from './reading.ts';
import { createTallies } from './record-tallies.ts';
import { formatOfResults, keepResults, linesInJson, lostLabels, openResults, type Results } from './results.ts';
import { openShardPart, shareOf } from './shard-run.ts';
import { createSkippedRecords } from './skipped-records.ts';
import { checkFolder, meantAsFolder, targetsOf } from './targets.ts';

/** Options that cannot be had of labels in levels. */
function checkLevels(labels: LabelSet | undefined, { balance, wide }: PredictFlags): void {
  if (!labels?.parents) return;
  if (balance) throw new UsageError('--balance is for one list of labels, not for labels in levels');
  if (wide) throw new UsageError('--wide is for one list of labels, not for labels in levels');
}

/** Ends on a signal in the middle of things. What waits for a pipe by its name cannot be ended, and would keep process.exit waiting. */
function exitInterrupted(input: string, stopListening: () => void): never {
  stopListening();
  if (input !== '-' && !statsOf(input)?.isFile()) process.kill(process.pid, 'SIGINT');
  process.exit(130);
}

/** How all records are labelled. @throws UsageError for options that do not go with the labels, DataError for labels that the model cannot read */
async function howOf({ classifier, flags, labels, tuned, checkOwn }: Labelling, inputs: readonly string[], signal: AbortSignal) {
  if (labels) await checkLabels(classifier, labels, flags.labelsFile);
  const asker = await askerOf(classifier, flags);
  const own = classifier.labels && { labels: classifier.labels };
  const shared = labels ?? own;
  checkLevels(shared, flags);
  if (flags.balance && !shared) throw new UsageError('--balance needs the same labels for all records: --labels or --labels-file');
  if (flags.wide && !shared) throw new UsageError('--wide needs the same labels for all records: --labels or --labels-file');
  const balance = flags.balance && shared ? await balanceOf(classifier, inputs, shared, flags, signal) : undefined;
  // What was balanced, and what has columns, is one set: records' own candidates would not fit it.
  const ofAll = balance || flags.wide ? shared : labels;
  return { how: { ...flags, balance, tuned, checkOwn, labels: ofAll, defaultLabels: own, asker }, shared };
}

/** Ends the run behind the batch at the first signal, the process at the second. */
function stopOnSignals(at: Position, progress: Progress): { stop: AbortSignal; stopListening: () => void } {
  const stop = new AbortController();
  const stopListening = onInterrupt(() => {
    if (stop.signal.aborted) {
      progress.stop();
      if (at.results?.isWhole) at.results.output.discard?.();
      else void at.results?.output.keep(); // of a file that is done when it returns
      exitInterrupted(at.input, stopListening);
    }
    progress.note('stopping after this batch (again to stop at once)');
    stop.abort();
  });
  return { stop: stop.signal, stopListening };
}

/** Says what was noticed, and, of a run that was stopped, what there is of it. */
function sayEnd(run: LabellingRun, ended: Ended, { skipped, folder, work }: Surroundings, { complete }: Position, files: number): void {
  const { progress, done, stop } = run;
  const note = noteOf(run.flags);
  progress.update(done);
  if (!stop.aborted) progress.setTotal(done);
  progress.stop();
  if (!stop.aborted) for (const name of run.empty) note(`note: ${name} has no records`);
  for (const line of run.tallies.notes(done, run.shared?.labels ?? [])) note(line);
  const left = skipped.note();
  if (left !== undefined) note(left);
  for (const line of folder?.notes(files) ?? []) note(`note: ${line}`);
  if (ended.replaced !== undefined) note(`note: replaced ${ended.replaced}, which was there before`);
  if (!stop.aborted) return;
  const whole = folder ? `; ${complete} of ${files} files are complete` : '';
  const kept = ended.partial === undefined ? '' : `; they are in ${ended.partial}`;
  if (work || folder) noteLine(`stopped; ${run.whole} texts of this run are kept, and the same command goes on behind them${whole}`);
  else noteLine(`stopped after ${done} texts${ended.missing}${kept}`);
}

/** Keeps what there is of the output that is open. -> the error, which says where that is */
async function keptError(error: unknown, { results, complete }: Position): Promise<unknown> {
  const partial = results && (await keepResults(results).catch(() => results.output.discard?.()));
  const files = complete > 0 ? `; of the files before it ${complete} ${complete === 1 ? 'is' : 'are'} complete` : '';
  const isOf = [UsageError, DataError].find((kind) => error instanceof kind);
  if (!isOf || (partial === undefined && files === '')) return error;
  const kept = partial === undefined ? '' : `; the ${results!.done} texts before it are in ${partial}`;
  return new isOf(`${(error as Error).message}${kept}${files}`);
}

/** What results are written into, where that does not hang on the model: locked before it is loaded. */
function openBeforehand({ output, format }: OpenTarget, share: Share | undefined, isFolder: boolean): Results | undefined {
  return share || isFolder ? undefined : openResults(output, format);
}

/**
 * Labels the records of files or of stdin, in order.
 * @param isImplicit whether nobody named stdin: then it has to hold something
 */
export async function predictFiles(
  inputs: readonly string[],
  given: LabelSet | undefined,
  called: PredictFlags,
  isImplicit = false,
): Promise<void> {
  const { targets: plain, isFolder } = targetsOf(inputs, called);
  const targets = plain.map((target) => ({ ...target, format: formatOfResults(target.output, called) }));
  const [first] = targets;
  const share = shareOf(inputs, first.format, called);
  // Of several files of a folder one that cannot be read keeps the others from nothing.
  if (!isFolder || inputs.length === 1) await checkBeginnings(inputs, called);
  if (isFolder) checkFolder(called.output!);
  const at: Position = { input: inputs[0], complete: 0, failures: [], results: openBeforehand(first, share, isFolder) };
  const labelling = await labellingOf(called, given).catch(async (error: unknown) => {
    await at.results?.output.keep();
    throw error;
  });
  const { classifier, flags } = labelling;
  for (const line of [meantAsFolder(inputs, flags), lostLabels(first.format, flags), linesInJson(first.format, flags)])
    if (line !== undefined) noteLine(line);
  let work: PartWork | undefined;
  if (share) {
    work = await openShardPart(share, inputs, labelling);
    if (!work) return classifier.dispose(); // the shard is complete
    at.results = openResults(flags.output, first.format, work.part);
  }
  const progress = startProgress({ label: 'predict', unit: 'texts', quiet: flags.quiet });
  const { stop, stopListening } = stopOnSignals(at, progress);
  const skipped = createSkippedRecords(progress);
  const tallies = createTallies(classifier);
  let failure: Error | undefined;
  try {
    const { how, shared } = await howOf(labelling, inputs, stop);
    const read = share ? inputs.filter((_, input) => readsInput(share, input)) : inputs;
    const run: LabellingRun = {
      ...{ classifier, flags, how, shared, tallies, progress, stop },
      estimate: filesEstimate(read, share && !share.owners ? share.shard.of : 1),
      hasSeveral: inputs.length > 1,
      onBad: flags.onError === 'skip' ? skipped.skip : undefined,
      onInput: (next) => {
        at.input = next;
      },
      ...{ done: 0, whole: 0, empty: [] },
    };
    const around: Surroundings = { skipped, work, isImplicit, folder: isFolder ? folderRun(inputs, labelling) : undefined };
    const ended = await labelTargets(run, targets, at, around);
    sayEnd(run, ended, around, at, targets.length);
    failure = failureOf(at, targets.length);
  } catch (error) {
    progress.stop(true);
    failureOf(at, targets.length);
    throw await keptError(error, at);
  } finally {
    stopListening();
    await classifier.dispose();
  }
  // Not by the exit code alone: input that is still waited for would keep the process.
  if (stop.aborted) exitInterrupted(at.input, stopListening);
  if (failure) throw failure;
}
