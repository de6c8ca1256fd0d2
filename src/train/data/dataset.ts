/**
 * Training data in memory: the records of all files, tokenized once, as flat arrays of ids. Knows records and tokenizers;
 * which labels an example shows is decided in sampling.ts.
 */
import { DataError } from '../../base/errors.ts';
import { labelProblem } from '../../text/labels.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import { type DataFile, type DataFileSettings, type ReadFile, type ReadFiles, readDataFiles } from './data-files.ts';
import { type DataReport, skipRow } from './data-report.ts';

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

/** Longest text length that is told apart from longer ones. */
export const MEASURED_TOKENS = 4096;

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

/** How rows are tokenized. */
export interface DatasetSettings {
  /** Text tokens kept of a row. */
  maxTextTokens: number;
  /** The longest label that fits into a sequence. */
  maxLabelTokens: number;
  /** Tokenizes texts and labels once more, for a teacher with a vocabulary of its own. */
  teacherTokenizer?: Tokenizer;
  /** Tokenizes the negation of each label too. */
  negations?: boolean;
  /** Measure texts beyond what is kept of them, for {@link DataReport.textTokens}. */
  measureTexts?: boolean;
}

/** Labels of all files, numbered in order of first use. */
function numberLabels(files: readonly ReadFile[]): { names: string[]; numberOf: ReadonlyMap<string, number> } {
  const all = files.flatMap(({ examples }) => examples.flatMap(({ labels, notLabels }) => [...labels, ...notLabels]));
  const names = [...new Set(all)];
  return { names, numberOf: new Map(names.map((name, at) => [name, at])) };
}

/** Makes a file's rows of its examples. `numbersOf`: numbers of labels, without those that do not fit. */
async function tokenized(
  { file, name, examples, firstMalformed }: ReadFile,
  tokenizer: Tokenizer,
  { maxTextTokens, measureTexts, teacherTokenizer }: DatasetSettings,
  numbersOf: (labels: readonly string[]) => number[],
  report: DataReport,
): Promise<{ source: DataSource; lengths: Int32Array }> {
  const ownTexts = examples.map(({ text }) => text);
  const ids = await tokenizer.encodeBatch(ownTexts, { atLeast: Math.max(maxTextTokens + 1, measureTexts ? MEASURED_TOKENS : 0) });
  const teacherIds = await teacherTokenizer?.encodeBatch(ownTexts, { atLeast: maxTextTokens });
  const texts: Int32Array[] = [];
  const teacherTexts: Int32Array[] = [];
  const labels: number[][] = [];
  const notLabels: number[][] = [];
  const labelSet = new Set<number>();
  for (const [row, example] of examples.entries()) {
    const [yes, no] = [numbersOf(example.labels), numbersOf(example.notLabels)];
    if (yes.length < example.labels.length) {
      skipRow(report, 'a true label is longer than a sequence holds or has no token');
      continue;
    }
    if (ids[row].length === 0) {
      skipRow(report, 'the text has no token');
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
  const source = {
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
  };
  return { source, lengths: Int32Array.from(measureTexts ? ids : [], (row) => Math.min(row.length, MEASURED_TOKENS)) };
}

/**
 * Reads and tokenizes training files.
 * @throws DataError naming file and line of the first malformed row; for a file without usable rows
 */
export async function readDataset(
  files: readonly DataFile[],
  tokenizer: Tokenizer,
  settings: DatasetSettings & DataFileSettings,
): Promise<{ dataset: Dataset; report: DataReport }> {
  return tokenizedDataset(await readDataFiles(files, settings), tokenizer, settings);
}

/** Tokenizes training files that were read. @throws DataError for a file without usable rows */
export async function tokenizedDataset(
  { read, hash, report }: ReadFiles,
  tokenizer: Tokenizer,
  settings: DatasetSettings,
): Promise<{ dataset: Dataset; report: DataReport }> {
  const { maxLabelTokens, teacherTokenizer, negations = false } = settings;
  const { names: labelNames, numberOf } = numberLabels(read);
  const shownNames = negations ? [...labelNames, ...labelNames.map((name) => NEGATION + name)] : labelNames;
  const labelIds = await tokenizer.encodeBatch(shownNames, { atLeast: maxLabelTokens + 1 });
  report.labelProblem = labelProblem(labelNames, labelIds, tokenizer);
  const teacherLabelIds = await teacherTokenizer?.encodeBatch(labelNames, { atLeast: maxLabelTokens + 1 });
  const isUsable = (number: number) => labelIds[number].length > 0 && labelIds[number].length <= maxLabelTokens;
  const numbersOf = (labels: readonly string[]) => labels.map((label) => numberOf.get(label)!).filter(isUsable);
  const lengths: Int32Array[] = [];
  const sources: DataSource[] = [];
  for (const each of read) {
    const made = await tokenized(each, tokenizer, settings, numbersOf, report);
    lengths.push(made.lengths);
    sources.push(made.source);
  }
  report.textTokens = concatenated(lengths);
  const dataset = {
    sources,
    labelNames,
    labelIds: integerLists(labelIds),
    ...(teacherLabelIds ? { teacherLabelIds: integerLists(teacherLabelIds) } : {}),
    hash,
    rows: sources.reduce((sum, { rows }) => sum + rows, 0),
  };
  return { dataset, report };
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
