/** A matrix, its products in plain arithmetic, and the comparison with them: what a library that was set up has to compute right. */

/** Rows and columns of {@link checkMatrix}. */
export const CHECK_SIZE = 24;

const value = (row: number, column: number): number => Math.sin(row * 7 + column * 3);

/** A square matrix without symmetry, by rows. */
export const checkMatrix = (): Float32Array =>
  Float32Array.from({ length: CHECK_SIZE * CHECK_SIZE }, (_, i) => value(Math.floor(i / CHECK_SIZE), i % CHECK_SIZE));

/** a b' (or a b) of square matrices. */
export function plainProduct(a: Float32Array, b: Float32Array, transposed: boolean): Float32Array {
  return Float32Array.from({ length: CHECK_SIZE * CHECK_SIZE }, (_, at) => {
    const [row, column] = [Math.floor(at / CHECK_SIZE), at % CHECK_SIZE];
    let sum = 0;
    for (let k = 0; k < CHECK_SIZE; k++)
      sum += a[row * CHECK_SIZE + k] * (transposed ? b[column * CHECK_SIZE + k] : b[k * CHECK_SIZE + column]);
    return sum;
  });
}

/** @throws Error that names `what` where values differ by more than a GPU's rounding */
export function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++)
    // A GPU may round products to TensorFloat-32, with 10 bits.
    if (!(Math.abs(actual[i] - expected[i]) <= 0.02 * CHECK_SIZE))
      throw new Error(`its ${what} is wrong: ${actual[i]} instead of ${expected[i]}`);
}
