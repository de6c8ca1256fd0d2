/** Records that cannot be labelled and are left out: the first few are named, all are counted. */
import type { DataError } from '../../base/errors.ts';
import type { Progress } from '../terminal/progress.ts';

/** Malformed records that are named. */
const NAMED = 10;

/** What was left out. */
export interface SkippedRecords {
  readonly count: number;
  /** What was wrong with the first one. */
  readonly first: DataError | undefined;
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
    get count() {
      return count;
    },
    get first() {
      return first;
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
