/**
 * Rows of CSV and TSV out of lines. csv-parse is given one row at a time: a row that breaks the rules of quoting so costs its own line
 * only, where in a stream it is the last one, or takes what follows up to the next fitting quote for its text.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { DataError } from '../base/errors.ts';

/** A line of a table. */
export interface TableLine {
  /** Its number in the file, from 1. */
  line: number;
  /** With its line break, which belongs to the text where a quoted field goes on. */
  text: string;
  /** What is wrong with its bytes. */
  error?: DataError;
}

/** A row of a table. */
export interface TableRow {
  /** Number of its last line; of a malformed row, of the line that is wrong. */
  line: number;
  /** Its fields, or what is wrong with it. */
  fields: string[] | DataError;
}

/** A row does not go on beyond so many characters: its quote was never closed. */
const LONGEST_ROW = 16 * 1024 * 1024;

const withoutBreak = (text: string): string => text.replace(/(?:\r\n|\n|\r)$/, '');

/** What csv-parse finds wrong with quotes, without the place, which is within the row. */
const QUOTE_ERRORS: Readonly<Record<string, string>> = {
  INVALID_OPENING_QUOTE: 'a quote inside a field that is not in quotes',
  CSV_INVALID_CLOSING_QUOTE: 'text behind the closing quote of a field',
};

/** How rows of CSV are read. */
export interface CsvOptions {
  /** What stands between fields; what the first row shows unless given. */
  delimiter?: string;
  /** Characters after which a quote that is still open was never closed: so much of a file is held at once. */
  longest?: number;
  /** Told what stands between fields, before the first row. */
  onDelimiter?: (delimiter: string) => void;
}

/** What may stand between the fields of CSV, the likelier ones first. */
const DELIMITERS = [',', ';', '\t', '|'];

/** What stands between the columns of a header, outside of quotes most often; a comma of a single column. Excel's `sep=;` says it. */
export function delimiterOf(header: string): string {
  const said = /^sep=(.)\s*$/i.exec(header)?.[1];
  if (said !== undefined) return said;
  const plain = header.replace(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string) => plain.split(delimiter).length;
  return DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** The fields of a row of CSV, undefined while a quoted field is open, or what is wrong with its quotes. */
function csvFields(row: string, delimiter: string): string[] | string | undefined {
  // Most rows have no quotes, and csv-parse takes some 60 microseconds to begin.
  if (!row.includes('"')) return row.split(delimiter);
  try {
    return (parse(row, { delimiter, record_delimiter: ['\n'] }) as string[][])[0];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return error.code === 'CSV_QUOTE_NOT_CLOSED' ? undefined : (QUOTE_ERRORS[error.code] ?? error.message);
  }
}

const hasOddQuotes = (text: string): boolean => text.split('"').length % 2 === 0;

/** Rows of CSV (RFC 4180). Empty lines and `sep=;` are left out. */
export async function* csvRows(
  name: string,
  lines: AsyncGenerator<TableLine>,
  { delimiter: given, longest = LONGEST_ROW, onDelimiter }: CsvOptions = {},
): AsyncGenerator<TableRow> {
  let delimiter = given;
  // Lines that were taken for the text of an open quote, and were not; the next one last.
  const again: TableLine[] = [];
  const next = async (): Promise<TableLine | undefined> => again.pop() ?? ((await lines.next()).value as TableLine | undefined);
  const malformed = (line: number, what: string): TableRow => ({
    line,
    fields: new DataError(`${name}, line ${line}: ${what}; a field with quotes in it stands in quotes, and they are doubled`),
  });
  try {
    for (let first = await next(); first; first = await next()) {
      if (withoutBreak(first.text) === '') continue;
      const isHeader = delimiter === undefined || (first.line === 1 && given !== undefined);
      delimiter ??= delimiterOf(withoutBreak(first.text));
      if (isHeader && /^sep=.\s*$/i.test(first.text)) continue;
      const between = delimiter;
      onDelimiter?.(between);
      onDelimiter = undefined;
      const row = [first];
      let size = first.text.length;
      let fields = csvFields(withoutBreak(first.text), between);
      while (fields === undefined && size <= longest) {
        const more = await next();
        if (!more) break;
        row.push(more);
        size += more.text.length;
        // An even number of quotes leaves the field open: a long one is not looked through for each of its lines.
        if (hasOddQuotes(more.text)) fields = csvFields(withoutBreak(row.map(({ text }) => text).join('')), between);
      }
      if (Array.isArray(fields)) {
        yield { line: row.at(-1)!.line, fields: row.find(({ error }) => error)?.error ?? fields };
        continue;
      }
      // The quote that opened on the first line is the likeliest mistake: the lines behind it are read as rows of their own.
      const { line, error } = first;
      const within = size > longest ? ` within ${longest} characters` : '';
      const what = row.length === 1 && fields !== undefined ? fields : `a quote is opened and not closed${within}`;
      while (row.length > 1) again.push(row.pop()!);
      yield error ? { line, fields: error } : malformed(line, what);
    }
  } finally {
    await lines.return(undefined);
  }
}

/** Rows of TSV, which has no quoting: a quotation mark is text. Empty lines are left out. */
export async function* tsvRows(lines: AsyncIterable<TableLine>): AsyncGenerator<TableRow> {
  for await (const { line, text, error } of lines) {
    const row = withoutBreak(text);
    if (row !== '') yield { line, fields: error ?? row.split('\t') };
  }
}
