/** What a format of results is: one file for each beside this one, listed in index.ts. Knows records; nothing of files and labels. */
import type { RecordMember } from '../record-members.ts';
import type { TableForm } from '../source-record.ts';

/** Takes results, in order. */
export interface RecordWriter {
  /** Writes what comes before the first one, of formats that have such a thing: which columns there are is seen by a result, which is not written. */
  begin?(record: readonly RecordMember[]): Promise<void>;
  /** Writes one, whose values are JSON: as they were written where they came in so. Resolves when there is room for the next. */
  write(record: readonly RecordMember[]): Promise<void>;
  /** Says what columns there would be, by a result that is not written, where there is none: formats that have types know them then. */
  empty?(record: readonly RecordMember[]): void;
  /** Writes what comes behind the last one; nothing in most formats. */
  end(): Promise<void>;
}

/** What a format with columns has to know. */
export interface FormatOptions {
  /** Any number of labels may fit: all that do are written. */
  isMultiLabel?: boolean;
  /** Labels that have a column each, of their scores. */
  wide?: readonly string[];
  /** The form of the table that results come from, asked for when the first one is there. */
  formOfInput?: () => TableForm;
}

/** A format of results. */
export interface OutputFormat {
  /** End of its files' names, `.jsonl`; empty where it is for no file. */
  extension: string;
  /** Whether it has rows and columns. */
  isTable?: boolean;
  /** Whether a file means nothing without its end; of such results a run that ends early keeps them only once that is written. */
  isWhole?: boolean;
  /** Checks that what writes it is there. @throws DataError that says how to add it */
  check?(): void;
  /** Begins: everything goes through `write`, in whole lines where the format has lines. */
  open(write: (piece: string | Uint8Array) => Promise<void>, options?: FormatOptions): RecordWriter;
}
