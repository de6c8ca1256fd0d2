/** Logistic regression with few features, by Newton's method. Pure arithmetic. */

/** Newton steps; it converges in about six. */
const STEPS = 50;

/** Solves a small symmetric system in place (Gauss). matrix [D, D], right [D] -> [D] */
function solved(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) if (Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column])) pivot = row;
    [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
    [right[column], right[pivot]] = [right[pivot], right[column]];
    for (let row = column + 1; row < size; row++) {
      const factor = matrix[row][column] / matrix[column][column];
      for (let at = column; at < size; at++) matrix[row][at] -= factor * matrix[column][at];
      right[row] -= factor * right[column];
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let at = row + 1; at < size; at++) right[row] -= matrix[row][at] * right[at];
    right[row] /= matrix[row][row];
  }
  return right;
}

/**
 * Weights of the features and the bias behind them: P = sigmoid(w . x + b).
 * @param prior weights that are kept where the data says nothing [D + 1]
 * @param ridge how strongly they are kept, in records
 */
export function logisticRegression(
  features: readonly (readonly number[])[],
  targets: readonly boolean[],
  prior: readonly number[],
  ridge: number,
): number[] {
  const weights = [...prior];
  const size = prior.length;
  for (let step = 0; step < STEPS; step++) {
    const gradient = weights.map((weight, at) => ridge * (weight - prior[at]));
    const curvature = weights.map((_, row) => weights.map((_, column) => (row === column ? ridge : 0)));
    for (const [record, row] of features.entries()) {
      let sum = weights[size - 1];
      for (const [at, value] of row.entries()) sum += weights[at] * value;
      const p = 1 / (1 + Math.exp(-sum));
      const error = p - Number(targets[record]);
      for (let a = 0; a < size; a++) {
        const value = a < row.length ? row[a] : 1;
        gradient[a] += error * value;
        for (let b = 0; b < size; b++) curvature[a][b] += p * (1 - p) * value * (b < row.length ? row[b] : 1);
      }
    }
    const change = solved(curvature, gradient);
    // Steps of at most 2: a full Newton step may overshoot where nearly all records are sure.
    const scale = Math.min(1, 2 / Math.max(...change.map(Math.abs), 1e-12));
    for (let at = 0; at < size; at++) weights[at] -= scale * change[at];
    if (change.every((each) => Math.abs(each) < 1e-9)) break;
  }
  return weights;
}
