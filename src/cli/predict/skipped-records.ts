/** Records that cannot be labelled and are left out: the first few are named, all are counted. */
import type { DataError } from '../../base/errors.ts';
import type { Progress } from '../terminal/progress.ts';

/** Malformed records that are named. */
const NAMED = 10;

/** What was left out. */
export interface SkippedRecords {
  /** What was wrong with the first one of the output that is written. */
  readonly first: DataError | undefined;
  /** Begins with the next output. */
  next(): void;
  /** Leaves a record out. */
  skip(error: DataError): void;
  /** How many there were, as a note; undefined for none. */
  note(): string | undefined;
}

/** Counts from none on; names records beside the progress. */
export function createSkippedRecords(progress: Pick<Progress, 'note'>): SkippedRecords {
  let count = 0;
  let first: DataError | undefined;
  return {
    get first() {
      return first;
    },
    next() {
      first = undefined;
    },
    skip(error) {
      count++;
      first ??= error;
      if (count <= NAMED) progress.note(`skipped: ${error.message}`);
    },
    note() {
      if (count === 0) return undefined;
      const named = count > NAMED ? ` (the first ${NAMED} are named above)` : '';
      return `note: ${count === 1 ? '1 record was' : `${count} records were`} skipped${named}`;
    },
  };
}
