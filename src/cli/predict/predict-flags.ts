/** What both ways of `glz predict`, a text and a file, make of the command's flags. */
import { UsageError } from '../../base/errors.ts';
import type { Classifier } from '../../classify/classifier.ts';
import { type Asker, createAsker } from '../../classify/questions/decide.ts';
import { parseLabels } from '../../data/label-list.ts';
import type { Filled } from '../../options/declaration.ts';
import type { PREDICT_FLAGS } from '../../options/predict.ts';
import type { LabelSet } from '../../text/label-texts.ts';
import { noteLine } from '../terminal.ts';

/** Flags of the command, defaults filled in. */
export type PredictFlags = Filled<typeof PREDICT_FLAGS>;

/** What is said when there is nothing to label. */
export const NOTHING = 'nothing to label: give a file, - for stdin, or --text "..."';

/** Labels for all records, where flags give them. @throws UsageError, DataError naming the file and line */
export async function labelsOf(flags: PredictFlags): Promise<LabelSet | undefined> {
  if (flags.labels !== undefined && flags.labelsFile !== undefined) throw new UsageError('give either --labels or --labels-file');
  if (flags.labels !== undefined) return parseLabels(flags.labels, '--labels');
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

/** Prints notes, unless they are not wanted. */
export const noteOf =
  ({ quiet }: PredictFlags) =>
  (line: string): void => {
    if (!quiet) noteLine(line);
  };
