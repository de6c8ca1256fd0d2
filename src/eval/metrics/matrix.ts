/**
 * What every metric reads: scores of texts by labels, and the true labels. Pure arithmetic.
 *
 * A score of NaN means that the label was no candidate of that text, or that the text has no answer at all. No metric counts such a cell,
 * but for true labels, which are always candidates: without a score they count as missed.
 */

/** Scores of R texts by N labels, row-major. */
export interface Scored {
  rows: number; // R
  columns: number; // N
  scores: Float32Array | Float64Array; // [R, N]
  /** Indices of the true labels of each row. */
  truth: readonly (readonly number[])[]; // [R][]
}

/** The k best labels of each row, best first; ties go to the label listed first; -1 where a row has fewer. [R, k] */
export function topLabels({ rows, columns, scores }: Pick<Scored, 'rows' | 'columns' | 'scores'>, k: number): Int32Array {
  const top = new Int32Array(rows * k).fill(-1);
  for (let row = 0; row < rows; row++) {
    let held = 0;
    for (let column = 0; column < columns; column++) {
      const score = scores[row * columns + column];
      if (Number.isNaN(score)) continue;
      let at = held;
      while (at > 0 && scores[row * columns + top[row * k + at - 1]] < score) at--;
      if (at >= k) continue;
      for (let i = Math.min(held, k - 1); i > at; i--) top[row * k + i] = top[row * k + i - 1];
      top[row * k + at] = column;
      if (held < k) held++;
    }
  }
  return top;
}

/** Whether each cell is a true label. [R, N] of 0 and 1 */
export function truthMatrix({ rows, columns, truth }: Pick<Scored, 'rows' | 'columns' | 'truth'>): Uint8Array {
  const cells = new Uint8Array(rows * columns);
  truth.forEach((labels, row) => {
    for (const label of labels) cells[row * columns + label] = 1;
  });
  return cells;
}

/** Mean of the finite values; null where there is none. */
export function meanOf(values: readonly number[]): number | null {
  const finite = values.filter(Number.isFinite);
  return finite.length ? finite.reduce((sum, value) => sum + value, 0) / finite.length : null;
}
