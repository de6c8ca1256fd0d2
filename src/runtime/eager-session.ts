/**
 * The functions that src/trace turns into graphs, run as they are on a tfjs backend: the eager counterpart of onnx-session.ts.
 * Knows nothing of models; the backend has to be registered with tfjs before.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { TraceRequest } from '../trace/trace.ts';
import { BATCH_TOKENS } from './length-batches.ts';
import type { Feed, FeedData, GraphSession } from './onnx-session.ts';

/** Runs a function with a backend as the current one. Tracing, in the same process, needs its own. */
export function onBackend<Result>(backend: string, run: () => Result): Result {
  if (tf.getBackend() !== backend) tf.setBackend(backend);
  return run();
}

/** A tensor of a copy of the data: tfjs backends may keep a reference, or read it later. */
export const tensorOf = ({ data, shape }: Feed): tf.Tensor =>
  tf.tensor(data.slice(), shape, data instanceof Int32Array ? 'int32' : 'float32');

/** A function's tensors by name, as a session of the eager model; constants are copied to the backend once. */
export function createEagerSession(request: TraceRequest, backend: string): GraphSession {
  const constants = onBackend(backend, () =>
    Object.fromEntries((request.constants ?? []).map((constant) => [constant.name, tensorOf(constant)])),
  );
  return {
    batchTokens: BATCH_TOKENS.gpu,
    async run(feeds, outputs) {
      return onBackend(backend, () => {
        const results = tf.tidy(() => {
          const tensors = { ...constants };
          for (const [name, feed] of Object.entries(feeds)) tensors[name] = tensorOf(feed);
          return request.run(tensors) as tf.NamedTensorMap;
        });
        const values = Object.fromEntries(outputs.map((name) => [name, results[name].dataSync() as FeedData]));
        tf.dispose(results);
        return values;
      });
    },
    async dispose() {
      tf.dispose(constants);
    },
  };
}
