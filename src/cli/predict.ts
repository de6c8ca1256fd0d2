/** `glz predict`: the command, and which flags go together; `predict/` labels a text or a file, the work is in src/classify. */

import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { statsOf } from '../base/files.ts';
import { kebabCase } from '../options/names.ts';
import { PREDICT_FLAGS } from '../options/predict.ts';
import { addFlags } from './flags.ts';
import { predictFiles } from './predict/predict-files.ts';
import { labelsOf, NOTHING, type PredictFlags } from './predict/predict-flags.ts';
import { predictText } from './predict/predict-text.ts';
import { checkInputs } from './predict/targets.ts';
import { isStdoutClosed } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  One text:
    $ glz predict --text "The app crashes when I open my invoice" --labels "bug report,billing,feature request"
  A file, any number of labels may fit:
    $ glz predict tickets.jsonl --labels-file topics.txt --multi-label --threshold 0.5 --output labelled.jsonl
  Several files, each into a file of its name in a folder:
    $ glz predict mail/*.jsonl calls.csv.gz --labels-file topics.txt --output labelled/
  Each record with its own "candidate_labels", from a pipe:
    $ zcat records.jsonl.gz | glz predict - --top-k 1 > labelled.jsonl

Input: JSONL with a field "text", CSV, TSV or Parquet with a column "text", or one text a line; gzip too; - for stdin, whose first line says
which of them it is unless --format does.
Output: one line a record, in order: the record with "labels", best first, and "scores". Its own fields come through as they were written;
"labels" that it came with become "true_labels", "scores" become "input_scores".`;

/** Options that say how labels are chosen: they say nothing of answers. */
const OF_LABELS = [
  'labels',
  'labelsFile',
  'multiLabel',
  'threshold',
  'topK',
  'abstain',
  'abstainBelow',
  'thresholds',
  'balance',
  'explain',
] as const;

function checkQuestions(flags: PredictFlags): void {
  const other = OF_LABELS.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (other !== undefined)
    throw new UsageError(`--questions and --${kebabCase(other)} do not go together: each question says what it chooses among`);
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

/** Whether a stream ends without a byte. Waits for the first; what there is stays to be read. */
async function isEmpty(stream: Readable): Promise<boolean> {
  if (stream.readableLength === 0 && !stream.readableEnded) await once(stream, 'readable');
  return stream.readableLength === 0;
}

/** Whether an input can be read only once; what is missing, or a folder, is refused where the records are read. */
function isPipe(input: string): boolean {
  const kind = input === '-' ? undefined : statsOf(input);
  return input === '-' || (kind !== undefined && !kind.isFile() && !kind.isDirectory());
}

function checkBalance(inputs: readonly string[], { text, multiLabel }: PredictFlags): void {
  const pipe = inputs.some(isPipe);
  if (text !== undefined || pipe) throw new UsageError('--balance looks at the whole input before it labels it: give a file');
  if (multiLabel) throw new UsageError('--balance is for one label a text, not for --multi-label');
}

async function run(inputs: readonly string[], flags: PredictFlags): Promise<void> {
  if (flags.output === undefined && isStdoutClosed())
    throw new DataError(
      'stdout is closed, or /dev/null opened for reading too, and the results would be lost: give --output FILE (/dev/null throws them away)',
    );
  if (flags.balance) checkBalance(inputs, flags);
  checkInputs(inputs, flags);
  const labels = await labelsOf(flags);
  if (flags.questions !== undefined) checkQuestions(flags);
  if (flags.text !== undefined) {
    if (inputs.length > 0) throw new UsageError('give either --text or an input file');
    if (flags.idField !== undefined) throw new UsageError('--id-field names a field of the records of a file: --text has none');
    if (flags.shard !== undefined) throw new UsageError('--shard is for a file, not for --text');
    if (flags.overwrite) throw new UsageError('--overwrite is for --output FOLDER/, not for --text');
    if (flags.text.trim() === '') throw new UsageError('--text is empty: there is nothing to label');
    await predictText(flags.text, labels, flags);
    return;
  }
  const isImplicit = inputs.length === 0;
  // Before the model is loaded: an empty pipe is a mistake in front of it.
  if (isImplicit && (!isStdinGiven() || (await isEmpty(process.stdin)))) throw new UsageError(NOTHING);
  await predictFiles(isImplicit ? ['-'] : inputs, labels, flags, isImplicit);
}

/** The command's definition. */
export function command(): Command {
  const predict = new Command('predict')
    .description('Label JSONL, CSV, Parquet or plain text with labels of your own.')
    .argument('[inputs...]', 'files of records, or - for stdin');
  return addFlags(predict, PREDICT_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((inputs: string[], flags: PredictFlags) => run(inputs, flags));
}
