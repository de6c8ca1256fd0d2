/**
 * Matrices in 8 bits: a row is whole numbers from -127 to 127 times a scale of its own. Knows nothing of files. A weight is off by less than
 * a 127th of its row's largest.
 */
import { seededRandom } from '../../base/random.ts';

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

/** A number as near to a whole one as this was one before it was multiplied with its scale, in float32. */
const NEAR = 1e-4;

/**
 * A matrix [rows, columns] in 8 bits; all its numbers must be finite. Numbers are rounded up as often as they are near to the upper of two
 * steps, by chance, the same in each call. Weights of a checkpoint in 8 bits lie on steps, and a short training moves them by less than half
 * of one, all in a direction: the nearest step would be the one that they came from, and what was learned would be gone.
 */
export function quantizeRows(matrix: Float32Array, columns: number): RowScaledMatrix {
  const values = new Int8Array(matrix.length);
  const scales = rowScales(matrix, columns);
  const random = seededRandom(1);
  for (const [row, scale] of scales.entries())
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const steps = matrix[i] / scale;
      const nearest = Math.round(steps);
      values[i] = Math.abs(steps - nearest) < NEAR ? nearest : Math.floor(steps + random());
    }
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
