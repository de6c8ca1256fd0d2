/**
 * The process that tries a TensorFlow binding (argument: its entry file): loads it, multiplies two matrices and takes a gradient, compares
 * both with plain arithmetic, and prints a {@link CheckResult} as JSON. A process of its own, because a library that does not suit the
 * machine can end the process that loads it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { errorMessage } from '../base/errors.ts';
import { loadBinding, TENSORFLOW_BACKEND } from '../runtime/tensorflow.ts';
import { useGradients } from '../trace/gradients.ts';
import { CHECK_SIZE, checkMatrix, expectClose, plainProduct } from './expected-products.ts';

/** What a check found. */
export interface CheckResult {
  /** Why the binding does not work, in one line; absent where it does. */
  error?: string;
  /** Whether operations run on a GPU. */
  gpu: boolean;
}

function check(path: string): CheckResult {
  const { gpu } = loadBinding(path);
  tf.setBackend(TENSORFLOW_BACKEND);
  useGradients();
  const data = checkMatrix();
  const x = tf.tensor2d(data, [CHECK_SIZE, CHECK_SIZE]);
  const square = plainProduct(data, data, false);
  expectClose('matrix product', tf.matMul(x, x).dataSync(), square);
  // The gradient of half the squares of x b, with b = x held constant, is (x b) b'.
  const gradient = tf.grad((a) => tf.mul(tf.sum(tf.square(tf.matMul(a as tf.Tensor2D, tf.tensor2d(data, [CHECK_SIZE, CHECK_SIZE])))), 0.5))(
    x,
  );
  expectClose('gradient', gradient.dataSync(), plainProduct(square, data, true));
  return { gpu };
}

let result: CheckResult;
try {
  result = check(process.argv[2]);
} catch (error) {
  result = { error: errorMessage(error).split('\n')[0].trim(), gpu: false };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
