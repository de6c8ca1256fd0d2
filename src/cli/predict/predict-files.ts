/** `glz predict FILES`: records in, labelled records out, with progress, notes and what a signal does. */

import { statSync } from 'node:fs';
import { DataError, UsageError } from '../../base/errors.ts';
import { checkLabels } from '../../classify/records/prepared-record.ts';
import { filesEstimate } from '../../classify/records/record-estimate.ts';
import { readsInput } from '../../classify/shards/shard.ts';
import { sourceName } from '../../data/read-records.ts';
import type { LabelSet } from '../../text/label-texts.ts';
import { onInterrupt } from '../terminal/interrupts.ts';
import { startProgress } from '../terminal/progress.ts';
import { noteLine } from '../terminal/terminal.ts';
import { labelTarget, type PartWork, type Run } from './label-target.ts';
import { askerOf, type Labelling, labellingOf, NOTHING, noteOf, type PredictFlags } from './predict-flags.ts';
import { balanceOf } from './reading.ts';
import { createTallies } from './record-tallies.ts';
import { formatOfResults, keepResults, openResults, type Results } from './results.ts';
import { openShard, shareOf } from './shard-run.ts';
import { makeFolderOf, targetsOf } from './targets.ts';

/** Malformed records that are named. */
const NAMED = 10;

/** Options that cannot be had of labels in levels. */
function checkLevels(labels: LabelSet | undefined, { balance, wide }: PredictFlags): void {
  if (!labels?.parents) return;
  if (balance) throw new UsageError('--balance is for one list of labels, not for labels in levels');
  if (wide) throw new UsageError('--wide is for one list of labels, not for labels in levels');
}

/** Ends on a signal in the middle of things. What waits for a pipe by its name cannot be ended, and would keep process.exit waiting. */
function exitInterrupted(input: string, stopListening: () => void): never {
  stopListening();
  if (input !== '-' && !statSync(input, { throwIfNoEntry: false })?.isFile()) process.kill(process.pid, 'SIGINT');
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
  const targets = targetsOf(inputs, called).map((target) => ({ ...target, format: formatOfResults(target.output, called) }));
  const [first] = targets;
  const share = shareOf(inputs, first.format, called);
  makeFolderOf(targets, called);
  // Locked before the model is loaded; a shard's file is of the model too.
  let results: Results | undefined = share ? undefined : openResults(first.output, first.format);
  const note = noteOf(called);
  const labelling = await labellingOf(called, given).catch(async (error: unknown) => {
    await results?.output.keep();
    throw error;
  });
  const { classifier, flags, labels, tuned } = labelling;
  let work: PartWork | undefined;
  if (share) {
    const places = inputs.map(() => null);
    const identified = { ...flags, ...(tuned ? { thresholds: JSON.stringify(tuned) } : {}) };
    const part = await openShard(share.shard, inputs, classifier, labels, identified, () => ({ inputs: places })).catch(
      async (error: unknown) => {
        await classifier.dispose();
        throw error;
      },
    );
    if (!part) return classifier.dispose(); // the shard is complete
    work = { part, share, places };
    results = openResults(flags.output, first.format, part);
  }
  const progress = startProgress({ label: 'predict', unit: 'texts', quiet: flags.quiet });
  const stop = new AbortController();
  let input = inputs[0];
  const stopListening = onInterrupt(() => {
    if (stop.signal.aborted) {
      progress.stop();
      if (results?.isWhole) results.output.discard?.();
      else void results?.output.keep(); // of a file that is done when it returns
      exitInterrupted(input, stopListening);
    }
    progress.note('stopping after this batch (again to stop at once)');
    stop.abort();
  });
  let skipped = 0;
  let firstSkipped: DataError | undefined;
  const skip = (error: DataError) => {
    skipped++;
    firstSkipped ??= error;
    if (skipped <= NAMED) progress.note(`skipped: ${error.message}`);
  };
  const tallies = createTallies(classifier);
  let complete = 0;
  try {
    const { how, shared } = await howOf(labelling, inputs, stop.signal);
    const read = share ? inputs.filter((_, at) => readsInput(share, at)) : inputs;
    const run: Run = {
      ...{ classifier, flags, how, shared, tallies, progress, stop: stop.signal },
      estimate: filesEstimate(read, share && !share.owners ? share.shard.of : 1),
      hasSeveral: inputs.length > 1,
      onBad: flags.onError === 'skip' ? skip : undefined,
      onInput: (next) => {
        input = next;
      },
      ...{ done: 0, empty: [] },
    };
    let ended = { whole: 0, missing: '', partial: undefined as string | undefined };
    for (const target of targets) {
      results ??= openResults(target.output, target.format);
      const skippedBefore = skipped;
      const labelled = await labelTarget(run, target, results, work);
      const isStopped = stop.signal.aborted;
      // A file of which no record can be labelled is the wrong file.
      if (results.done === 0 && skipped > skippedBefore && !isStopped && !share) {
        const what = target.inputs.length > 1 ? `the ${target.inputs.length} inputs` : sourceName(target.inputs[0]);
        throw flags.quiet ? firstSkipped! : new DataError(`${what}: no record can be labelled, as said above`);
      }
      if (run.done === 0 && isImplicit && !isStopped) throw new UsageError(NOTHING);
      await results.writer?.end();
      results.writer = undefined;
      ended = { ...labelled, partial: isStopped ? await keepResults(results) : await results.output.finish().then(() => undefined) };
      results = undefined;
      if (isStopped) break;
      complete++;
    }
    const isStopped = stop.signal.aborted;
    progress.update(run.done);
    if (!isStopped) progress.setTotal(run.done);
    progress.stop();
    if (!isStopped) for (const name of run.empty) note(`note: ${name} has no records`);
    for (const line of tallies.notes(run.done, shared?.labels ?? [])) note(line);
    if (skipped > 0)
      note(
        `note: ${skipped === 1 ? '1 record was' : `${skipped} records were`} skipped${skipped > NAMED ? ` (the first ${NAMED} are named above)` : ''}`,
      );
    if (isStopped && share) noteLine(`stopped; ${ended.whole} texts of this run are kept, and the same command goes on behind them`);
    else if (isStopped) {
      const files = targets.length > 1 ? `; ${complete} of ${targets.length} files are complete` : '';
      const kept = ended.partial === undefined ? '' : `; ${targets.length > 1 ? 'those of the next' : 'they'} are in ${ended.partial}`;
      noteLine(`stopped after ${run.done} texts${ended.missing}${files}${kept}`);
    }
  } catch (error) {
    progress.stop();
    const open = results;
    const partial = open && (await keepResults(open).catch(() => open.output.discard?.()));
    const files = complete > 0 ? `; of the files before it ${complete} ${complete === 1 ? 'is' : 'are'} complete` : '';
    if (error instanceof DataError && (partial !== undefined || files !== ''))
      throw new DataError(
        `${error.message}${partial === undefined ? '' : `; the ${open!.done} texts before it are in ${partial}`}${files}`,
      );
    throw error;
  } finally {
    stopListening();
    await classifier.dispose();
  }
  // Not by the exit code alone: input that is still waited for would keep the process.
  if (stop.signal.aborted) exitInterrupted(input, stopListening);
}
