/**
 * Matrices in 8 bits: a row is whole numbers from -127 to 127 times a scale of its own. Knows nothing of files. A weight is off by half a
 * 127th of its row's largest at most.
 */

/** What the name of a matrix in 8 bits gets behind it for the tensor of its scales. */
export const ROW_SCALE = '.row_scale';

/** A matrix in 8 bits. */
export interface RowScaledMatrix {
  /** [rows, columns] */
  values: Int8Array;
  /** [rows] */
  scales: Float32Array;
}

/** The scale of each row of a matrix [rows, columns] whose numbers are finite. -> [rows] */
export function rowScales(matrix: Float32Array, columns: number): Float32Array {
  const scales = new Float32Array(matrix.length / columns);
  for (let row = 0; row < scales.length; row++) {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) largest = Math.max(largest, Math.abs(matrix[i]));
    // A row of zeros has any scale.
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
  return scales;
}

/** A matrix [rows, columns] in 8 bits; all its numbers must be finite. */
export function quantizeRows(matrix: Float32Array, columns: number): RowScaledMatrix {
  const values = new Int8Array(matrix.length);
  const scales = rowScales(matrix, columns);
  for (const [row, scale] of scales.entries())
    for (let i = row * columns; i < (row + 1) * columns; i++) values[i] = Math.round(matrix[i] / scale);
  return { values, scales };
}

/** The matrix [rows, columns] that {@link quantizeRows} was given, rounded. */
export function dequantizeRows({ values, scales }: RowScaledMatrix): Float32Array {
  const matrix = new Float32Array(values.length);
  const columns = values.length / scales.length;
  for (let row = 0; row < scales.length; row++)
    for (let i = row * columns; i < (row + 1) * columns; i++) matrix[i] = values[i] * scales[row];
  return matrix;
}
