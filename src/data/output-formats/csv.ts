/** Rows with commas between their cells (RFC 4180), line breaks as LF. */
import { tableFormat } from './table.ts';

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** CSV. */
export const CSV = tableFormat('.csv', (cells) => `${cells.map(quoted).join(',')}\n`);
