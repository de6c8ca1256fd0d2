/** The table of a training run that grows by one row an evaluation: aligned lines for a terminal. */

/** Columns: heading, field of a row, digits. */
const COLUMNS: readonly [heading: string, field: string, digits: number][] = [
  ['step', 'step', 0],
  ['loss', 'loss', 4],
  ['macro-F1', 'macro_f1', 4],
  ['accuracy', 'accuracy', 4],
  ['dev loss', 'dev_loss', 4],
  ['right', 'right', 3],
  ['wrong', 'wrong', 3],
];
const WIDTH = 8;

/** A growing table. */
export interface EvaluationTable {
  /** The lines that show a row: with the heading before the first one. `best` marks it. */
  row(fields: Readonly<Record<string, unknown>>, best: boolean): string[];
}

/** Begins a table. `right` and `wrong` are the mean probabilities of right and of wrong labels. */
export function evaluationTable(): EvaluationTable {
  let begun = false;
  return {
    row(fields, best) {
      const cells = COLUMNS.map(([, field, digits]) => {
        const value = fields[field];
        return (typeof value === 'number' ? value.toFixed(digits) : '-').padStart(WIDTH);
      });
      const line = `  ${cells.join('  ')}${best ? '  best' : ''}`;
      if (begun) return [line];
      begun = true;
      const heading = COLUMNS.map(([name]) => name.padStart(WIDTH));
      return [`  ${heading.join('  ')}`, `  ${heading.map(() => '-'.repeat(WIDTH)).join('  ')}`, line];
    },
  };
}
