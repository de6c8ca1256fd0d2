/**
 * Streams records out of JSONL, CSV, TSV and plain-text files, compressed or not, or out of stdin.
 * Knows formats and lines; what a field means is decided in examples.ts and by the callers.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream, statSync } from 'node:fs';
import { extname } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { Encoding, RecordFormat } from '../options/predict.ts';
import { asUtf8, refuseOtherKinds } from './file-bytes.ts';
import { csvRows, delimiterOf, type TableLine, tsvRows } from './table-rows.ts';

/** One record and where it stood. */
export interface SourceRecord {
  /** Line number in the file, from 1 (of a CSV record with line breaks: its last line). */
  line: number;
  fields: Record<string, unknown>;
  /** The record as it was written, where it is a JSON object: numbers may have digits that `fields` do not hold. */
  json?: string;
  /** Names of the columns in their order, where it is a row of a table. */
  columns?: readonly string[];
  /** Its place among the records, from 0, malformed ones counted; where {@link ReadOptions.isWanted} is given. */
  number?: number;
}

/** How records are read. */
export interface ReadOptions {
  /** By the file's name where absent; of stdin by its first line. */
  format?: RecordFormat;
  /** What stands between the fields of a table; of CSV found out from its header unless given. */
  delimiter?: string;
  /** UTF-8 unless given, and UTF-16 where the file begins with its mark. */
  encoding?: Encoding;
  /** Column of texts, by which the header of a table from stdin is known; `text` or `sentence` unless given. */
  textField?: string;
  /** Called for a malformed line, which is then left out; without it the first malformed line is thrown. */
  onBadLine?: (error: DataError) => void;
  /** Stands for `-`; process.stdin unless given. */
  stdin?: Readable;
  /** Called with the number of bytes read so far (before decompression), for progress. */
  onBytes?: (bytes: number) => void;
  /**
   * Asked once for each record, in order, by its place from 0 (malformed ones count, blank lines do not): what is not wanted is passed over
   * without being looked into. Records then have their {@link SourceRecord.number}.
   */
  isWanted?: (number: number) => boolean;
}

/** A longer line is refused: it is no record, and would not fit in memory. */
const LONGEST_LINE = 64 * 1024 * 1024;

/** Name of a source in messages. */
export const sourceName = (path: string): string => (path === '-' ? 'stdin' : path);

/** The format that a file name promises, or undefined. */
export function formatOfName(path: string): RecordFormat | undefined {
  switch (extname(path.replace(/\.gz$/i, '')).toLowerCase()) {
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
    default:
      return undefined;
  }
}

/** @throws DataError where a path is no file that can be read as records. */
function checkIsFile(path: string): void {
  let isFile: boolean;
  try {
    isFile = !statSync(path).isDirectory();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DataError(missing ? `${path}: no such file` : `cannot read ${path}: ${errorMessage(error)}`);
  }
  if (!isFile) throw new DataError(`${path} is a folder, not a file of records`);
}

/** The bytes of a source, decompressed where they begin with gzip's mark, and as UTF-8. */
async function* readBytes(path: string, { stdin = process.stdin, onBytes, encoding }: ReadOptions): AsyncGenerator<Buffer> {
  const source: Readable = path === '-' ? stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  let seen = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
      seen += bytes.length;
      onBytes?.(seen);
      yield bytes;
    }
  }
  try {
    const chunks = counted();
    // Two bytes tell gzip; a pipe may deliver them one by one.
    let head = Buffer.alloc(0);
    while (head.length < 2) {
      const { value, done } = await chunks.next();
      if (done) break;
      head = Buffer.concat([head, value]);
    }
    async function* all(): AsyncGenerator<Buffer> {
      if (head.length) yield head;
      yield* chunks;
    }
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    // What went wrong comes out of the last stream.
    const plain = isGzip
      ? (pipeline(Readable.from(all(), { objectMode: false }), createGunzip(), () => {}) as AsyncIterable<Buffer>)
      : all();
    yield* asUtf8(refuseOtherKinds(plain, sourceName(path)), encoding, sourceName(path));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${sourceName(path)}: ${errorMessage(error)}`);
  } finally {
    // A pipe whose other end lives on would keep the process alive.
    source.destroy();
  }
}

/** More lines without anything in a row are no text. */
const MOST_EMPTY_LINES = 100_000;

/** Lines as bytes, without their LF. @throws DataError for one that is too long */
async function* readLines(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  let line = 1;
  let empty = 0;
  const where = () => `${sourceName(path)}, line ${line}`;
  const joined = (last: Buffer): Buffer => {
    const whole = parts.length ? Buffer.concat([...parts, last]) : last;
    parts = [];
    held = 0;
    return whole;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const whole = joined(chunk.subarray(start, end));
      // A gzip of nothing but line ends is small, and goes on for hours.
      empty = whole.length === 0 || (whole.length === 1 && whole[0] === 13) ? empty + 1 : 0;
      if (empty > MOST_EMPTY_LINES) throw new DataError(`${where()}: ${MOST_EMPTY_LINES} empty lines in a row; this is no file of records`);
      yield whole;
      start = end + 1;
      line++;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
      if (held > LONGEST_LINE) throw new DataError(`${where()}: longer than ${LONGEST_LINE} bytes; records are one a line`);
    }
  }
  if (held > 0) yield joined(Buffer.alloc(0));
}

/** Bytes as text, without a byte order mark at the start of the file; what is not UTF-8 is replaced. */
function decode(bytes: Buffer, first: boolean): string {
  const text = bytes.toString('utf8');
  return first && text.startsWith('\uFEFF') ? text.slice(1) : text;
}

const notUtf8 = (where: string): DataError =>
  new DataError(`${where}: not UTF-8 text; convert the file, or say --encoding windows-1252 where it is that`);

/** A line of JSONL or plain text. @throws DataError where it is not UTF-8 */
function decodeLine(bytes: Buffer, where: string, first: boolean): string {
  if (!isUtf8(bytes)) throw notUtf8(where);
  return decode(bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes, first);
}

/** Lines of a table. */
async function* tableLines(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<TableLine> {
  let line = 0;
  let loneCr = false;
  for await (const bytes of readLines(path, chunks)) {
    const broken = !isUtf8(bytes);
    const text = `${decode(bytes, line === 0)}\n`;
    // A CR alone ends lines where it ends the header (old Macs); elsewhere it is text, and texts from the web do hold it.
    if (line === 0) loneCr = /\r(?!\n)/.test(text);
    for (const piece of loneCr ? text.split(/(?<=\r)(?!\n)/) : [text]) {
      line++;
      const error = broken && piece.includes('\uFFFD') ? notUtf8(`${sourceName(path)}, line ${line}`) : undefined;
      yield { line, text: piece, error };
    }
  }
}

function parseJsonLine(text: string, where: string): Omit<SourceRecord, 'line'> {
  const value = parseJson(text, where);
  if (typeof value === 'string') return { fields: { text: value } };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${where}: not a JSON object; each line holds one, for example {"text": "..."}`);
  return { fields: value as Record<string, unknown>, json: text };
}

/** What `read` gives, or undefined where it finds a malformed line and `onBadLine` takes it. */
function orBadLine<T>(read: () => T, { onBadLine }: ReadOptions): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!onBadLine || !(error instanceof DataError)) throw error;
    onBadLine(error);
    return undefined;
  }
}

function tableHeader(fields: string[] | DataError, where: string): string[] {
  // Without its header no row of a table means anything.
  if (fields instanceof DataError) throw fields;
  const header = fields.map((column) => column.trim());
  const twice = header.find((column, at) => header.indexOf(column) !== at);
  if (twice !== undefined) throw new DataError(`${where}: the column "${twice}" occurs twice in the header`);
  return header;
}

function tableFields(header: readonly string[], fields: string[] | DataError, where: string): Record<string, unknown> {
  if (fields instanceof DataError) throw fields;
  if (fields.length !== header.length) throw new DataError(`${where}: ${fields.length} fields where the header has ${header.length}`);
  return Object.fromEntries(header.map((column, at) => [column, fields[at]]));
}

/** Records of a table with a header line. */
async function* readTable(
  path: string,
  chunks: AsyncIterable<Buffer>,
  format: 'csv' | 'tsv',
  options: ReadOptions,
): AsyncGenerator<SourceRecord> {
  const name = sourceName(path);
  const lines = tableLines(path, chunks);
  let header: string[] | undefined;
  let records = 0;
  for await (const { line, fields } of format === 'csv' ? csvRows(name, lines, options.delimiter) : tsvRows(lines)) {
    const where = `${name}, line ${line}`;
    if (!header) {
      header = tableHeader(fields, where);
      continue;
    }
    const number = records++;
    if (options.isWanted && !options.isWanted(number)) continue;
    const columns = header;
    const record = orBadLine(() => tableFields(columns, fields, where), options);
    if (record) yield { line, fields: record, columns, ...(options.isWanted ? { number } : {}) };
  }
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
  while (start.length < LONGEST_HEADER && !/\S.*\n/.test(start)) {
    const { value, done } = await bytes.next();
    if (done) break;
    chunks.push(value);
    start += value.toString('latin1');
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* chunks;
      yield* bytes;
    } finally {
      await bytes.return(undefined);
    }
  }
  const text = decode(Buffer.from(start, 'latin1'), true);
  return { line: text.trimStart().split(/\r?\n/, 1)[0], all: all() };
}

/** Whether a line holds nothing; most are told by their first byte. */
const isBlankLine = (raw: Buffer): boolean => !(raw[0] > 32 && raw[0] < 127) && raw.toString('utf8').trim() === '';

/** Records that are one a line. */
async function* readLineRecords(
  path: string,
  chunks: AsyncIterable<Buffer>,
  format: 'jsonl' | 'text',
  options: ReadOptions,
): AsyncGenerator<SourceRecord> {
  let isFirst = true;
  let line = 0;
  let records = 0;
  for await (const raw of readLines(path, chunks)) {
    line++;
    if (isBlankLine(raw)) continue;
    const number = records++;
    const isWanted = options.isWanted?.(number) ?? true;
    // What begins a list is looked at by all: the file is the wrong one.
    if (!isWanted && !isFirst) continue;
    const where = `${sourceName(path)}, line ${line}`;
    const text = isWanted ? orBadLine(() => decodeLine(raw, where, line === 1), options) : decode(raw, line === 1);
    if (text === undefined) continue;
    // Of a list that is spread over lines the last object would be the only one that is JSON by itself.
    if (isFirst && format === 'jsonl' && text.trimStart().startsWith('['))
      throw new DataError(`${where}: a JSON list; write one object a line (jq -c '.[]')`);
    isFirst = false;
    if (!isWanted) continue;
    const record = format === 'jsonl' ? orBadLine(() => parseJsonLine(text, where), options) : { fields: { text } };
    if (record) yield { line, ...record, ...(options.isWanted ? { number } : {}) };
  }
}

/**
 * Streams the records of a file, or of stdin for `-`; gzip is recognised by its content.
 * JSONL lines are objects (a bare JSON string counts as its text); plain lines become `{text}`; tables need a header. Blank lines are skipped.
 * @throws DataError naming file and line: unreadable, not UTF-8, malformed; also with `onBadLine` where the whole file is the wrong one
 *   (a JSON list, a workbook, a table without a header that can be read). UsageError when the format cannot be told from the name.
 */
export async function* readRecords(path: string, options: ReadOptions = {}): AsyncGenerator<SourceRecord> {
  if (path !== '-') checkIsFile(path);
  const named = options.format ?? (options.delimiter === undefined ? (path === '-' ? undefined : formatOfName(path)) : 'csv');
  let bytes = readBytes(path, options);
  if (!named && path !== '-') {
    // A workbook or an archive says by its first bytes that no format would do.
    if (statSync(path).isFile()) for await (const _ of bytes) break;
    throw new UsageError(`${path}: the format cannot be told from the name; say --format jsonl, csv, tsv or text`);
  }
  let format = named;
  if (!format) {
    const { line, all } = await firstLine(bytes);
    format = formatOfLine(line, options.textField);
    bytes = all;
  }
  if (format === 'csv' || format === 'tsv') yield* readTable(path, bytes, format, options);
  else yield* readLineRecords(path, bytes, format, options);
}
