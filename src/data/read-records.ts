/**
 * Streams records out of JSONL, CSV, TSV and plain-text files, compressed or not, or out of stdin.
 * Knows formats and lines; what a field means is decided in examples.ts and by the callers. Imports errors only.
 */
import { createReadStream, statSync } from 'node:fs';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse as parseCsv } from 'csv-parse';
import { DataError, errorMessage, UsageError } from '../errors.ts';

/** Formats of record files; `text` is one text a line. */
export const RECORD_FORMATS = ['jsonl', 'csv', 'tsv', 'text'] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** One record and where it stood. */
export interface SourceRecord {
  /** Line number in the file, from 1 (of a CSV record with line breaks: its last line). */
  line: number;
  fields: Record<string, unknown>;
}

/** How records are read. */
export interface ReadOptions {
  /** By the file's name where absent; of stdin by its first character. */
  format?: RecordFormat;
  /** Called for a malformed line, which is then left out; without it the first malformed line is thrown. */
  onBadLine?: (error: DataError) => void;
  /** Stands for `-`; process.stdin unless given. */
  stdin?: Readable;
  /** Called with the number of bytes read so far (before decompression), for progress. */
  onBytes?: (bytes: number) => void;
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

/** The bytes of a source, decompressed where they begin with gzip's mark. */
async function* readBytes(path: string, { stdin = process.stdin, onBytes }: ReadOptions): AsyncGenerator<Buffer> {
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
    if (head[0] !== 0x1f || head[1] !== 0x8b) {
      yield* all();
      return;
    }
    const gunzip = createGunzip();
    const pump = (async () => {
      try {
        for await (const chunk of all()) if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once('drain', resolve));
        gunzip.end();
      } catch (error) {
        gunzip.destroy(error as Error);
      }
    })();
    yield* gunzip as AsyncIterable<Buffer>;
    await pump;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${sourceName(path)}: ${errorMessage(error)}`);
  }
}

/** Lines as bytes, without their line break. */
async function* readLines(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  let line = 1;
  const joined = (last: Buffer): Buffer => {
    const whole = parts.length ? Buffer.concat([...parts, last]) : last;
    parts = [];
    held = 0;
    return whole.at(-1) === 13 ? whole.subarray(0, -1) : whole;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield joined(chunk.subarray(start, end));
      start = end + 1;
      line++;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
      if (held > LONGEST_LINE)
        throw new DataError(`${sourceName(path)}, line ${line}: longer than ${LONGEST_LINE} bytes; records are one a line`);
    }
  }
  if (held > 0) yield joined(Buffer.alloc(0));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text, without a byte order mark at the start of the file. */
function decodeLine(bytes: Buffer, where: string, first: boolean): string {
  try {
    const text = decoder.decode(bytes);
    return first && text.startsWith('\uFEFF') ? text.slice(1) : text;
  } catch {
    const utf16 = bytes[0] === 0xff || bytes[0] === 0xfe || bytes.includes(0);
    throw new DataError(`${where}: not UTF-8 text${utf16 ? ' (it looks like UTF-16)' : ''}; convert the file to UTF-8`);
  }
}

function parseJsonLine(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`${where}: not JSON: ${errorMessage(error)}`);
  }
  if (typeof value === 'string') return { text: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${where}: not a JSON object; each line holds one, for example {"text": "..."}`);
  return value as Record<string, unknown>;
}

/** Records of a table with a header line. */
async function* readTable(
  path: string,
  chunks: AsyncIterable<Buffer>,
  format: 'csv' | 'tsv',
  options: ReadOptions,
): AsyncGenerator<SourceRecord> {
  const name = sourceName(path);
  const parser = parseCsv({
    delimiter: format === 'tsv' ? '\t' : ',',
    // TSV has no quoting: a quotation mark is text.
    quote: format === 'tsv' ? null : '"',
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_LINE,
    info: true,
  });
  let line = 1;
  const pump = (async () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    try {
      for await (const chunk of chunks) {
        let text: string;
        try {
          text = strict.decode(chunk, { stream: true });
        } catch {
          throw new DataError(`${name}, after line ${line}: not UTF-8 text; convert the file to UTF-8`);
        }
        if (!parser.write(text)) await new Promise((resolve) => parser.once('drain', resolve));
      }
      parser.end();
    } catch (error) {
      parser.destroy(error as Error);
    }
  })();
  let header: string[] | undefined;
  try {
    for await (const row of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      line = row.info.lines;
      if (!header) {
        header = row.record.map((column) => column.trim());
        const twice = header.find((column, at) => header!.indexOf(column) !== at);
        if (twice !== undefined) throw new DataError(`${name}, line ${line}: the column "${twice}" occurs twice in the header`);
        continue;
      }
      if (row.record.length !== header.length) {
        const error = new DataError(`${name}, line ${line}: ${row.record.length} fields where the header has ${header.length}`);
        if (!options.onBadLine) throw error;
        options.onBadLine(error);
        continue;
      }
      yield { line, fields: Object.fromEntries(header.map((column, at) => [column, row.record[at]])) };
    }
    await pump;
  } catch (error) {
    if (error instanceof CsvError) throw new DataError(`${name}, line ${Number(error.lines ?? line)}: ${error.message}`);
    throw error;
  }
}

/**
 * Streams the records of a file, or of stdin for `-`; gzip is recognised by its content.
 * JSONL lines are objects (a bare JSON string counts as its text); plain lines become `{text}`; tables need a header. Blank lines are skipped.
 * @throws DataError naming file and line: unreadable, not UTF-8, malformed. UsageError when the format cannot be told from the name.
 */
export async function* readRecords(path: string, options: ReadOptions = {}): AsyncGenerator<SourceRecord> {
  const name = sourceName(path);
  if (path !== '-') checkIsFile(path);
  let format = options.format ?? (path === '-' ? undefined : formatOfName(path));
  if (!format && path !== '-')
    throw new UsageError(`${path}: the format cannot be told from the name; say --format jsonl, csv, tsv or text`);
  const bytes = readBytes(path, options);
  if (format === 'csv' || format === 'tsv') {
    yield* readTable(path, bytes, format, options);
    return;
  }
  let line = 0;
  for await (const raw of readLines(path, bytes)) {
    line++;
    const where = `${name}, line ${line}`;
    let fields: Record<string, unknown>;
    try {
      const text = decodeLine(raw, where, line === 1);
      if (text.trim() === '') continue;
      format ??= text.trimStart().startsWith('{') ? 'jsonl' : 'text';
      fields = format === 'jsonl' ? parseJsonLine(text, where) : { text };
    } catch (error) {
      if (!options.onBadLine || !(error instanceof DataError)) throw error;
      options.onBadLine(error);
      continue;
    }
    yield { line, fields };
  }
}
