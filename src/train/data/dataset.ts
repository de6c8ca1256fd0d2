/**
 * Training data in memory: the records of all files, tokenized once, as flat arrays of ids. Knows records and tokenizers;
 * which labels an example shows is decided in sampling.ts.
 */
import { createHash } from 'node:crypto';
import { DataError } from '../../base/errors.ts';
import type { LabelledExample } from '../../data/examples.ts';
import { datasetFiles } from '../../data/labelled/dataset-files.ts';
import { type ExampleOptions, readExamples } from '../../data/labelled/read-examples.ts';
import { labelProblem } from '../../text/labels.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';

/** Lists of integers of any length, flat: 250,000 small arrays would take four times the memory. */
export interface IntegerLists {
  readonly length: number;
  /** List number `at`: a view. */
  at(index: number): Int32Array;
}

/** One file of training data. */
export interface DataSource {
  name: string;
  /** Factor on the source's share of the mix. */
  weight: number;
  /** Whether the teacher has a say on these rows. */
  distill: boolean;
  /** Share of its true labels that are presumably wrong. */
  labelNoise: number;
  rows: number;
  /** Text ids of each row, cut to the longest that is used. */
  texts: IntegerLists;
  /** The same in the teacher's ids, where its vocabulary is another one. */
  teacherTexts?: IntegerLists;
  /** True label numbers of each row. */
  labels: IntegerLists;
  /** Hard negative label numbers of each row. */
  notLabels: IntegerLists;
  /** All label numbers that rows of this source name, in order of first use. */
  labelSet: Int32Array;
}

/** All training data. */
export interface Dataset {
  sources: DataSource[];
  /** Label names by number. */
  labelNames: string[];
  /** Ids of each label; behind them, where negations were asked for, those of each label's {@link negationOf}. */
  labelIds: IntegerLists;
  /** The same in the teacher's ids, where its vocabulary is another one. */
  teacherLabelIds?: IntegerLists;
  /** sha256 of all records in order. */
  hash: string;
  rows: number;
}

/** What stands before a label that is negated: "not spam". */
export const NEGATION = 'not ';

/** Number of a label's negation. */
export const negationOf = (dataset: Pick<Dataset, 'labelNames'>, label: number): number => dataset.labelNames.length + label;

/** A label as it is shown, by its number or that of its negation. */
export function shownLabel({ labelNames }: Pick<Dataset, 'labelNames'>, number: number): string {
  return number < labelNames.length ? labelNames[number] : NEGATION + labelNames[number - labelNames.length];
}

/** What a look at the data found. */
export interface DataReport {
  /** Rows left out, by reason. */
  skipped: Record<string, number>;
  /** What is wrong with the first malformed rows, with file and line. */
  malformed: string[];
  /** Rows whose text was there before, in the same file. */
  duplicates: number;
  /** Rows whose text was there before, in another file only. */
  duplicatesAcross: number;
  /** Labels that are true of a text in one row and a hard negative of the same text in another. */
  contradictions: { text: string; label: string; where: string }[];
  /** Labels that the model cannot read or tell apart, as a message. */
  labelProblem?: string;
  /** Rows whose text is longer than what is kept. */
  cutTexts: number;
  /** Tokens of each row's text before it is cut; empty unless asked for. At most {@link MEASURED_TOKENS}: longer texts are not read on. */
  textTokens: Int32Array;
}

/** Longest text length that is told apart from longer ones. */
export const MEASURED_TOKENS = 4096;

/** Malformed rows that are named; all are counted. */
const NAMED_ROWS = 20;

function integerLists(lists: readonly ArrayLike<number>[]): IntegerLists {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    offsets[i + 1] = offsets[i] + list.length;
  });
  const values = new Int32Array(offsets[lists.length]);
  lists.forEach((list, i) => {
    values.set(list, offsets[i]);
  });
  return { length: lists.length, at: (index) => values.subarray(offsets[index], offsets[index + 1]) };
}

function concatenated(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A file to read and how. */
export interface DataFile {
  path: string;
  weight: number;
  distill: boolean;
  label_noise?: number;
  languages?: readonly string[];
}

/** Settings of {@link readDataset}. */
export interface DatasetSettings extends Omit<ExampleOptions, 'counts' | 'onBad'> {
  /** Text tokens kept of a row. */
  maxTextTokens: number;
  /** The longest label that fits into a sequence. */
  maxLabelTokens: number;
  /** Tokenizes texts and labels once more, for a teacher with a vocabulary of its own. */
  teacherTokenizer?: Tokenizer;
  /** Tokenizes the negation of each label too. */
  negations?: boolean;
  /** Leave malformed and unusable rows out and count them, instead of stopping at the first. */
  skipBadRows?: boolean;
  /** Measure texts beyond what is kept of them, for {@link DataReport.textTokens}. */
  measureTexts?: boolean;
}

/**
 * Reads and tokenizes training files.
 * @throws DataError naming file and line of the first malformed row; for a file without usable rows
 */
export async function readDataset(
  files: readonly DataFile[],
  tokenizer: Tokenizer,
  settings: DatasetSettings,
): Promise<{ dataset: Dataset; report: DataReport }> {
  const { maxTextTokens, maxLabelTokens, teacherTokenizer } = settings;
  const { negations = false, skipBadRows = false, measureTexts = false } = settings;
  const hash = createHash('sha256');
  const labelNumbers = new Map<string, number>();
  const labelNames: string[] = [];
  const labelNumber = (label: string): number => {
    let number = labelNumbers.get(label);
    if (number === undefined) {
      number = labelNames.length;
      labelNumbers.set(label, number);
      labelNames.push(label);
    }
    return number;
  };
  const report: DataReport = {
    skipped: {},
    malformed: [],
    duplicates: 0,
    duplicatesAcross: 0,
    contradictions: [],
    cutTexts: 0,
    textTokens: new Int32Array(0),
  };
  const skip = (reason: string) => {
    report.skipped[reason] = (report.skipped[reason] ?? 0) + 1;
  };

  const skipMalformed = (error: DataError) => {
    skip('malformed');
    if (report.malformed.length < NAMED_ROWS) report.malformed.push(error.message);
  };

  // What all rows so far say of a text.
  const known = new Map<string, Pick<LabelledExample, 'labels' | 'notLabels'>>();
  const compare = (example: LabelledExample, where: string): void => {
    const before = known.get(example.text);
    if (!before) {
      known.set(example.text, example);
      return;
    }
    for (const [yes, no] of [
      [example.labels, before.notLabels],
      [before.labels, example.notLabels],
    ])
      for (const label of yes) if (no.includes(label)) report.contradictions.push({ text: example.text, label, where });
    const union = (a: string[], b: string[]) => [...new Set([...a, ...b])];
    known.set(example.text, { labels: union(before.labels, example.labels), notLabels: union(before.notLabels, example.notLabels) });
  };

  const read: { file: DataFile; name: string; examples: LabelledExample[]; firstMalformed?: string }[] = [];
  for (const file of files) {
    const examples: LabelledExample[] = [];
    const seen = new Set<string>();
    const malformedBefore = report.malformed.length;
    const source = datasetFiles(file.path, 'train');
    const counts = ({ lang }: Readonly<Record<string, unknown>>) =>
      !(file.languages && typeof lang === 'string' && !file.languages.includes(lang));
    const onBad = skipBadRows ? skipMalformed : undefined;
    for await (const { example, where } of readExamples(source, 'train', { ...settings, counts, onBad })) {
      if (seen.has(example.text)) report.duplicates++;
      else if (known.has(example.text)) report.duplicatesAcross++;
      compare(example, where);
      seen.add(example.text);
      hash.update(JSON.stringify([example.text, example.labels, example.notLabels]));
      examples.push(example);
    }
    // A file of which every line is malformed says what is wrong with the first.
    const [first] = report.malformed.slice(malformedBefore);
    if (examples.length === 0 && first !== undefined) throw new DataError(first);
    if (examples.length === 0) throw new DataError(`${file.path}: no records${file.languages ? ` in ${file.languages.join(', ')}` : ''}`);
    read.push({ file, name: source.name, examples, firstMalformed: first });
  }

  for (const { examples } of read)
    for (const { labels, notLabels } of examples) for (const label of [...labels, ...notLabels]) labelNumber(label);
  const shownNames = negations ? [...labelNames, ...labelNames.map((name) => NEGATION + name)] : labelNames;
  const labelIds = await tokenizer.encodeBatch(shownNames, { atLeast: maxLabelTokens + 1 });
  report.labelProblem = labelProblem(labelNames, labelIds, tokenizer);
  const teacherLabelIds = await teacherTokenizer?.encodeBatch(labelNames, { atLeast: maxLabelTokens + 1 });
  const usable = labelIds.map((ids) => ids.length > 0 && ids.length <= maxLabelTokens);

  known.clear();
  const lengths: Int32Array[] = [];
  const sources: DataSource[] = [];
  for (const { file, name, examples, firstMalformed } of read) {
    const ownTexts = examples.map(({ text }) => text);
    const ids = await tokenizer.encodeBatch(ownTexts, { atLeast: Math.max(maxTextTokens + 1, measureTexts ? MEASURED_TOKENS : 0) });
    if (measureTexts) lengths.push(Int32Array.from(ids, (row) => Math.min(row.length, MEASURED_TOKENS)));
    const teacherIds = await teacherTokenizer?.encodeBatch(ownTexts, { atLeast: maxTextTokens });
    const texts: Int32Array[] = [];
    const teacherTexts: Int32Array[] = [];
    const labels: number[][] = [];
    const notLabels: number[][] = [];
    const labelSet = new Set<number>();
    for (const [row, example] of examples.entries()) {
      const numbers = (names: readonly string[]) => names.map(labelNumber).filter((number) => usable[number]);
      const [yes, no] = [numbers(example.labels), numbers(example.notLabels)];
      if (yes.length < example.labels.length) {
        skip('a true label is longer than a sequence holds or has no token');
        continue;
      }
      if (ids[row].length === 0) {
        skip('the text has no token');
        continue;
      }
      if (ids[row].length > maxTextTokens) report.cutTexts++;
      texts.push(ids[row].subarray(0, maxTextTokens));
      if (teacherIds) teacherTexts.push(teacherIds[row].subarray(0, maxTextTokens));
      labels.push(yes);
      notLabels.push(no);
      for (const number of [...yes, ...no]) labelSet.add(number);
    }
    if (labelSet.size < 2)
      throw new DataError(
        `${file.path}: fewer than two labels in all its records; there is nothing to choose between${firstMalformed === undefined ? '' : ` (left out: ${firstMalformed})`}`,
      );
    sources.push({
      name,
      weight: file.weight,
      distill: file.distill,
      labelNoise: file.label_noise ?? 0,
      rows: texts.length,
      texts: integerLists(texts),
      ...(teacherIds ? { teacherTexts: integerLists(teacherTexts) } : {}),
      labels: integerLists(labels),
      notLabels: integerLists(notLabels),
      labelSet: Int32Array.from(labelSet),
    });
  }
  report.textTokens = concatenated(lengths);
  const rows = sources.reduce((sum, source) => sum + source.rows, 0);
  return {
    dataset: {
      sources,
      labelNames,
      labelIds: integerLists(labelIds),
      ...(teacherLabelIds ? { teacherLabelIds: integerLists(teacherLabelIds) } : {}),
      hash: hash.digest('hex'),
      rows,
    },
    report,
  };
}

/** More labels than that are no set that every text is held against. */
const MOST_OWN_LABELS = 1000;
/** So few labels are a set, however few rows each has. */
const FEW_LABELS = 50;

/**
 * The labels that a model of this data is for: all that are true of a row, in order of first use. undefined where they are no set, as in data for
 * zero-shot classification, whose rows have labels of their own: fewer than two rows a label.
 */
export function ownLabels({ sources, labelNames, rows }: Pick<Dataset, 'sources' | 'labelNames' | 'rows'>): string[] | undefined {
  const numbers = new Set<number>();
  for (const { labels, rows: own } of sources) for (let row = 0; row < own; row++) for (const label of labels.at(row)) numbers.add(label);
  const isSet = numbers.size <= FEW_LABELS || (numbers.size <= MOST_OWN_LABELS && rows >= 2 * numbers.size);
  return numbers.size > 1 && isSet ? [...numbers].sort((a, b) => a - b).map((label) => labelNames[label]) : undefined;
}
