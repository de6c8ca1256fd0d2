/** Rows with tabs between their cells. The format has no quoting: what holds a tab or a line break cannot be written. */
import { DataError } from '../../base/errors.ts';
import { tableFormat } from './table.ts';

/** TSV. */
export const TSV = tableFormat('.tsv', (cells, columns) => {
  const at = cells.findIndex((cell) => /[\t\r\n]/.test(cell));
  if (at >= 0)
    throw new DataError(
      `the field "${columns[at]}" of a result has a tab or a line break, which TSV cannot hold: write CSV or JSONL instead`,
    );
  return `${cells.join('\t')}\n`;
});
