/** `glz predict`: options, wiring and messages; the work is in src/classify. */

import { existsSync, fstatSync, statSync } from 'node:fs';
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import type { Classifier } from '../classify/classifier.ts';
import { BALANCE_STRENGTH, BALANCE_TEXTS, type LabelBalance, measureLabelShares } from '../classify/label-balance.ts';
import { loadClassifier } from '../classify/load-classifier.ts';
import { type Asker, createAsker } from '../classify/questions/decide.ts';
import type { Answers } from '../classify/questions/questions.ts';
import { gzipOutput } from '../classify/records/gzip-output.ts';
import { type Output, openOutput, refuseInputAsOutput } from '../classify/records/output-file.ts';
import { checkLabels, predictRecords, rankLabels, scoringOptions } from '../classify/records/predict-records.ts';
import { recordEstimate } from '../classify/records/record-estimate.ts';
import { sampleTexts } from '../classify/records/sample-texts.ts';
import { untilAborted } from '../classify/records/until-aborted.ts';
import { parseLabels } from '../data/label-list.ts';
import { formatOfOutput, isGzipName } from '../data/output-formats/index.ts';
import { JSONL } from '../data/output-formats/jsonl.ts';
import { LABEL_LINES } from '../data/output-formats/label-lines.ts';
import type { OutputFormat } from '../data/output-formats/output-format.ts';
import { readRecords, sourceName } from '../data/read-records.ts';
import { membersOf } from '../data/record-members.ts';
import type { Filled } from '../options/declaration.ts';
import { kebabCase } from '../options/names.ts';
import { PREDICT_FLAGS } from '../options/predict.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './interrupts.ts';
import { startProgress } from './progress.ts';
import { lookAt, noTexts, scriptNote } from './script-notes.ts';
import { isStdoutClosed, noteLine, printText } from './terminal.ts';

const EXAMPLES = `
Examples:
  One text:
    $ glz predict --text "The app crashes when I open my invoice" --labels "bug report,billing,feature request"
  A file, any number of labels may fit:
    $ glz predict tickets.jsonl --labels-file topics.txt --multi-label --threshold 0.5 --output labelled.jsonl
  Each record with its own "candidate_labels", from a pipe:
    $ zcat records.jsonl.gz | glz predict - --top-k 1 > labelled.jsonl

Input: JSONL with a field "text", CSV or TSV with a column "text", or one text a line; gzip too; - for stdin, whose first line says which of
them it is unless --format does.
Output: one line a record, in order: the record with "labels", best first, and "scores". Its own fields come through as they were written;
"labels" that it came with become "true_labels", "scores" become "input_scores".`;

type PredictFlags = Filled<typeof PREDICT_FLAGS>;

/** Of fewer texts the shares of labels are mostly chance. */
const FEW_TEXTS = 50;

async function labelsOf(flags: PredictFlags): Promise<string[] | undefined> {
  if (flags.labels !== undefined && flags.labelsFile !== undefined) throw new UsageError('give either --labels or --labels-file');
  if (flags.labels !== undefined) return parseLabels(flags.labels, '--labels');
  if (flags.labelsFile === undefined) return undefined;
  // Imported here: its parsers take time that a first prediction without a file should not wait.
  const { readLabelsFile } = await import('../data/labels-file.ts');
  return readLabelsFile(flags.labelsFile);
}

/** The questions of a file, ready to be asked. Imported where they are: a prediction without them should not wait. */
async function askerOf(classifier: Classifier, { questions }: PredictFlags): Promise<Asker | undefined> {
  if (questions === undefined) return undefined;
  const { readQuestionsFile } = await import('../classify/questions/questions-file.ts');
  return createAsker(classifier, readQuestionsFile(questions));
}

/** Answers for a reader at a terminal: one a line, what is answered and how surely. */
function answerLines(answers: Answers): string {
  const width = Math.max(...Object.keys(answers).map((name) => name.length));
  return Object.entries(answers)
    .map(([name, answer]) => {
      const said = 'level' in answer ? `${answer.level} (${answer.value.toFixed(2)})` : String(answer.answer);
      return `${name.padEnd(width)}  ${said}  confidence ${answer.confidence.toFixed(3)}`;
    })
    .join('\n');
}

/** Options that say how labels are chosen: they say nothing of answers. */
const OF_LABELS = ['labels', 'labelsFile', 'multiLabel', 'threshold', 'topK', 'balance'] as const;

function checkQuestions(flags: PredictFlags): void {
  const other = OF_LABELS.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (other !== undefined)
    throw new UsageError(`--questions and --${kebabCase(other)} do not go together: each question says what it chooses among`);
}

/** How the input is read. */
const readingOf = ({ format, delimiter, encoding, textField }: PredictFlags) => ({ format, delimiter, encoding, textField });

/** Shares of the labels over texts of the whole file: it may be sorted. */
async function balanceOf(
  classifier: Classifier,
  input: string,
  labels: readonly string[],
  flags: PredictFlags,
  signal: AbortSignal,
): Promise<LabelBalance | undefined> {
  const records = readRecords(input, { ...readingOf(flags), onBadLine: () => {} });
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

async function predictOne(text: string, given: string[] | undefined, flags: PredictFlags): Promise<void> {
  const classifier = await loadClassifier(flags.checkpoint, { precision: flags.precision, threads: flags.threads, note: noteOf(flags) });
  try {
    const asker = await askerOf(classifier, flags);
    if (asker) {
      const [{ answers }] = await asker.answer([text], scoringOptions(flags));
      if (process.stdout.isTTY && !flags.json) printText(answerLines(answers));
      else await JSONL.open(async (piece) => void process.stdout.write(piece)).write(membersOf({ text, answers }));
      return;
    }
    const labels = given ?? classifier.labels;
    if (!labels)
      throw new UsageError(
        '--text needs labels: --labels a,b,c or --labels-file FILE (or --questions FILE); the checkpoint was not trained on labels of its own',
      );
    await checkLabels(classifier, labels);
    const [{ logits, cutTokens, unreadable }] = await classifier.logits([{ text, labels }], scoringOptions(flags));
    const ranked = rankLabels(labels, logits, classifier.options.calibration, flags);
    if (cutTokens > 0) noteLine(`note: the text is longer than the model reads; its last ${cutTokens} or more tokens were left out`);
    const format = process.stdout.isTTY && !flags.json ? LABEL_LINES : JSONL;
    if (unreadable) process.stderr.write('note: the model can read nothing of the text (empty, or characters that it does not know)\n');
    const [texts, candidates] = [noTexts(), noTexts()];
    lookAt(classifier, texts, text);
    for (const label of labels) lookAt(classifier, candidates, label);
    const foreign = scriptNote(texts, candidates);
    if (foreign !== undefined && !flags.quiet) noteLine(foreign);
    await format.open(async (piece) => void process.stdout.write(piece)).write(membersOf({ text, ...ranked }));
  } finally {
    await classifier.dispose();
  }
}

const noteOf =
  ({ quiet }: PredictFlags) =>
  (line: string): void => {
    if (!quiet) noteLine(line);
  };

/** Ends on a signal in the middle of things. What waits for a pipe by its name cannot be ended, and would keep process.exit waiting. */
function exitInterrupted(input: string, stopListening: () => void): never {
  stopListening();
  if (input !== '-' && !statSync(input, { throwIfNoEntry: false })?.isFile()) process.kill(process.pid, 'SIGINT');
  process.exit(130);
}

/** Where results go, and in which format. */
function openResults(flags: PredictFlags): { output: Output; format: OutputFormat } {
  const format = formatOfOutput(flags.output, flags.outputFormat);
  if (flags.wide && !format.isTable) throw new UsageError('--wide is for tables: name --output FILE.csv, or say --output-format csv');
  if (flags.wide && flags.questions !== undefined) throw new UsageError('--wide is for labels: answers to --questions have one column');
  const isGzip = isGzipName(flags.output);
  const output = openOutput(flags.output, format === JSONL && !isGzip);
  return { output: isGzip ? gzipOutput(output) : output, format };
}

/** Whether somebody pipes something in, or a file is: a terminal and /dev/null are neither. */
function isStdinGiven(): boolean {
  try {
    const kind = fstatSync(0);
    return kind.isFIFO() || kind.isFile() || kind.isSocket();
  } catch {
    return false; // closed
  }
}

const NOTHING = 'nothing to label: give a file, - for stdin, or --text "..."';

/** @param isImplicit whether nobody named stdin: then it has to hold something */
async function predictFile(input: string, labels: string[] | undefined, flags: PredictFlags, isImplicit = false): Promise<void> {
  if (input !== '-' && !existsSync(input))
    throw new DataError(`${input}: no such file${/\s/.test(input) ? `; a text to label goes behind --text` : ''}`);
  refuseInputAsOutput(input, flags.output);
  const { output, format } = openResults(flags);
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
      void output.keep(); // of a file that is done when it returns
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
    const results = format.open(output.write, { isMultiLabel: flags.multiLabel, ...(flags.wide ? { wide: balanced } : {}) });
    const balance = flags.balance && balanced ? await balanceOf(classifier, input, balanced, flags, stop.signal) : undefined;
    const total = recordEstimate(input);
    const records = total.counted(readRecords(input, { ...readingOf(flags), onBadLine: onBad, onBytes: total.onBytes }));
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
      await results.write(record);
      done++;
    }
    isStopped = stop.signal.aborted;
    // A file of which no record can be labelled is the wrong file.
    if (done === 0 && firstSkipped && !isStopped)
      throw flags.quiet ? firstSkipped : new DataError(`${sourceName(input)}: no record can be labelled, as said above`);
    if (done === 0 && isImplicit && !isStopped) throw new UsageError(NOTHING);
    await results.end();
    const partial = isStopped ? await output.keep() : await output.finish();
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
    const partial = await output.keep().catch(() => undefined);
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

function checkBalance(input: string | undefined, { text, multiLabel }: PredictFlags): void {
  const kind = input === undefined ? undefined : statSync(input, { throwIfNoEntry: false });
  // A pipe cannot be read twice; what is missing or a folder is refused where the records are read.
  const pipe = input === '-' || (kind && !kind.isFile() && !kind.isDirectory());
  if (text !== undefined || pipe) throw new UsageError('--balance looks at the whole input before it labels it: give a file');
  if (multiLabel) throw new UsageError('--balance is for one label a text, not for --multi-label');
}

async function run(input: string | undefined, flags: PredictFlags): Promise<void> {
  if (flags.output === undefined && isStdoutClosed())
    throw new DataError('stdout is closed, and the results would be lost: give --output FILE');
  const labels = await labelsOf(flags);
  if (flags.questions !== undefined) checkQuestions(flags);
  if (flags.balance) checkBalance(input, flags);
  if (flags.text !== undefined) {
    if (input !== undefined) throw new UsageError('give either --text or an input file');
    await predictOne(flags.text, labels, flags);
    return;
  }
  if (input === undefined && !isStdinGiven()) throw new UsageError(NOTHING);
  await predictFile(input ?? '-', labels, flags, input === undefined);
}

/** The command's definition. */
export function command(): Command {
  const predict = new Command('predict')
    .description('Label JSONL, CSV or plain text with labels of your own.')
    .argument('[input]', 'file of records, or - for stdin');
  return addFlags(predict, PREDICT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((input: string | undefined, flags: PredictFlags) => run(input, flags));
}
