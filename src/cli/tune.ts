/** `glz tune`: options and messages; what is fitted, and how, is in src/classify/tuning. */

import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { writeNamedFile } from '../base/files.ts';
import { quoted } from '../base/printable.ts';
import { loadClassifier } from '../classify/load-classifier.ts';
import { refuseInputsAsOutputs } from '../classify/records/output-file.ts';
import { scoringOptions } from '../classify/records/predict-records.ts';
import { checkLabels } from '../classify/records/prepared-record.ts';
import { ABSTAIN_BELOW } from '../classify/tuning/abstain-level.ts';
import { upperBound } from '../classify/tuning/error-bound.ts';
import {
  brierOf,
  FEWEST_RECORDS,
  type FitResult,
  FOLDS,
  fitThresholds,
  type Prediction,
  type TuningRecord,
} from '../classify/tuning/fit-thresholds.ts';
import { withFit } from '../classify/tuning/label-fit.ts';
import { type ThresholdsFile, thresholdsSchema } from '../classify/tuning/thresholds-file.ts';
import { type LabelledExample, labelledExample } from '../data/examples.ts';
import { readRecords, recordPlace, sourceName } from '../data/read-records.ts';
import { expectedCalibrationError, reliabilityBins } from '../eval/metrics/calibration.ts';
import type { Filled } from '../options/declaration.ts';
import { TUNE_FLAGS } from '../options/tune.ts';
import { type LabelSet, labelName, type ReadLabel } from '../text/label-texts.ts';
import { addFlags } from './flags.ts';
import { labelsOf } from './predict/predict-flags.ts';
import { startProgress } from './terminal/progress.ts';
import { sayIfLoadingIsSlow } from './terminal/slow-start.ts';
import { noteLine, printText } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  One label a text, or none:
    $ glz tune --data labelled.csv --output thresholds.json
    $ glz predict tickets.jsonl --thresholds thresholds.json --abstain
  At most one answer in ten wrong:
    $ glz tune --data labelled.csv --max-error 0.1 --output thresholds.json
  Any number of labels a text, a threshold for each:
    $ glz tune --data labelled.jsonl --multi-label --output thresholds.json

Records have "text" and "labels" (or "label"); one without labels is a text that none of them fits. Nothing is trained.`;

type TuneFlags = Filled<typeof TUNE_FLAGS>;

/** Fewer records of a label say little of its threshold. */
const FEW_OF_A_LABEL = 3;

interface Labelled extends Pick<LabelledExample, 'text' | 'labels'> {
  where: string;
}

/** @throws DataError naming file, line and field */
async function readLabelled(flags: TuneFlags): Promise<Labelled[]> {
  const records: Labelled[] = [];
  for await (const record of readRecords(flags.data, { textField: flags.textField, isLabelled: true })) {
    const where = recordPlace(flags.data, record);
    const { text, labels } = labelledExample(record.fields, where, flags);
    if (labels.length > 1 && !flags.multiLabel) throw new DataError(`${where} has ${labels.length} labels: give --multi-label`);
    records.push({ text, labels, where });
  }
  if (records.length < FEWEST_RECORDS)
    throw new DataError(
      `${sourceName(flags.data)} has ${records.length} labelled records; with fewer than ${FEWEST_RECORDS} what is fitted is chance: label more, or use glz predict --abstain, which needs none, and describe the labels (docs/labels.md)`,
    );
  return records;
}

/** The candidates: those of the flags, or of the records. @throws DataError for a record with another */
function candidatesOf(records: readonly Labelled[], given: LabelSet | undefined): readonly ReadLabel[] {
  if (given?.parents) throw new UsageError('glz tune is for one list of labels, not for labels in levels');
  const labels = given?.labels ?? [...new Set(records.flatMap((record) => record.labels))].sort();
  if (labels.length < 2) throw new DataError(`there is nothing to choose between: ${labels.length} different labels`);
  const known = new Set(labels.map(labelName));
  for (const { labels: own, where } of records) {
    const other = own.find((label) => !known.has(label));
    if (other !== undefined) throw new DataError(`${where}: the label ${quoted(other)} is none of the candidates`);
  }
  return labels;
}

/** Expected calibration error: of the best label's score, or with several labels a text of each label's. */
function calibrationError(records: readonly TuningRecord[], predictions: readonly Prediction[], multiLabel: boolean): number {
  const cells = records.flatMap(({ truth }, at) => {
    const { probabilities } = predictions[at];
    const all = Array.from(probabilities, (p, label) => ({ p, isTrue: truth.includes(label) }));
    if (multiLabel) return all;
    return truth.length === 0 ? [] : [all.reduce((best, each) => (each.p > best.p ? each : best))];
  });
  return expectedCalibrationError(
    reliabilityBins(
      cells.map(({ p }) => p),
      cells.map(({ isTrue }) => Number(isTrue)),
      10,
    ),
  );
}

/** F1 of all labels together. */
function microF1(records: readonly TuningRecord[], predictions: readonly Prediction[]): number {
  let [right, given, wanted] = [0, 0, 0];
  for (const [at, { truth }] of records.entries()) {
    right += predictions[at].given.filter((label) => truth.includes(label)).length;
    given += predictions[at].given.length;
    wanted += truth.length;
  }
  return given + wanted ? (2 * right) / (given + wanted) : 0;
}

/** Answers to records, and how many are wrong: to a record that no label fits each is. */
function answersOf(records: readonly TuningRecord[], predictions: readonly Prediction[]): { answered: number; wrong: number } {
  const answered = [...records.keys()].filter((at) => predictions[at].given.length > 0);
  return { answered: answered.length, wrong: answered.filter((at) => !records[at].truth.includes(predictions[at].given[0])).length };
}

/** Figures by name; null for what cannot be said: an error where nothing is answered. */
type Measures = Record<string, number | null>;

function measured(records: readonly TuningRecord[], predictions: readonly Prediction[], multiLabel: boolean): Measures {
  const common = { brier: brierOf(records, predictions, multiLabel), ece: calibrationError(records, predictions, multiLabel) };
  if (multiLabel) return { ...common, microF1: microF1(records, predictions) };
  const { answered, wrong } = answersOf(records, predictions);
  return {
    ...common,
    answered: answered / records.length,
    error: answered ? wrong / answered : null,
    errorAtMost: answered ? upperBound(wrong, answered) : null,
  };
}

const NAMES: Readonly<Record<string, string>> = {
  brier: 'Brier score',
  ece: 'ECE',
  microF1: 'F1 of all labels',
  answered: 'share of texts that are answered',
  error: 'error among the answers',
  errorAtMost: 'at most, with 95 % confidence',
};

/** Measures beside one another, by what they are of. */
function measuresText(columns: Readonly<Record<string, Measures>>): string {
  const names = Object.keys(Object.values(columns)[0]);
  const width = Math.max(...names.map((name) => NAMES[name].length));
  const row = (first: string, cell: (title: string) => string): string =>
    [first.padEnd(width), ...Object.keys(columns).map((title) => cell(title).padEnd(Math.max(5, title.length)))].join('  ').trimEnd();
  const figure = (name: string) => (title: string) => columns[title][name]?.toFixed(3) ?? '-';
  const silent = Object.keys(columns).filter((title) => columns[title].answered === 0);
  return [
    row('', (title) => title),
    ...names.map((name) => row(NAMES[name], figure(name))),
    ...silent.map((title) => `${title}: nothing is answered, so there is no error to tell`),
  ].join('\n');
}

/** What was fitted, in a line. */
function fittedText({ temperature, bias, thresholds, abstain }: FitResult['fitted']): string {
  if (thresholds)
    return `temperature ${temperature.toFixed(3)}, bias ${bias.toFixed(3)}, thresholds from ${Math.min(...thresholds).toFixed(3)} to ${Math.max(...thresholds).toFixed(3)}`;
  return `temperature ${temperature.toFixed(3)}${abstain ? `, no label below ${abstain.below.toFixed(2)} (with --abstain)` : ''}`;
}

async function run(flags: TuneFlags): Promise<void> {
  const { multiLabel = false, maxError, data, output } = flags;
  if (multiLabel && maxError !== undefined) throw new UsageError('--max-error is for one label a text, not for --multi-label');
  refuseInputsAsOutputs([data], [output]);
  const given = await labelsOf(flags);
  const labelled = await readLabelled(flags);
  const labels = candidatesOf(labelled, given);
  const note = (line: string): void => {
    if (!flags.quiet) noteLine(line);
  };
  const rare = labels.filter((label) => labelled.filter((record) => record.labels.includes(labelName(label))).length < FEW_OF_A_LABEL);
  if (rare.length > 0)
    note(
      `note: ${rare.length} of ${labels.length} labels have fewer than ${FEW_OF_A_LABEL} records, such as ${quoted(labelName(rare[0]))}: little is known of them`,
    );
  const { checkpoint, precision, threads } = flags;
  const classifier = await sayIfLoadingIsSlow(loadClassifier(checkpoint, { precision, threads, note }), flags);
  const progress = startProgress({ label: 'tune', unit: 'texts', quiet: flags.quiet });
  try {
    await checkLabels(classifier, { labels }, flags.labelsFile);
    progress.setTotal(labelled.length);
    const scored = await withFit(classifier).logits(
      labelled.map(({ text }) => ({ text, labels })),
      { ...scoringOptions({ ...flags, multiLabel }), shortlist: 0, onProgress: progress.update },
    );
    progress.stop();
    const number = new Map(labels.map((label, at) => [labelName(label), at]));
    const records = scored.map(
      ({ logits, fit = 1 }, at): TuningRecord => ({ logits, fit, truth: labelled[at].labels.map((label) => number.get(label)!) }),
    );
    const { fitted, before, after, isOutOfReach } = fitThresholds(records, {
      multiLabel,
      calibration: classifier.options.calibration,
      maxError,
    });
    if (isOutOfReach)
      throw new DataError(
        `no level can be shown, by these ${records.length} records, to keep the error at ${maxError}: give more records, or a larger --max-error; nothing is written`,
      );
    const of = (predictions: readonly Prediction[]): Measures => measured(records, predictions, multiLabel);
    // What abstaining does without anything fitted.
    const plain = before.map((each, at) => (records[at].fit < ABSTAIN_BELOW ? { ...each, given: [] } : each));
    const measures = { before: of(before), ...(multiLabel ? {} : { '--abstain': of(plain) }), after: of(after) };
    const file: ThresholdsFile = {
      version: 1,
      checkpoint: classifier.identity,
      labels: labels.map((label) =>
        typeof label === 'string' ? label : { ...label, readings: [...label.readings], shares: [...label.shares] },
      ),
      multiLabel,
      ...fitted,
      measured: {
        ...{ records: records.length, folds: FOLDS, before: measures.before },
        ...(measures['--abstain'] ? { abstain: measures['--abstain'] } : {}),
        after: measures.after,
      },
    };
    writeNamedFile(output, `${JSON.stringify(thresholdsSchema.parse(file), null, 2)}\n`);
    const beside = multiLabel ? '' : `; "--abstain" is below ${ABSTAIN_BELOW}, with nothing fitted`;
    printText(`${records.length} records, ${labels.length} labels; "after" is cross-validated (${FOLDS} folds)${beside}`);
    printText(measuresText(measures));
    printText(fittedText(fitted));
    note(`written to ${output}: give it to --thresholds of glz predict`);
  } finally {
    progress.stop();
    await classifier.dispose();
  }
}

/** The command's definition. */
export function command(): Command {
  return addFlags(
    new Command('tune').description('Fit temperature, thresholds and abstention to a few labelled records; trains nothing.'),
    TUNE_FLAGS,
  )
    .addHelpText('after', EXAMPLES)
    .action((flags: TuneFlags) => run(flags));
}
