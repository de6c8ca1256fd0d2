/** Files of texts as people have them: CSV and TSV with a header, JSONL, plain lines. */
import Papa from 'papaparse';

/** Texts with what stood beside them. */
export interface TextTable {
  /** Names of the columns, as they stand in the file. */
  columns: string[];
  /** Cells by column. */
  rows: string[][];
  /** The column that most likely holds the texts. */
  textColumn: number;
  /** What was left out, in words for the reader. */
  note?: string;
}

/** Texts of a file at most: the page keeps all of them and their results. */
export const MOST_TEXTS = 100_000;

/** Columns that hold texts by their name, as `glz predict` has it. */
const TEXT_NAMES = ['text', 'sentence'];

/** Bytes as text: UTF-8 or UTF-16 by their mark, else UTF-8, else Windows-1252, which older spreadsheets write. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** The column that holds the texts: by name, else the one with the longest cells. */
function likeliestTextColumn(columns: readonly string[], rows: readonly (readonly string[])[]): number {
  const named = TEXT_NAMES.map((name) => columns.findIndex((column) => column.trim().toLowerCase() === name)).find((at) => at >= 0);
  if (named !== undefined) return named;
  const sizes = columns.map((_, at) => rows.slice(0, 200).reduce((sum, row) => sum + (row[at]?.length ?? 0), 0));
  return Math.max(0, sizes.indexOf(Math.max(...sizes)));
}

const cellOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);

function jsonlTable(text: string): TextTable {
  const columns: string[] = [];
  const places = new Map<string, number>();
  const rows: string[][] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new Error(`line ${at + 1} is no JSON`);
    }
    const fields =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [['text', value] as const];
    const row: string[] = [];
    for (const [name, each] of fields) {
      if (!places.has(name)) places.set(name, columns.push(name) - 1);
      row[places.get(name)!] = cellOf(each);
    }
    rows.push(row);
  }
  // Fields that a record has not are empty cells.
  for (const row of rows) for (let at = 0; at < columns.length; at++) row[at] ??= '';
  return { columns, rows, textColumn: likeliestTextColumn(columns, rows) };
}

function csvTable(text: string, delimiter: string): TextTable {
  const { data, errors } = Papa.parse<string[]>(text.replace(/^sep=.\r?\n/i, ''), {
    delimiter,
    delimitersToGuess: [',', ';', '\t', '|'],
    skipEmptyLines: 'greedy',
  });
  const [header, ...cells] = data;
  if (!header) return { columns: [], rows: [], textColumn: 0 };
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken) throw new Error(`row ${(broken.row ?? 0) + 1}: ${broken.message.toLowerCase()}`);
  const rows = cells.map((row) => header.map((_, at) => row[at] ?? ''));
  return { columns: header, rows, textColumn: likeliestTextColumn(header, rows) };
}

const linesTable = (text: string): TextTable => ({
  columns: ['text'],
  rows: text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => [line]),
  textColumn: 0,
});

/** Reads a file of texts, by its name's ending and its first character. Rows without a text are left out. @throws Error that says what is wrong */
export function textTable(name: string, bytes: Uint8Array): TextTable {
  if (bytes.includes(0) && !(bytes[0] === 0xff || bytes[0] === 0xfe)) throw new Error('this is no text file: save it as CSV');
  const text = decodeText(bytes);
  const ending = /\.([a-z]+)$/i.exec(name)?.[1].toLowerCase();
  const isJson = ending === 'jsonl' || ending === 'ndjson' || text.trimStart().startsWith('{');
  const table = isJson ? jsonlTable(text) : ending === 'txt' ? linesTable(text) : csvTable(text, ending === 'tsv' ? '\t' : '');
  if (table.rows.length === 0) throw new Error('there are no rows in it');
  if (table.rows.length > MOST_TEXTS)
    throw new Error(
      `${table.rows.length.toLocaleString('en')} rows: the page takes ${MOST_TEXTS.toLocaleString('en')}, glz predict takes any number`,
    );
  return table;
}

/** Rows as CSV (RFC 4180, a header). */
export const csvText = (columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  `${Papa.unparse([columns as string[], ...(rows as (string | number)[][])], { newline: '\n' })}\n`;

/** A name that no column has yet: `label`, else `label_2`. */
export function freeName(wanted: string, taken: readonly string[]): string {
  let name = wanted;
  for (let number = 2; taken.includes(name); number++) name = `${wanted}_${number}`;
  return name;
}
