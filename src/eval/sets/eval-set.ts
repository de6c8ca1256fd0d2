/**
 * Evaluation sets: texts with true labels and candidates, read from `<set>/{test.jsonl,labels.json}` or from one file of records.
 * Knows files and records (src/data), nothing of systems or metrics.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { type ExampleFields, type LabelledExample, labelledExample } from '../../data/examples.ts';
import { readLabelsFile } from '../../data/labels-file.ts';
import { readRecords, recordPlace } from '../../data/read-records.ts';

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
export interface ReadSetOptions extends ExampleFields {
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

interface EvalRecord extends LabelledExample {
  where: string;
}

async function readExamples(path: string, names: ExampleFields): Promise<EvalRecord[]> {
  const size = sizeOf(path);
  if (size > MAX_BYTES) throw new DataError(`${path} has ${size} bytes; an evaluation set may have ${MAX_BYTES}: take a sample`);
  const records: EvalRecord[] = [];
  for await (const record of readRecords(path)) {
    const where = recordPlace(path, record);
    records.push({ ...labelledExample(record.fields, where, names), where });
  }
  if (!records.length) throw new DataError(`${path} holds no records`);
  return records;
}

function sizeOf(path: string): number {
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

/**
 * Reads a set folder or a single file of records (JSONL, CSV, TSV; gzip too).
 * @throws DataError naming file and line of what is malformed; UsageError for a wording that names no label.
 */
export async function readEvalSet(path: string, options: ReadSetOptions = {}): Promise<EvalSet> {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const file = isFolder ? join(path, 'test.jsonl') : path;
  const labelFile = isFolder ? join(path, 'labels.json') : undefined;
  const records = await readExamples(file, options);
  const fromFile = labelFile && existsSync(labelFile) ? readLabelsFile(labelFile) : undefined;
  const own = !fromFile || options.recordLabels ? records.some(({ candidates }) => candidates) : false;
  if (options.recordLabels && !own) throw new DataError(`${file}: no record has candidates of its own (field "all_labels")`);
  const named = own || !fromFile ? [...new Set(records.flatMap(({ labels, candidates }) => [...(candidates ?? []), ...labels]))] : fromFile;
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
  const trainFile = isFolder ? join(path, 'train.jsonl') : undefined;
  const examples = trainFile && existsSync(trainFile) ? await readExamples(trainFile, options) : undefined;
  const set = {
    texts: rows.map(({ text }) => text),
    truth: rows.map((record) => record.labels.map(worded)),
    labels,
    ...(own ? { recordLabels: rows.map(({ candidates }) => (candidates ?? named).map(worded)) } : {}),
    multiLabel: options.multiLabel ?? records.some((record) => record.labels.length !== 1),
    ...(examples ? { examples: examples.map((record) => ({ text: record.text, labels: record.labels.map(worded) })) } : {}),
  };
  return {
    name: options.name ?? basename(isFolder ? path : path.replace(/(\.[a-z]+)?(\.gz)?$/i, '')),
    ...set,
    hash: createHash('sha256').update(JSON.stringify(set)).digest('hex'),
    available: records.length,
  };
}

/**
 * Where the sets of a path are: the path itself if it is a file or a set folder, else its subfolders that are set folders.
 * @throws DataError when there is none.
 */
export function findEvalSets(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  if (!isFolder || existsSync(join(path, 'test.jsonl'))) return [path];
  const sets = readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .filter((folder) => existsSync(join(folder, 'test.jsonl')));
  if (!sets.length) throw new DataError(`${path} holds no evaluation sets: expected <set>/test.jsonl with <set>/labels.json`);
  return sets;
}
