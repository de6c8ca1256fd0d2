/** How `glz predict` reads its inputs, and what it asks of all of them beforehand. */

import { statsOf } from '../../base/files.ts';
import type { Classifier } from '../../classify/classifier.ts';
import {
  BALANCE_STRENGTH,
  BALANCE_TEXTS,
  type LabelBalance,
  labelExcess,
  labelShares,
  sampleLogits,
} from '../../classify/label-balance.ts';
import { scoringOptions } from '../../classify/records/predict-records.ts';
import { requireColumns } from '../../classify/records/prepared-record.ts';
import { sampleTexts } from '../../classify/records/sample-texts.ts';
import { untilAborted } from '../../classify/records/until-aborted.ts';
import { CANDIDATE_FIELDS, TEXT_FIELDS } from '../../data/examples.ts';
import { formatOfName, type ReadOptions, readRecords, type SourceRecord } from '../../data/read-records.ts';
import { type LabelSet, labelName } from '../../text/label-texts.ts';
import { noteOf, type PredictFlags } from './predict-flags.ts';

/** Of fewer texts the shares of labels are mostly chance. */
const FEW_TEXTS = 50;

/** Fields that hold a text. */
const textFieldsOf = ({ textField }: PredictFlags): readonly string[] => (textField === undefined ? TEXT_FIELDS : [textField]);

/** How records are read: all their fields, or of those of which only the id is written the ones that are needed. */
export const readingOf = (flags: PredictFlags): Pick<ReadOptions, 'format' | 'delimiter' | 'encoding' | 'textField' | 'only'> => {
  const { format, delimiter, encoding, textField, idField } = flags;
  const only = idField === undefined ? undefined : [...textFieldsOf(flags), ...CANDIDATE_FIELDS, idField];
  return { format, delimiter, encoding, textField, only };
};

/** Malformed lines behind which the first record is not looked for any more. */
const MOST_BAD_LINES = 100;

/** Whether the beginning of an input can be looked at twice, or is refused without being read. What is read of a pipe is gone. */
function hasBeginning(input: string, { format, delimiter }: PredictFlags): boolean {
  const saysNothing = format === undefined && delimiter === undefined && formatOfName(input) === undefined;
  return input !== '-' && (saysNothing || statsOf(input)?.isFile() === true);
}

/**
 * Looks at the beginning of files before the model is loaded: what kind of file each is, its format, and whether a table has the columns that are asked
 * for.
 * @throws as readRecords and {@link requireColumns}
 */
export async function checkBeginnings(inputs: readonly string[], flags: PredictFlags): Promise<void> {
  for (const input of inputs) {
    if (!hasBeginning(input, flags)) continue;
    let left = MOST_BAD_LINES;
    const enough = new Error();
    const onBadLine = (): void => {
      if (left-- === 0) throw enough;
    };
    try {
      for await (const record of readRecords(input, { ...readingOf(flags), onBadLine })) {
        requireColumns(record, { ...flags, source: input });
        break;
      }
    } catch (error) {
      if (error !== enough) throw error;
    }
  }
}

/** Records of several inputs, one behind the other; malformed ones are passed over. */
async function* allRecords(inputs: readonly string[], options: ReadOptions): AsyncGenerator<SourceRecord> {
  for (const input of inputs) yield* readRecords(input, { ...options, onBadLine: () => {} });
}

/** What labels are held back by, from texts of all inputs: they may be sorted. */
export async function balanceOf(
  classifier: Classifier,
  inputs: readonly string[],
  { labels }: LabelSet,
  flags: PredictFlags,
  signal: AbortSignal,
): Promise<LabelBalance | undefined> {
  const records = allRecords(inputs, { ...readingOf(flags), only: textFieldsOf(flags) });
  const texts = await sampleTexts(untilAborted(records, signal), BALANCE_TEXTS, flags.textField);
  if (texts.length === 0 || signal.aborted) return undefined;
  const logits = await sampleLogits(classifier, texts, labels, scoringOptions(flags));
  const shares = labelShares(logits);
  const note = noteOf(flags);
  const most = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, 5);
  const shown = most.map((label) => `${labelName(labels[label])} ${Math.round(100 * shares[label])} %`).join(', ');
  note(`balance: over ${texts.length} texts ${shown}${labels.length > most.length ? ', ...' : ''}`);
  if (texts.length < FEW_TEXTS)
    note(`note: ${texts.length} texts say little about how often labels win; --balance is for files of ${FEW_TEXTS} and more`);
  return { excess: labelExcess(logits, shares), strength: BALANCE_STRENGTH };
}
