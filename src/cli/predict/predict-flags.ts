/** What both ways of `glz predict`, a text and a file, make of the command's flags. */
import { existsSync, statSync } from 'node:fs';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';
import type { Classifier } from '../../classify/classifier.ts';
import { type LoadedClassifier, loadClassifier } from '../../classify/load-classifier.ts';
import { type Asker, createAsker } from '../../classify/questions/decide.ts';
import { abstains, withFit } from '../../classify/tuning/label-fit.ts';
import type { Tuned } from '../../classify/tuning/tuned.ts';
import { parseLabels } from '../../data/label-list.ts';
import type { Filled } from '../../options/declaration.ts';
import type { PREDICT_FLAGS } from '../../options/predict.ts';
import type { LabelSet } from '../../text/label-texts.ts';
import { sayIfLoadingIsSlow } from '../terminal/slow-start.ts';
import { noteLine } from '../terminal/terminal.ts';

/** Flags of the command, defaults filled in. */
export type PredictFlags = Filled<typeof PREDICT_FLAGS>;

/** What is said when there is nothing to label. */
export const NOTHING = 'nothing to label: give a file, - for stdin, or --text "..."';

/** @throws UsageError for labels that are the name of a file */
function refuseFileName(given: string, { labels }: LabelSet): void {
  if (labels.length !== 1 || labels[0] !== given.trim()) return;
  const isFile = existsSync(labels[0]) && statSync(labels[0]).isFile();
  if (isFile || /.\.(?:txt|csv|tsv|jsonl?|ndjson|ya?ml)$/i.test(labels[0]))
    throw new UsageError(
      `--labels ${quoted(labels[0])} ${isFile ? 'is' : 'looks like'} the name of a file: did you mean --labels-file? If it is a label, write a JSON list: ["..."]`,
    );
}

/** Labels for all records, where flags give them. @throws UsageError, DataError naming the file and line */
export async function labelsOf(flags: Pick<PredictFlags, 'labels' | 'labelsFile'>): Promise<LabelSet | undefined> {
  if (flags.labels !== undefined && flags.labelsFile !== undefined) throw new UsageError('give either --labels or --labels-file');
  if (flags.labels !== undefined) {
    const labels = parseLabels(flags.labels, '--labels');
    refuseFileName(flags.labels, labels);
    return labels;
  }
  if (flags.labelsFile === undefined) return undefined;
  // Imported here: its parsers take time that a first prediction without a file should not wait.
  const { readLabelsFile } = await import('../../data/labels-file.ts');
  return readLabelsFile(flags.labelsFile);
}

/** The questions of a file, ready to be asked. Imported where they are: a prediction without them should not wait. */
export async function askerOf(classifier: Classifier, { questions }: PredictFlags): Promise<Asker | undefined> {
  if (questions === undefined) return undefined;
  const { readQuestionsFile } = await import('../../classify/questions/questions-file.ts');
  return createAsker(classifier, readQuestionsFile(questions));
}

/** How texts are labelled. */
export interface Labelling {
  /** Says how likely any label fits, where that is asked for. */
  classifier: LoadedClassifier;
  flags: PredictFlags;
  labels?: LabelSet;
  tuned?: Tuned;
  /** Refuses candidates of a record that are not those of the thresholds, where nobody named labels for all. */
  checkOwn?: (own: LabelSet) => void;
}

/** Loads what labels, and puts in what was tuned. @throws as loadClassifier; UsageError where what was tuned does not fit */
export async function labellingOf(called: PredictFlags, given: LabelSet | undefined): Promise<Labelling> {
  const { checkpoint, precision, threads, labelMemory, thresholds } = called;
  // What is wrong with the file is said before the model is loaded.
  if (thresholds !== undefined) (await import('../../classify/tuning/thresholds-file.ts')).readThresholds(thresholds);
  const loaded = await sayIfLoadingIsSlow(loadClassifier(checkpoint, { precision, threads, labelMemory, note: noteOf(called) }), called);
  const classifier = abstains(called) ? withFit(loaded) : loaded;
  if (thresholds === undefined) return { classifier, flags: called, labels: given };
  try {
    const { checkTunedLabels, tunedFor } = await import('../../classify/tuning/thresholds-file.ts');
    const tuned = tunedFor(thresholds, loaded.identity, { labels: given, multiLabel: called.multiLabel });
    if (called.balance && tuned.multiLabel) throw new UsageError('--balance is for one label a text; these thresholds are for any number');
    const checkOwn = (own: LabelSet): void => {
      try {
        checkTunedLabels(tuned, own, thresholds);
      } catch (error) {
        throw new DataError(`${errorMessage(error)}; give --labels or --labels-file to use the same for all records`);
      }
    };
    return {
      ...{ classifier, flags: { ...called, multiLabel: tuned.multiLabel }, labels: given ?? { labels: tuned.labels }, tuned },
      ...(given ? {} : { checkOwn }),
    };
  } catch (error) {
    await loaded.dispose();
    throw error;
  }
}

/** Prints notes, unless they are not wanted. */
export const noteOf =
  ({ quiet }: PredictFlags) =>
  (line: string): void => {
    if (!quiet) noteLine(line);
  };
