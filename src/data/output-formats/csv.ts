/** Rows with commas between their cells (RFC 4180), or with what the table has that they come from; line breaks as LF. */
import { tableFormat } from './table.ts';

/** A cell as it is written. Commas stand in quotes whatever the delimiter is: readers find it out by what the header has most of. */
const quoted = (cell: string, delimiter: string): string =>
  /[",\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** CSV. */
export const CSV = tableFormat('.csv', (cells, _, delimiter = ',') => `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\n`);
