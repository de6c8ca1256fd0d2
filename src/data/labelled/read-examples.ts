/** Labelled examples out of files and folders of any form: what training and evaluation read. */
import { existsSync } from 'node:fs';
import { DataError, UsageError } from '../../base/errors.ts';
import { namesAlone } from '../../text/described-labels.ts';
import { type ExampleFields, LABEL_FIELDS, type LabelledExample, labelledExample } from '../examples.ts';
import { parseLabels } from '../label-list.ts';
import { readLabelsFile } from '../labels-file.ts';
import { readRecords, recordPlace } from '../read-records.ts';
import { type ClassNames, namesOfFooter } from './class-names.ts';
import { type DatasetFiles, datasetFiles, type Split } from './dataset-files.ts';
import { belongsTo, type PairGroup, pairExample, sentencePair } from './sentence-pairs.ts';

/** How examples are read. */
export interface ExampleOptions extends Omit<ExampleFields, 'classNames'> {
  /** What integer labels are called, before what the data says: a list, or as {@link parseLabelNames} takes it. */
  labelNames?: string | readonly string[];
  /** The same where the data says nothing. */
  otherwiseNamed?: readonly string[];
  /** Records that count; all unless given. */
  counts?: (fields: Readonly<Record<string, unknown>>) => boolean;
  /** Called for what is malformed, which is then left out; without it the first is thrown. */
  onBad?: (error: DataError) => void;
}

/** An example and where it stood. */
export interface ReadExample {
  example: LabelledExample;
  where: string;
  /** Whether it was rows of a text and a hypothesis each. */
  isOfPairs: boolean;
  /** What the numbers in its field of labels stand for, in their order. */
  classes?: readonly string[];
}

/** Columns that mean something here, beside those that are named. */
const COLUMNS = [
  ...[
    'text',
    'sentence',
    'labels',
    'true_labels',
    'label',
    'label_text',
    'all_labels',
    'candidate_labels',
    'not_labels',
    'negative_labels',
  ],
  ...['lang', 'hypothesis', 'data', 'annotations', 'completions'],
];

/** Names of labels: a file of labels, or labels between commas, or a JSON list. @throws UsageError, DataError */
const parseLabelNames = (given: string | readonly string[], where: string): readonly string[] =>
  typeof given !== 'string'
    ? given
    : existsSync(given)
      ? namesAlone(readLabelsFile(given), given, DataError)
      : namesAlone(parseLabels(given, where), where, UsageError);

const both = (...all: readonly ClassNames[]): ClassNames => new Map(all.toReversed().flatMap((names) => [...names]));

/**
 * The examples of a file, or of those files of a folder that serve the use.
 * @throws DataError naming file and line
 */
export async function* readExamples(source: string | DatasetFiles, use: Split, options: ExampleOptions = {}): AsyncGenerator<ReadExample> {
  const { textField, labelField, labelSeparator, labelNames, otherwiseNamed, counts = () => true, onBad } = options;
  const { files, names } = typeof source === 'string' ? datasetFiles(source, use) : source;
  const given = labelNames === undefined ? undefined : parseLabelNames(labelNames, '--label-names');
  const only = [...COLUMNS, ...[textField, labelField].filter((name) => name !== undefined)];
  let group: PairGroup | undefined;
  /** What `make` gives, or nothing where it is malformed. */
  const orBad = (make: () => ReadExample): ReadExample[] => {
    try {
      return [make()];
    } catch (error) {
      if (!onBad || !(error instanceof DataError)) throw error;
      onBad(error);
      return [];
    }
  };
  const endOfGroup = (): ReadExample[] => {
    if (!group) return [];
    const ended = group;
    group = undefined;
    return orBad(() => ({ example: pairExample(ended), where: ended.where, isOfPairs: true }));
  };
  for (const file of files) {
    let inFile: ClassNames | undefined;
    for await (const record of readRecords(file, { onBadLine: onBad, only, isLabelled: true })) {
      const { fields, typed } = record;
      if (!counts(fields)) continue;
      inFile ??= both(namesOfFooter(typed?.columns[0].footer ?? []), names);
      const where = recordPlace(file, record);
      const own = inFile;
      const pair = textField === undefined ? sentencePair(fields, own, labelField) : undefined;
      if (pair) {
        if (group && belongsTo(group, pair)) group.pairs.push(pair);
        else {
          yield* endOfGroup();
          group = { pairs: [pair], where };
        }
        continue;
      }
      yield* endOfGroup();
      const classNames = (field: string) => given ?? own.get(field) ?? otherwiseNamed;
      const example = () => labelledExample(fields, where, { textField, labelField, labelSeparator, classNames });
      const field = labelField ?? LABEL_FIELDS.find((name) => fields[name] !== undefined);
      const classes = field === undefined ? undefined : classNames(field);
      yield* orBad(() => ({ example: example(), where, isOfPairs: false, ...(classes ? { classes } : {}) }));
    }
    yield* endOfGroup();
  }
}
