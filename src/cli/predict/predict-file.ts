/** `glz predict FILE`: records in, labelled records out, with progress, notes and what a signal does. */

import { existsSync, statSync } from 'node:fs';
import { DataError, UsageError } from '../../base/errors.ts';
import type { Classifier } from '../../classify/classifier.ts';
import { BALANCE_STRENGTH, BALANCE_TEXTS, type LabelBalance, measureLabelShares } from '../../classify/label-balance.ts';
import { loadClassifier } from '../../classify/load-classifier.ts';
import { gzipOutput, zstdOutput } from '../../classify/records/compressed-output.ts';
import { type Output, openOutput, refuseInputAsOutput } from '../../classify/records/output-file.ts';
import { checkLabels, predictRecords, scoringOptions } from '../../classify/records/predict-records.ts';
import { recordEstimate } from '../../classify/records/record-estimate.ts';
import { sampleTexts } from '../../classify/records/sample-texts.ts';
import { untilAborted } from '../../classify/records/until-aborted.ts';
import { CANDIDATE_FIELDS, TEXT_FIELDS } from '../../data/examples.ts';
import { compressionOfName, formatOfOutput } from '../../data/output-formats/index.ts';
import { JSONL } from '../../data/output-formats/jsonl.ts';
import type { OutputFormat, RecordWriter } from '../../data/output-formats/output-format.ts';
import { readRecords, sourceName } from '../../data/read-records.ts';
import { onInterrupt } from '../interrupts.ts';
import { startProgress } from '../progress.ts';
import { lookAt, noTexts, scriptNote } from '../script-notes.ts';
import { noteLine } from '../terminal.ts';
import { askerOf, NOTHING, noteOf, type PredictFlags } from './predict-flags.ts';

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
  labels: readonly string[],
  flags: PredictFlags,
  signal: AbortSignal,
): Promise<LabelBalance | undefined> {
  const records = readRecords(input, { ...readingOf(flags), only: textFieldsOf(flags), onBadLine: () => {} });
  const texts = await sampleTexts(untilAborted(records, signal), BALANCE_TEXTS, flags.textField);
  if (texts.length === 0 || signal.aborted) return undefined;
  const shares = await measureLabelShares(classifier, texts, labels, scoringOptions(flags));
  const note = noteOf(flags);
  const most = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 5);
  const shown = most.map((label) => `${labels[label]} ${Math.round(100 * shares[label])} %`).join(', ');
  note(`balance: over ${texts.length} texts ${shown}${labels.length > most.length ? ', ...' : ''}`);
  if (texts.length < FEW_TEXTS)
    note(`note: ${texts.length} texts say little about how often labels win; --balance is for files of ${FEW_TEXTS} and more`);
  return { shares, strength: BALANCE_STRENGTH };
}

/** Ends on a signal in the middle of things. What waits for a pipe by its name cannot be ended, and would keep process.exit waiting. */
function exitInterrupted(input: string, stopListening: () => void): never {
  stopListening();
  if (input !== '-' && !statSync(input, { throwIfNoEntry: false })?.isFile()) process.kill(process.pid, 'SIGINT');
  process.exit(130);
}

/** Where results go, and in which format. */
function openResults(flags: PredictFlags): { output: Output; format: OutputFormat; isWhole: boolean } {
  const format = formatOfOutput(flags.output, flags.outputFormat);
  if (flags.wide && !format.isTable) throw new UsageError('--wide is for tables: name --output FILE.csv, or say --output-format csv');
  if (flags.wide && flags.questions !== undefined) throw new UsageError('--wide is for labels: answers to --questions have one column');
  format.check?.();
  if (format.isWhole && flags.output === undefined && process.stdout.isTTY)
    throw new UsageError(`--output-format ${format.extension.slice(1)} is not for a terminal: name --output FILE, or pipe it on`);
  const compression = compressionOfName(flags.output);
  // Of these a file means nothing without its end.
  const isWhole = format.isWhole === true || compression === 'zstd';
  const output = openOutput(flags.output, isWhole ? 'parts' : format === JSONL && !compression ? 'lines' : 'records');
  if (compression === undefined) return { output, format, isWhole };
  try {
    return { output: compression === 'gzip' ? gzipOutput(output) : zstdOutput(output, `--output ${flags.output}`), format, isWhole };
  } catch (error) {
    output.discard();
    throw error;
  }
}

/**
 * Labels the records of a file or of stdin.
 * @param isImplicit whether nobody named stdin: then it has to hold something
 */
export async function predictFile(input: string, labels: string[] | undefined, flags: PredictFlags, isImplicit = false): Promise<void> {
  if (input !== '-' && !existsSync(input))
    throw new DataError(`${input}: no such file${/\s/.test(input) ? `; a text to label goes behind --text` : ''}`);
  refuseInputAsOutput(input, flags.output);
  const { output, format, isWhole } = openResults(flags);
  const note = noteOf(flags);
  const classifier = await loadClassifier(flags.checkpoint, { precision: flags.precision, threads: flags.threads, note }).catch(
    async (error: unknown) => {
      await output.keep();
      throw error;
    },
  );
  const progress = startProgress({ label: 'predict', unit: 'texts', quiet: flags.quiet });
  const stop = new AbortController();
  const stopListening = onInterrupt(() => {
    if (stop.signal.aborted) {
      progress.stop();
      if (isWhole) output.discard();
      else void output.keep(); // of a file that is done when it returns
      exitInterrupted(input, stopListening);
    }
    progress.note('stopping after this batch (again to stop at once)');
    stop.abort();
  });
  let done = 0;
  let cut = 0;
  let unreadable = 0;
  const seen = noTexts();
  let firstUnreadable = 0;
  let blank = 0;
  let firstBlank = 0;
  let skipped = 0;
  let missing = '';
  let isStopped = false;
  let firstSkipped: DataError | undefined;
  let results: RecordWriter | undefined;
  /** Ends early: the path of what is kept. */
  const keep = async (): Promise<string | undefined> => {
    if (!isWhole) return output.keep();
    if (done > 0) {
      await results?.end();
      return output.keep();
    }
    output.discard();
    return undefined;
  };
  const skip = (error: DataError) => {
    skipped++;
    firstSkipped ??= error;
    if (skipped <= 10) progress.note(`skipped: ${error.message}`);
  };
  const onBad = flags.onError === 'skip' ? skip : undefined;
  try {
    if (labels) await checkLabels(classifier, labels);
    const asker = await askerOf(classifier, flags);
    const balanced = labels ?? classifier.labels;
    if (flags.balance && !balanced) throw new UsageError('--balance needs the same labels for all records: --labels or --labels-file');
    if (flags.wide && !balanced) throw new UsageError('--wide needs the same labels for all records: --labels or --labels-file');
    const writer = format.open(output.write, { isMultiLabel: flags.multiLabel, ...(flags.wide ? { wide: balanced } : {}) });
    results = writer;
    const balance = flags.balance && balanced ? await balanceOf(classifier, input, balanced, flags, stop.signal) : undefined;
    const total = recordEstimate(input);
    const reading = { ...readingOf(flags), only: fieldsOf(flags), onBadLine: onBad, onBytes: total.onBytes, onTotal: total.onTotal };
    const records = total.counted(readRecords(input, reading));
    const labelled = predictRecords(classifier, records, {
      ...flags,
      balance,
      // What was balanced, and what has columns, is one set: records' own candidates would not fit it.
      labels: balance || flags.wide ? balanced : labels,
      defaultLabels: classifier.labels,
      asker,
      source: sourceName(input),
      signal: stop.signal,
      onBadRecord: onBad,
      onCut: (texts) => {
        cut += texts;
      },
      onUnreadable: (texts, line) => {
        if (unreadable === 0) firstUnreadable = line;
        unreadable += texts;
      },
      onText: (text, line) => lookAt(classifier, seen, text, line),
      onBlank: (texts, line) => {
        if (blank === 0) firstBlank = line;
        blank += texts;
      },
      onProgress: (texts) => {
        const estimate = total.estimate();
        if (estimate !== undefined) progress.setTotal(estimate);
        progress.update(texts);
      },
      onCutShort: (texts, of) => {
        missing = ` (of the last ${of} records ${texts} were done)`;
      },
    });
    for await (const record of labelled) {
      await writer.write(record);
      done++;
    }
    isStopped = stop.signal.aborted;
    // A file of which no record can be labelled is the wrong file.
    if (done === 0 && firstSkipped && !isStopped)
      throw flags.quiet ? firstSkipped : new DataError(`${sourceName(input)}: no record can be labelled, as said above`);
    if (done === 0 && isImplicit && !isStopped) throw new UsageError(NOTHING);
    await writer.end();
    results = undefined;
    const partial = isStopped ? await keep() : await output.finish();
    progress.update(done);
    if (!isStopped) progress.setTotal(done);
    progress.stop();
    if (done === 0 && !isStopped) note(`note: ${sourceName(input)} has no records`);
    if (cut > 0) note(`note: ${cut} of ${done} texts are longer than the model reads and were cut`);
    if (blank > 0) note(`note: ${blank} of ${done} texts are blank (the first on line ${firstBlank}) and got no labels`);
    if (unreadable > 0)
      note(
        `note: of ${unreadable} of ${done} texts the model can read nothing (empty, or characters that it does not know; the first on line ${firstUnreadable}): their labels mean nothing`,
      );
    const candidates = noTexts();
    for (const label of balanced ?? []) lookAt(classifier, candidates, label);
    const foreign = scriptNote(seen, candidates);
    if (foreign !== undefined) note(foreign);
    if (skipped > 0)
      note(
        `note: ${skipped === 1 ? '1 record was' : `${skipped} records were`} skipped${skipped > 10 ? ' (the first 10 are named above)' : ''}`,
      );
    if (isStopped) noteLine(`stopped after ${done} texts${missing}${partial === undefined ? '' : `; they are in ${partial}`}`);
  } catch (error) {
    progress.stop();
    const partial = await keep().catch(() => output.discard());
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
