/**
 * The process that tries ONNX Runtime's CUDA provider: a matrix product and sums of its squares, compared with plain arithmetic. Prints a
 * {@link CudaCheckResult} as JSON; why the provider does not load, ONNX Runtime says on stderr only. A process of its own, because a library
 * that does not suit the machine can end the process that loads it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { errorMessage } from '../base/errors.ts';
import { createGraphSession } from '../runtime/onnx-session.ts';
import { traceGraph } from '../trace/trace.ts';
import { CHECK_SIZE, checkMatrix, expectClose, plainProduct } from './expected-products.ts';

/** What a check found. */
export interface CudaCheckResult {
  /** Why the provider does not work; absent where it does. */
  error?: string;
}

async function check(): Promise<void> {
  const shape = [CHECK_SIZE, CHECK_SIZE];
  const graph = traceGraph({
    inputs: [{ name: 'x', shape, type: 'float32' }],
    inference: true,
    run: ({ x }) => {
      const product = tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D);
      return { product, sums: tf.sum(tf.square(product), 1) };
    },
  });
  const data = checkMatrix();
  const session = await createGraphSession(graph, { provider: 'cuda' });
  const { product, sums } = await session.run({ x: { data, shape } }, ['product', 'sums']);
  const expected = plainProduct(data, data, false);
  expectClose('matrix product', product, expected);
  // Of the product that it came to: the rounding of the product is not to be squared.
  const rows = Array.from({ length: CHECK_SIZE }, (_, row) => Array.from(product.slice(row * CHECK_SIZE, (row + 1) * CHECK_SIZE)));
  const squares = rows.map((row) => row.reduce((sum, value) => sum + value * value, 0));
  expectClose('sum', sums, squares);
  await session.dispose();
}

let result: CudaCheckResult = {};
try {
  await check();
} catch (error) {
  result = { error: errorMessage(error).replaceAll('\n', ' ').trim() };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
