/**
 * Evaluation sets: texts with true labels and candidates, read from `<set>/{test.jsonl,labels.json}`, the folder of a data set, or one file.
 * Knows files and records (src/data), nothing of systems or metrics.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { jsonHash } from '../../base/hash.ts';
import type { LabelledExample } from '../../data/examples.ts';
import { type DatasetFiles, datasetFiles, hasSplit, isDatasetFolder, isSplitName, type Split } from '../../data/labelled/dataset-files.ts';
import { type ExampleOptions, type ReadExample, readExamples } from '../../data/labelled/read-examples.ts';
import { readLabelsFile } from '../../data/labels-file.ts';
import { sourceName } from '../../data/read-records.ts';
import { namesAlone } from '../../text/described-labels.ts';

/** A set ready to be scored. */
export interface EvalSet {
  name: string;
  texts: string[]; // [R]
  /** True labels of each text. */
  truth: string[][]; // [R][]
  /** All candidates, in the order of the score matrix. */
  labels: string[]; // [N]
  /** Candidates of each text, where texts have their own. */
  recordLabels?: string[][]; // [R][]
  /** Whether a text may have more or fewer true labels than one. */
  multiLabel: boolean;
  /** Texts with labels for systems that learn from a few (`train.jsonl` beside `test.jsonl`). */
  examples?: { text: string; labels: string[] }[];
  /** sha256 of everything above. */
  hash: string;
  /** Rows before `limit`. */
  available: number;
  licence?: string;
  source?: string;
}

/** How a set is read. */
export interface ReadSetOptions extends Pick<ExampleOptions, 'textField' | 'labelField' | 'labelSeparator' | 'labelNames'> {
  name?: string;
  /** At most this many texts, spread evenly over the file. */
  limit?: number;
  /** Take each record's own candidates (`all_labels`) even where the set has a labels.json. */
  recordLabels?: boolean;
  /** Overrides what the data says: a set is multi-label if a record has not exactly one true label. */
  multiLabel?: boolean;
  /** Other words for labels: from the name in the data to the one that systems see. */
  wording?: Readonly<Record<string, string>>;
}

/** Larger files are no evaluation sets; they are refused before they are read. */
const MAX_BYTES = 2 ** 30;

type EvalRecord = LabelledExample & Omit<ReadExample, 'example'>;

async function readAll(source: DatasetFiles, use: Split, options: ExampleOptions): Promise<EvalRecord[]> {
  const [path] = source.files;
  const size = source.files.reduce((sum, file) => sum + sizeOf(file), 0);
  if (size > MAX_BYTES) throw new DataError(`${path} has ${size} bytes; an evaluation set may have ${MAX_BYTES}: take a sample`);
  const records: EvalRecord[] = [];
  for await (const { example, ...said } of readExamples(source, use, options)) records.push({ ...example, ...said });
  if (!records.length) throw new DataError(`${sourceName(path)} holds no records`);
  return records;
}

/** Candidates that all texts share, where they were written a row each: then they are those of the set. */
function sharedCandidates(records: readonly EvalRecord[]): string[] | undefined {
  const [{ candidates = [] }] = records;
  const key = [...candidates].sort().join('\n');
  return records.every((each) => each.isOfPairs && [...(each.candidates ?? [])].sort().join('\n') === key) ? candidates : undefined;
}

/** What the numbers of labels stand for, which are the candidates also where no text has one of them. */
function classesOf([{ classes }]: readonly EvalRecord[], used: readonly string[]): string[] | undefined {
  return classes && used.every((label) => classes.includes(label)) ? [...classes] : undefined;
}

function sizeOf(path: string): number {
  if (path === '-') return 0; // it will be known when it was read
  try {
    return statSync(path).size;
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
}

/** Rows taken by a limit: evenly spread, so that a file sorted by label still gives all labels. */
export function spreadRows(available: number, limit: number | undefined): number[] {
  const count = Math.min(available, limit ?? available);
  return Array.from({ length: count }, (_, i) => Math.floor((i * available) / count));
}

/** Where a set folder has what: `test.jsonl` and `train.jsonl`, or the files of a data set by their splits. */
function setFiles(path: string): { test: DatasetFiles; train?: DatasetFiles; labels?: string } {
  if (!existsSync(path) || !statSync(path).isDirectory()) return { test: datasetFiles(path, 'test') };
  const labels = existsSync(join(path, 'labels.json')) ? join(path, 'labels.json') : undefined;
  if (!existsSync(join(path, 'test.jsonl'))) {
    const test = datasetFiles(path, 'test');
    const train = hasSplit(path, 'train') ? datasetFiles(path, 'train') : undefined;
    return { test, labels, ...(train && train.files[0] !== test.files[0] ? { train } : {}) };
  }
  const own = (name: string) => datasetFiles(join(path, name), 'test');
  return { test: own('test.jsonl'), labels, ...(existsSync(join(path, 'train.jsonl')) ? { train: own('train.jsonl') } : {}) };
}

/** What a set is called that nobody named: as its file or folder. */
function nameOf(path: string, { files }: DatasetFiles): string {
  if (path === '-') return sourceName(path);
  return files[0] === path ? basename(path.replace(/(\.[a-z]+)?(\.gz|\.zst)?$/i, '')) : basename(resolve(path));
}

/**
 * Reads a set folder, a data set's folder, or a single file of records of any format.
 * @throws DataError naming file and line of what is malformed; UsageError for a wording that names no label.
 */
export async function readEvalSet(path: string, options: ReadSetOptions = {}): Promise<EvalSet> {
  const { test, train, labels: labelFile } = setFiles(path);
  const fromFile = labelFile ? namesAlone(readLabelsFile(labelFile), labelFile, DataError) : undefined;
  const reading = { ...options, otherwiseNamed: fromFile };
  const records = await readAll(test, 'test', reading);
  const shared = options.recordLabels ? undefined : sharedCandidates(records);
  const own = !shared && (!fromFile || options.recordLabels) ? records.some(({ candidates }) => candidates) : false;
  if (options.recordLabels && !own) throw new DataError(`${test.files[0]}: no record has candidates of its own (field "all_labels")`);
  const used = [...new Set(records.flatMap(({ labels, candidates }) => [...(own ? (candidates ?? []) : []), ...labels]))];
  const named = own ? used : (fromFile ?? shared ?? classesOf(records, used) ?? used);
  const isNamed = new Set(named);
  for (const { labels, where } of records) {
    const missing = labels.find((label) => !isNamed.has(label));
    if (missing !== undefined) throw new DataError(`${where}: the label "${missing}" is not in ${labelFile}; add it or correct the record`);
  }

  const wording = options.wording ?? {};
  const unknown = Object.keys(wording).find((label) => !isNamed.has(label));
  if (unknown !== undefined) throw new UsageError(`the label wording names "${unknown}", which ${path} does not have`);
  const worded = (label: string) => (Object.hasOwn(wording, label) ? wording[label] : label);
  const labels = named.map(worded);
  if (new Set(labels).size !== labels.length) throw new UsageError(`the label wording gives two labels of ${path} the same name`);

  const rows = spreadRows(records.length, options.limit).map((row) => records[row]);
  const examples = train ? await readAll(train, 'train', reading) : undefined;
  const set = {
    texts: rows.map(({ text }) => text),
    truth: rows.map((record) => record.labels.map(worded)),
    labels,
    ...(own ? { recordLabels: rows.map(({ candidates }) => (candidates ?? named).map(worded)) } : {}),
    multiLabel: options.multiLabel ?? records.some((record) => record.labels.length !== 1),
    ...(examples ? { examples: examples.map((record) => ({ text: record.text, labels: record.labels.map(worded) })) } : {}),
  };
  return {
    name: options.name ?? nameOf(path, test),
    ...set,
    hash: jsonHash(set),
    available: records.length,
  };
}

/**
 * Where the sets of a path are: the path itself if it is a file, or `-` for stdin, a set folder or the folder of a data set, else its subfolders that are.
 * @throws DataError when there is none.
 */
export function findEvalSets(path: string): string[] {
  if (path === '-') return [path];
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  if (!isFolder || existsSync(join(path, 'test.jsonl'))) return [path];
  const folders = readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .filter((each) => statSync(each, { throwIfNoEntry: false })?.isDirectory());
  const sets = folders.filter((folder) => !isSplitName(basename(folder)) && existsSync(join(folder, 'test.jsonl')));
  if (sets.length) return sets;
  if (isDatasetFolder(path)) return [path];
  const others = folders.filter(isDatasetFolder);
  if (!others.length)
    throw new DataError(`${path} holds no evaluation sets: expected <set>/test.jsonl with <set>/labels.json, or the folder of a data set`);
  return others;
}

/** Reads the sets of a folder or file. @throws DataError naming file and line of what is missing or malformed */
export async function readEvalSets(path: string, options: Omit<ReadSetOptions, 'name' | 'wording'> = {}): Promise<EvalSet[]> {
  const sets: EvalSet[] = [];
  for (const set of findEvalSets(path)) sets.push(await readEvalSet(set, options));
  return sets;
}
