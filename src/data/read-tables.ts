/** Records of tables with a header: CSV and TSV. */
import { isUtf8 } from 'node:buffer';
import { DataError } from '../base/errors.ts';
import { orBadLine, type ReadOptions, type SourceRecord, sourceName, type TableForm } from './source-record.ts';
import { csvRows, type TableLine, tsvRows } from './table-rows.ts';
import { decode, notUtf8, readLines } from './text-lines.ts';

const UTF8_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** Lines of a table. @param form is told whether they begin with a byte order mark */
async function* tableLines(path: string, chunks: AsyncIterable<Buffer>, form: TableForm): AsyncGenerator<TableLine> {
  let line = 0;
  let loneCr = false;
  for await (const bytes of readLines(path, chunks)) {
    const broken = !isUtf8(bytes);
    if (line === 0) form.hasMark = bytes.subarray(0, 3).equals(UTF8_MARK);
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
export async function* readTable(
  path: string,
  chunks: AsyncIterable<Buffer>,
  format: 'csv' | 'tsv',
  options: ReadOptions,
): AsyncGenerator<SourceRecord> {
  const name = sourceName(path);
  const form: TableForm = {};
  const lines = tableLines(path, chunks, form);
  const onDelimiter = (delimiter: string): void => {
    form.delimiter = delimiter;
  };
  const rows = format === 'csv' ? csvRows(name, lines, { delimiter: options.delimiter, onDelimiter }) : tsvRows(lines);
  let header: string[] | undefined;
  let records = 0;
  for await (const { line, fields } of rows) {
    const where = `${name}, line ${line}`;
    if (!header) {
      header = tableHeader(fields, where);
      options.onTable?.(form);
      continue;
    }
    const number = records++;
    if (options.isWanted && !options.isWanted(number)) continue;
    const columns = header;
    const record = orBadLine(() => tableFields(columns, fields, where), options);
    if (record) yield { line, fields: record, columns, ...(options.isWanted ? { number } : {}) };
  }
}
