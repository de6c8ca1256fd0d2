/**
 * The process that tries a TensorFlow binding (argument: its entry file): loads it, multiplies two matrices and takes a gradient, compares
 * both with plain arithmetic, and prints a {@link CheckResult} as JSON. A process of its own, because a library that does not suit the
 * machine can end the process that loads it.
 */
import '@tensorflow/tfjs'; // registers the gradients of tfjs's kernels
import * as tf from '@tensorflow/tfjs-core';
import { errorMessage } from '../errors.ts';
import { loadBinding, TENSORFLOW_BACKEND } from './tensorflow.ts';

/** What a check found. */
export interface CheckResult {
  /** Why the binding does not work, in one line; absent where it does. */
  error?: string;
  /** Whether operations run on a GPU. */
  gpu: boolean;
}

const SIZE = 24;
const value = (row: number, column: number): number => Math.sin(row * 7 + column * 3);
const matrix = (): Float32Array => Float32Array.from({ length: SIZE * SIZE }, (_, i) => value(Math.floor(i / SIZE), i % SIZE));

/** a b' (or a b) of square matrices. */
function product(a: Float32Array, b: Float32Array, transposed: boolean): Float32Array {
  return Float32Array.from({ length: SIZE * SIZE }, (_, at) => {
    const [row, column] = [Math.floor(at / SIZE), at % SIZE];
    let sum = 0;
    for (let k = 0; k < SIZE; k++) sum += a[row * SIZE + k] * (transposed ? b[column * SIZE + k] : b[k * SIZE + column]);
    return sum;
  });
}

function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++)
    // A GPU may round products to TensorFloat-32, with 10 bits.
    if (!(Math.abs(actual[i] - expected[i]) <= 0.02 * SIZE))
      throw new Error(`its ${what} is wrong: ${actual[i]} instead of ${expected[i]}`);
}

function check(path: string): CheckResult {
  const { gpu } = loadBinding(path);
  tf.setBackend(TENSORFLOW_BACKEND);
  const data = matrix();
  const x = tf.tensor2d(data, [SIZE, SIZE]);
  const square = product(data, data, false);
  expectClose('matrix product', tf.matMul(x, x).dataSync(), square);
  // The gradient of half the squares of x b, with b = x held constant, is (x b) b'.
  const gradient = tf.grad((a) => tf.mul(tf.sum(tf.square(tf.matMul(a as tf.Tensor2D, tf.tensor2d(data, [SIZE, SIZE])))), 0.5))(x);
  expectClose('gradient', gradient.dataSync(), product(square, data, true));
  return { gpu };
}

let result: CheckResult;
try {
  result = check(process.argv[2]);
} catch (error) {
  result = { error: errorMessage(error).split('\n')[0].trim(), gpu: false };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
