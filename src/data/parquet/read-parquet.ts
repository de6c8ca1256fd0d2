/** Records of Parquet files: rows with their values as they lie in the file, so that they can be written again as they are. */
import type { ReadOptions, SourceRecord } from '../source-record.ts';
import { plainValue } from './parquet-field.ts';
import { openParquet } from './parquet-file.ts';

/** Whether a column holds what is asked for: it has that name, or the path begins with it. */
const holds = (column: string, asked: string): boolean => asked === column || asked.startsWith(`${column}.`);

/**
 * Streams the rows of a Parquet file, all columns or those of `only`. Memory holds some pages of each column.
 * @throws DataError that names what is wrong with the file, with the row group and the column; where hyparquet is not there
 */
export async function* readParquet(
  path: string,
  { only, onBytes, onTotal, onColumns, isWanted }: ReadOptions,
): AsyncGenerator<SourceRecord> {
  const file = await openParquet(path);
  try {
    const columns = only ? file.columns.filter(({ name }) => only.some((asked) => holds(name, asked))) : file.columns;
    // Without any of them the names of all say what there is.
    const read = columns.length ? columns : file.columns;
    onTotal?.(file.records);
    onColumns?.(read);
    const names = file.columns.map(({ name }) => name);
    let bytes = 0;
    let line = 0;
    const counted = (more: number) => {
      bytes += more;
      onBytes?.(bytes);
    };
    for await (const values of file.rows(read, counted)) {
      const number = line++;
      if (isWanted && !isWanted(number)) continue;
      const fields = Object.fromEntries(read.map((column, at) => [column.name, plainValue(column, values[at])]));
      yield { line, fields, columns: names, typed: { columns: read, values }, ...(isWanted ? { number } : {}) };
    }
  } finally {
    await file.close();
  }
}
