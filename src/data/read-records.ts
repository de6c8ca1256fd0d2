/**
 * Streams records out of files of any format, compressed or not, or out of stdin. Knows which format is read how; what a field means is
 * decided in examples.ts and by the callers.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { DataError, UsageError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { RecordFormat } from '../options/predict.ts';
import { jsonListItems } from './json-list.ts';
import { readParquet } from './parquet/read-parquet.ts';
import { readTable } from './read-tables.ts';
import { checkIsFile, readBytes } from './source-bytes.ts';
import { orBadLine, type ReadOptions, type SourceRecord, sourceName } from './source-record.ts';
import { delimiterOf } from './table-rows.ts';
import { decode, decodeLine, readLines } from './text-lines.ts';

export { type ReadOptions, recordPlace, type SourceRecord, sourceName, type TableForm } from './source-record.ts';

/** The format that a file name promises, or undefined. */
export function formatOfName(path: string): RecordFormat | undefined {
  switch (extname(path.replace(/\.(gz|zst)$/i, '')).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
    case '.json':
      return 'jsonl';
    case '.csv':
      return 'csv';
    case '.tsv':
    case '.tab':
      return 'tsv';
    case '.txt':
    case '.text':
      return 'text';
    case '.parquet':
    case '.pq':
      return 'parquet';
    default:
      return undefined;
  }
}

function parseJsonLine(text: string, where: string): Omit<SourceRecord, 'line'> {
  const value = parseJson(text, where);
  if (typeof value === 'string') return { fields: { text: value } };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${where}: not a JSON object; each line holds one, for example {"text": "..."}`);
  return { fields: value as Record<string, unknown>, json: text };
}

/** The format of stdin by its first line: JSON by its first characters, a table by a header of several columns that has the one of texts. */
function formatOfLine(text: string, textField: string | undefined): RecordFormat {
  if (/^\s*(?:\{|\[\s*(?:[{"]|$))/.test(text)) return 'jsonl';
  const sep = /^sep=.\s*$/i.test(text);
  const delimiter = delimiterOf(text);
  const columns = text.split(delimiter).map((column) => column.trim().replace(/^"(.*)"$/, '$1'));
  const hasTexts = (textField === undefined ? ['text', 'sentence'] : [textField]).some((name) => columns.includes(name));
  if (!sep && (columns.length < 2 || !hasTexts)) return 'text';
  return delimiter === '\t' ? 'tsv' : 'csv';
}

/** More bytes are not looked at for a first line. */
const LONGEST_HEADER = 1 << 20;

/** The first line that holds something, and all bytes with it. */
async function firstLine(bytes: AsyncGenerator<Buffer>): Promise<{ line: string; all: AsyncGenerator<Buffer> }> {
  const chunks: Buffer[] = [];
  let start = '';
  while (
    start.length < LONGEST_HEADER &&
    !start
      .replace(/^\xef\xbb\xbf/, '')
      .trimStart()
      .includes('\n')
  ) {
    const { value, done } = await bytes.next();
    if (done) break;
    chunks.push(value);
    start += value.toString('latin1');
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (chunks.length) yield Buffer.concat(chunks);
      yield* bytes;
    } finally {
      await bytes.return(undefined);
    }
  }
  const text = decode(Buffer.from(start, 'latin1'), true);
  return { line: text.trimStart().split(/\r?\n/, 1)[0], all: all() };
}

/** How fastText marks labels in front of a text. */
const FASTTEXT = /^(?:__label__\S+\s+)+/;

/** A line of text, and the labels that fastText's form has in front of it. */
function textFields(line: string): Record<string, unknown> {
  const marked = FASTTEXT.exec(line)?.[0];
  if (marked === undefined) return { text: line };
  return {
    text: line.slice(marked.length),
    labels: marked
      .trim()
      .split(/\s+/)
      .map((label) => label.slice('__label__'.length)),
  };
}

/** Whether a line holds nothing; most are told by their first byte. */
const isBlankLine = (raw: Buffer): boolean => !(raw[0] > 32 && raw[0] < 127) && raw.toString('utf8').trim() === '';

/** A record with its place, where that is asked for; nothing where it is malformed. */
function* placed(
  number: number,
  line: number,
  record: Omit<SourceRecord, 'line'> | undefined,
  { isWanted }: ReadOptions,
): Generator<SourceRecord> {
  if (record) yield { line, ...record, ...(isWanted ? { number } : {}) };
}

/** Records that are one a line. */
async function* readLineRecords(
  path: string,
  chunks: AsyncIterable<Buffer>,
  format: 'jsonl' | 'text',
  options: ReadOptions,
): AsyncGenerator<SourceRecord> {
  let line = 0;
  let records = 0;
  for await (const raw of readLines(path, chunks)) {
    line++;
    if (isBlankLine(raw)) continue;
    const number = records++;
    if (options.isWanted && !options.isWanted(number)) continue;
    const where = `${sourceName(path)}, line ${line}`;
    const text = orBadLine(() => decodeLine(raw, where, line === 1), options);
    if (text === undefined) continue;
    const record = format === 'jsonl' ? orBadLine(() => parseJsonLine(text, where), options) : { fields: textFields(text) };
    yield* placed(number, line, record, options);
  }
}

/** Records that are items of one JSON list. */
async function* readListRecords(path: string, chunks: AsyncIterable<Buffer>, options: ReadOptions): AsyncGenerator<SourceRecord> {
  let records = 0;
  for await (const { line, json } of jsonListItems(path, chunks)) {
    const number = records++;
    if (options.isWanted && !options.isWanted(number)) continue;
    const record = orBadLine(() => parseJsonLine(json, `${sourceName(path)}, line ${line}`), options);
    yield* placed(number, line, record, options);
  }
}

/** What is said of a file whose name and first line say nothing; only commands that label have an option for it. */
const unknownFormat = (path: string, isLabelled = false): UsageError =>
  new UsageError(
    `${path}: the format cannot be told from the name; ${isLabelled ? 'end it in .jsonl, .json, .csv, .tsv, .txt or .parquet' : 'say --format jsonl, csv, tsv, text or parquet'}`,
  );

/** What is wrong with JSON that is neither lines nor a list. */
const SPREAD = 'begins with a JSON object that is spread over lines; write one object a line, or a list of them (jq -c .)';

/** Whether a file begins as Parquet does. A pipe is not looked into: what is read of it is gone. */
function isParquet(path: string): boolean {
  if (path === '-' || !statSync(path).isFile()) return false;
  const start = Buffer.alloc(4);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, start);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false; // whoever reads the records says what is wrong
  }
  return start.toString('latin1') === 'PAR1';
}

/**
 * Streams the records of a file, or of stdin for `-`; gzip and Parquet are recognised by their content.
 * JSONL lines, or items of a JSON list, are objects (a bare JSON string counts as its text); plain lines become `{text}`; tables need a header. Blank lines are skipped.
 * @throws DataError naming file and line: unreadable, not UTF-8, malformed; also with `onBadLine` where the whole file is the wrong one
 *   (a JSON object over several lines, a workbook, a table without a header that can be read). UsageError when the format cannot be told from the name.
 */
export async function* readRecords(path: string, options: ReadOptions = {}): AsyncGenerator<SourceRecord> {
  if (path !== '-') checkIsFile(path);
  const name = sourceName(path);
  const named = options.format ?? (options.delimiter === undefined ? (path === '-' ? undefined : formatOfName(path)) : 'csv');
  if (isParquet(path)) {
    if (options.format !== undefined && options.format !== 'parquet')
      throw new UsageError(`${path} is a Parquet file, not ${options.format}: leave --format out`);
    yield* readParquet(path, options);
    return;
  }
  let bytes = readBytes(path, options);
  const isGuessed = options.isLabelled === true && !named;
  if ((!named && path !== '-' && !isGuessed) || named === 'parquet') {
    // A workbook or an archive says by its first bytes that no format would do.
    if (path !== '-' && statSync(path).isFile()) for await (const _ of bytes) break;
    if (named === 'parquet')
      throw new DataError(
        path === '-'
          ? 'stdin: Parquet is read from its end: give the file by its name, not through a pipe'
          : `${name}: not a Parquet file, whatever its name or --format says: it does not begin with PAR1`,
      );
    throw unknownFormat(path);
  }
  let format: RecordFormat | undefined = named;
  let isList = false;
  if (!format || format === 'jsonl') {
    const { line, all } = await firstLine(bytes);
    format ??= FASTTEXT.test(line) ? 'text' : formatOfLine(line, options.textField);
    if (isGuessed && format === 'text' && path !== '-' && !FASTTEXT.test(line)) throw unknownFormat(path, true);
    isList = line.startsWith('[');
    if (format === 'jsonl' && line.trim() === '{') throw new DataError(`${name}: ${SPREAD}`);
    bytes = all;
  }
  if (format === 'csv' || format === 'tsv') yield* readTable(path, bytes, format, options);
  else if (format === 'jsonl' && isList) yield* readListRecords(path, bytes, options);
  else yield* readLineRecords(path, bytes, format === 'text' ? 'text' : 'jsonl', options);
}
