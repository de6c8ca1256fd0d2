/** Records as readers of files hand them on, and how those are asked to read. Knows no formats. */
import type { Readable } from 'node:stream';
import { DataError } from '../base/errors.ts';
import type { Encoding, RecordFormat } from '../options/predict.ts';
import type { ParquetColumn } from './parquet/parquet-field.ts';

/** One record and where it stood. */
export interface SourceRecord {
  /** Line number in the file, from 1 (of a CSV record with line breaks: its last line); of Parquet the number of the row. */
  line: number;
  fields: Record<string, unknown>;
  /** The record as it was written, where it is a JSON object: numbers may have digits that `fields` do not hold. */
  json?: string;
  /** Names of the columns in their order, where it is a row of a table. */
  columns?: readonly string[];
  /** A row of Parquet as it lies in the file, where `fields` have the nearest numbers and times as text. */
  typed?: { columns: readonly ParquetColumn[]; values: readonly unknown[] };
  /** Its place among the records, from 0, malformed ones counted; where {@link ReadOptions.isWanted} is given. */
  number?: number;
}

/** How a table is written, beside its cells. */
export interface TableForm {
  /** What stands between the fields of CSV. */
  delimiter?: string;
  /** Whether it begins with a byte order mark, by which Excel knows UTF-8. */
  hasMark?: boolean;
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
  /** The records have labels: a file of another name that begins with `__label__` is one of fastText. */
  isLabelled?: boolean;
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
  /** Called with the number of records before the first, where the file says it. */
  onTotal?: (records: number) => void;
  /** Called with the columns that are read, before the first record, of files that have types. */
  onColumns?: (columns: readonly ParquetColumn[]) => void;
  /** Called with the form of a table, before its first record. */
  onTable?: (form: TableForm) => void;
  /** Fields that are asked for, or paths in them; files with columns of their own read no others. */
  only?: readonly string[];
}

/** Name of a source in messages. */
export const sourceName = (path: string): string => (path === '-' ? 'stdin' : path);

/** Where a record stood, for messages. */
export const recordPlace = (path: string, { line, typed }: Pick<SourceRecord, 'line' | 'typed'>): string =>
  `${sourceName(path)}, ${typed ? 'row' : 'line'} ${line}`;

/** What `read` gives, or undefined where it finds a malformed line and `onBadLine` takes it. */
export function orBadLine<T>(read: () => T, { onBadLine }: ReadOptions): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!onBadLine || !(error instanceof DataError)) throw error;
    onBadLine(error);
    return undefined;
  }
}
