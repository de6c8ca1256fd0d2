/** What a look at training data found. */
import type { DataError } from '../../base/errors.ts';

/** What a look at the data found. */
export interface DataReport {
  /** Rows left out, by reason. */
  skipped: Record<string, number>;
  /** What is wrong with the first malformed rows, with file and line. */
  malformed: string[];
  /** Rows whose text was there before, in the same file. */
  duplicates: number;
  /** Rows whose text was there before, in another file only. */
  duplicatesAcross: number;
  /** Labels that are true of a text in one row and a hard negative of the same text in another. */
  contradictions: { text: string; label: string; where: string }[];
  /** Labels that the model cannot read or tell apart, as a message. */
  labelProblem?: string;
  /** Rows whose text is longer than what is kept. */
  cutTexts: number;
  /** Tokens of each row's text before it is cut; empty unless asked for. At most MEASURED_TOKENS (dataset.ts): longer texts are not read on. */
  textTokens: Int32Array;
}

/** Malformed rows that are named; all are counted. */
const NAMED_ROWS = 20;

/** A report of nothing. */
export const emptyReport = (): DataReport => ({
  skipped: {},
  malformed: [],
  duplicates: 0,
  duplicatesAcross: 0,
  contradictions: [],
  cutTexts: 0,
  textTokens: new Int32Array(0),
});

/** Counts a row that is left out. */
export function skipRow(report: DataReport, reason: string): void {
  report.skipped[reason] = (report.skipped[reason] ?? 0) + 1;
}

/** Counts a malformed row, and names it if it is one of the first. */
export function skipMalformed(report: DataReport, error: DataError): void {
  skipRow(report, 'malformed');
  if (report.malformed.length < NAMED_ROWS) report.malformed.push(error.message);
}
