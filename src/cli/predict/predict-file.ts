/** `glz predict FILE`: records in, labelled records out, with progress, notes and what a signal does. */

import { existsSync, statSync } from 'node:fs';
import { DataError, UsageError } from '../../base/errors.ts';
import type { Classifier } from '../../classify/classifier.ts';
import { BALANCE_STRENGTH, BALANCE_TEXTS, type LabelBalance, measureLabelShares } from '../../classify/label-balance.ts';
import { gzipOutput, zstdOutput } from '../../classify/records/compressed-output.ts';
import { labelledRecord } from '../../classify/records/labelled-record.ts';
import { type Output, openOutput, refuseInputAsOutput } from '../../classify/records/output-file.ts';
import { checkLabels, predictRecords, scoringOptions } from '../../classify/records/predict-records.ts';
import { blockOf, withPlaces } from '../../classify/records/record-blocks.ts';
import { recordEstimate } from '../../classify/records/record-estimate.ts';
import { sampleTexts } from '../../classify/records/sample-texts.ts';
import { untilAborted } from '../../classify/records/until-aborted.ts';
import { hasRecord } from '../../classify/shards/shard.ts';
import { CANDIDATE_FIELDS, TEXT_FIELDS } from '../../data/examples.ts';
import { compressionOfName, formatOfOutput } from '../../data/output-formats/index.ts';
import { JSONL } from '../../data/output-formats/jsonl.ts';
import type { OutputFormat, RecordWriter } from '../../data/output-formats/output-format.ts';
import type { ParquetColumn } from '../../data/parquet/parquet-field.ts';
import { readRecords, sourceName } from '../../data/read-records.ts';
import type { RecordMember } from '../../data/record-members.ts';
import { type LabelSet, labelName, labelNames } from '../../text/label-texts.ts';
import { onInterrupt } from '../terminal/interrupts.ts';
import { startProgress } from '../terminal/progress.ts';
import { noteLine } from '../terminal/terminal.ts';
import { askerOf, labellingOf, NOTHING, noteOf, type PredictFlags } from './predict-flags.ts';
import { createTallies } from './record-tallies.ts';
import { openShard, shardOf } from './shard-run.ts';

/** Of fewer texts the shares of labels are mostly chance. */
const FEW_TEXTS = 50;

/** How the input is read. */
const readingOf = ({ format, delimiter, encoding, textField }: PredictFlags) => ({ format, delimiter, encoding, textField });

/** Fields that hold a text. */
const textFieldsOf = ({ textField }: PredictFlags): readonly string[] => (textField === undefined ? TEXT_FIELDS : [textField]);

/** Fields that are read of a record of which only the id is written; undefined: all. */
const fieldsOf = (flags: PredictFlags): string[] | undefined =>
  flags.idField === undefined ? undefined : [...textFieldsOf(flags), ...CANDIDATE_FIELDS, flags.idField];

/** Shares of the labels over texts of the whole file: it may be sorted. */
async function balanceOf(
  classifier: Classifier,
  input: string,
  { labels }: LabelSet,
  flags: PredictFlags,
  signal: AbortSignal,
): Promise<LabelBalance | undefined> {
  const records = readRecords(input, { ...readingOf(flags), only: textFieldsOf(flags), onBadLine: () => {} });
  const texts = await sampleTexts(untilAborted(records, signal), BALANCE_TEXTS, flags.textField);
  if (texts.length === 0 || signal.aborted) return undefined;
  const shares = await measureLabelShares(classifier, texts, labels, scoringOptions(flags));
  const note = noteOf(flags);
  const most = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 5);
  const shown = most.map((label) => `${labelName(labels[label])} ${Math.round(100 * shares[label])} %`).join(', ');
  note(`balance: over ${texts.length} texts ${shown}${labels.length > most.length ? ', ...' : ''}`);
  if (texts.length < FEW_TEXTS)
    note(`note: ${texts.length} texts say little about how often labels win; --balance is for files of ${FEW_TEXTS} and more`);
  return { shares, strength: BALANCE_STRENGTH };
}

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

/** The format of results. @throws UsageError where it does not fit what else is asked for */
function formatOfResults(flags: PredictFlags): OutputFormat {
  const format = formatOfOutput(flags.output, flags.outputFormat);
  if (flags.wide && !format.isTable) throw new UsageError('--wide is for tables: name --output FILE.csv, or say --output-format csv');
  if (flags.wide && flags.questions !== undefined) throw new UsageError('--wide is for labels: answers to --questions have one column');
  if (flags.explain && format.isTable)
    throw new UsageError('--explain gives each text a list of words, for which a table has no columns: write JSONL');
  format.check?.();
  if (format.isWhole && flags.output === undefined && process.stdout.isTTY)
    throw new UsageError(`--output-format ${format.extension.slice(1)} is not for a terminal: name --output FILE, or pipe it on`);
  return format;
}

/** An output as its file's name asks for it to be compressed. @throws DataError where that cannot be done; the output is then given up */
function compressed(output: Output, path: string | undefined): Output {
  const compression = compressionOfName(path);
  if (compression === undefined) return output;
  try {
    return compression === 'gzip' ? gzipOutput(output) : zstdOutput(output, `--output ${path}`);
  } catch (error) {
    output.discard?.();
    throw error;
  }
}

/**
 * Labels the records of a file or of stdin.
 * @param isImplicit whether nobody named stdin: then it has to hold something
 */
export async function predictFile(input: string, given: LabelSet | undefined, called: PredictFlags, isImplicit = false): Promise<void> {
  if (input !== '-' && !existsSync(input))
    throw new DataError(`${input}: no such file${/\s/.test(input) ? `; a text to label goes behind --text` : ''}`);
  refuseInputAsOutput(input, called.output);
  const format = formatOfResults(called);
  const shard = shardOf(input, format, called);
  const compression = compressionOfName(called.output);
  // Of these a file means nothing without its end.
  const isWhole = format.isWhole === true || compression === 'zstd';
  const pieces = isWhole ? 'parts' : format === JSONL && !compression ? 'lines' : 'records';
  // Locked before the model is loaded; a shard's file is of the model too.
  const whole = shard ? undefined : compressed(openOutput(called.output, pieces), called.output);
  const note = noteOf(called);
  const { classifier, flags, labels, tuned, checkOwn } = await labellingOf(called, given).catch(async (error: unknown) => {
    await whole?.keep();
    throw error;
  });
  /** Records that were read or passed over. */
  let places = 0;
  const part = shard
    ? await openShard(shard, input, classifier, labels, { ...flags, ...(tuned ? { thresholds: JSON.stringify(tuned) } : {}) }, () => ({
        input: places,
      })).catch(async (error: unknown) => {
        await classifier.dispose();
        throw error;
      })
    : undefined;
  const plain = whole ?? part;
  if (!plain) return classifier.dispose(); // the shard is complete
  const output: Output = whole ?? compressed(plain, flags.output);
  const isWanted = (place: number): boolean => {
    places = place + 1;
    return !shard || !part || (hasRecord(shard, place) && !part.isDone(blockOf(place)));
  };
  const progress = startProgress({ label: 'predict', unit: 'texts', quiet: flags.quiet });
  const stop = new AbortController();
  const stopListening = onInterrupt(() => {
    if (stop.signal.aborted) {
      progress.stop();
      if (isWhole) output.discard?.();
      else void output.keep(); // of a file that is done when it returns
      exitInterrupted(input, stopListening);
    }
    progress.note('stopping after this batch (again to stop at once)');
    stop.abort();
  });
  let done = 0;
  const tallies = createTallies(classifier);
  let skipped = 0;
  let missing = '';
  let isStopped = false;
  let firstSkipped: DataError | undefined;
  let writer: RecordWriter | undefined;
  /** Ends early: the path of what is kept. */
  const keep = async (): Promise<string | undefined> => {
    if (!isWhole) return output.keep();
    if (done > 0) {
      await writer?.end();
      return output.keep();
    }
    output.discard?.();
    return undefined;
  };
  const skip = (error: DataError) => {
    skipped++;
    firstSkipped ??= error;
    if (skipped <= 10) progress.note(`skipped: ${error.message}`);
  };
  const onBad = flags.onError === 'skip' ? skip : undefined;
  try {
    if (labels) await checkLabels(classifier, labels, flags.labelsFile);
    const asker = await askerOf(classifier, flags);
    const own = classifier.labels && { labels: classifier.labels };
    const balanced = labels ?? own;
    checkLevels(balanced, flags);
    if (flags.balance && !balanced) throw new UsageError('--balance needs the same labels for all records: --labels or --labels-file');
    if (flags.wide && !balanced) throw new UsageError('--wide needs the same labels for all records: --labels or --labels-file');
    const results = format.open(output.write, {
      isMultiLabel: flags.multiLabel,
      ...(flags.wide ? { wide: labelNames(balanced!.labels) } : {}),
    });
    writer = results;
    const balance = flags.balance && balanced ? await balanceOf(classifier, input, balanced, flags, stop.signal) : undefined;
    const total = recordEstimate(input, shard?.of);
    const onColumns = (columns: readonly ParquetColumn[]): void => {
      const own = flags.idField === undefined ? columns : columns.filter(({ name }) => name === flags.idField);
      const record = { line: 0, fields: {}, typed: { columns: own, values: own.map(() => null) } };
      results.empty?.(labelledRecord(record, { labels: [], scores: [] }));
    };
    const reading = {
      ...readingOf(flags),
      only: fieldsOf(flags),
      onBadLine: onBad,
      onBytes: total.onBytes,
      onTotal: total.onTotal,
      onColumns,
      isWanted,
    };
    const records = total.counted(withPlaces(readRecords(input, reading), isWanted));
    const how = {
      ...flags,
      balance,
      tuned,
      checkOwn,
      // What was balanced, and what has columns, is one set: records' own candidates would not fit it.
      labels: balance || flags.wide ? balanced : labels,
      defaultLabels: own,
      asker,
      source: sourceName(input),
    };
    const begin = async (record: RecordMember[]) => {
      await results.begin?.(record);
      await output.endBlock?.('header', 0);
    };
    let begun = 0;
    if (shard && format.isTable) {
      // Of every part the columns are those of the first result of all.
      const all = readRecords(input, { ...readingOf(flags), onBadLine: () => {} });
      for await (const first of predictRecords(classifier, all, { ...how, onBadRecord: () => {}, signal: stop.signal })) {
        await begin(first);
        break;
      }
    }
    const labelled = predictRecords(classifier, records, {
      ...how,
      signal: stop.signal,
      onBadRecord: onBad,
      ...tallies,
      onProgress: (texts) => {
        const estimate = total.estimate();
        if (estimate !== undefined) progress.setTotal(estimate);
        progress.update(texts);
      },
      onCutShort: (texts, of) => {
        missing = ` (of the last ${of} records ${texts} were done)`;
      },
      onBlock: async (block) => {
        await output.endBlock?.(block, done - begun);
        begun = done;
      },
    });
    for await (const record of labelled) {
      if (done === 0 && !shard) await begin(record);
      await results.write(record);
      done++;
    }
    isStopped = stop.signal.aborted;
    // A file of which no record can be labelled is the wrong file.
    if (done === 0 && firstSkipped && !isStopped && !shard)
      throw flags.quiet ? firstSkipped : new DataError(`${sourceName(input)}: no record can be labelled, as said above`);
    if (done === 0 && isImplicit && !isStopped) throw new UsageError(NOTHING);
    await results.end();
    writer = undefined;
    const partial = isStopped ? await keep() : await output.finish();
    progress.update(done);
    if (!isStopped) progress.setTotal(done);
    progress.stop();
    if (places === 0 && !isStopped) note(`note: ${sourceName(input)} has no records`);
    for (const line of tallies.notes(done, balanced?.labels ?? [])) note(line);
    if (skipped > 0)
      note(
        `note: ${skipped === 1 ? '1 record was' : `${skipped} records were`} skipped${skipped > 10 ? ' (the first 10 are named above)' : ''}`,
      );
    if (isStopped && shard) noteLine(`stopped; ${begun} texts of this run are kept, and the same command goes on behind them`);
    else if (isStopped) noteLine(`stopped after ${done} texts${missing}${partial === undefined ? '' : `; they are in ${partial}`}`);
  } catch (error) {
    progress.stop();
    const partial = await keep().catch(() => output.discard?.());
    if (partial !== undefined && error instanceof DataError)
      throw new DataError(`${error.message}; the ${done} texts before it are in ${partial}`);
    throw error;
  } finally {
    stopListening();
    await classifier.dispose();
  }
  // Not by the exit code alone: input that is still waited for would keep the process.
  if (isStopped) exitInterrupted(input, stopListening);
}
