/**
 * Every encoder family traced to ONNX and run by ONNX Runtime: one graph for all sizes gives the golden outputs, with and
 * without the fused kernels of inference, and the traced gradients are those of the eager run.
 */
import '../../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import type { Encoder, EncoderInputs } from '../../../src/model/encoders/encoder.ts';
import { createGraphSession, type Feed } from '../../../src/runtime/onnx-session.ts';
import { type TraceInput, traceGraph } from '../../../src/trace/trace.ts';
import {
  ATTENTION_TOLERANCE,
  FOLDERS,
  type GoldenBatch,
  goldenBatch,
  goldenBatches,
  HIDDEN_TOLERANCE,
  inputsOf,
  largestDifference,
  loadFixture,
  tensorsOf,
} from './encoder-fixtures.ts';

const TOKEN_INPUTS: TraceInput[] = [
  { name: 'inputIds', shape: ['batch', 'length'], type: 'int32' },
  { name: 'attentionMask', shape: ['batch', 'length'], type: 'int32' },
  { name: 'positions', shape: ['length'], type: 'int32' },
  { name: 'tokenTypeIds', shape: ['batch', 'length'], type: 'int32' },
];

function feedsOf(batch: Pick<GoldenBatch, 'input_ids' | 'attention_mask' | 'token_type_ids'>): Record<string, Feed> {
  const shape = [batch.input_ids.length, batch.input_ids[0].length];
  const ints = (rows: number[][]): Feed => ({ data: Int32Array.from(rows.flat()), shape });
  return {
    inputIds: ints(batch.input_ids),
    attentionMask: ints(batch.attention_mask),
    positions: { data: Int32Array.from({ length: shape[1] }, (_, index) => index), shape: [shape[1]] },
    tokenTypeIds: ints(batch.token_type_ids ?? batch.input_ids.map((row) => row.map(() => 0))),
  };
}

const weightInputs = (encoder: Encoder): TraceInput[] =>
  Object.entries(encoder.parameterShapes()).map(([name, shape]) => ({ name, shape, type: 'float32' }));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(FOLDERS)('%s in ONNX', (folder) => {
  const { encoder, values } = loadFixture(folder);
  const constants = Object.entries(encoder.parameterShapes()).map(([name, shape]) => ({ name, shape, data: values[name] }));

  it('gives the golden outputs at every size', async () => {
    const graph = traceGraph({
      inputs: TOKEN_INPUTS,
      constants,
      inference: true,
      run: (tensors) => {
        const { hidden, attention } = encoder.forward(tensors, tensors as unknown as EncoderInputs, true);
        const fast = encoder.forward(tensors, tensors as unknown as EncoderInputs, false);
        return { hidden, attention: attention as tf.Tensor, fast: fast.hidden };
      },
    });
    const session = await createGraphSession(graph, { threads: 1 });
    try {
      for (const batch of goldenBatches(folder)) {
        const outputs = await session.run(feedsOf(batch), ['hidden', 'attention', 'fast']);
        const [, heads, length] = batch.shape_attention;
        const mask = batch.attention_mask;
        expect(largestDifference(outputs.hidden, batch.last_hidden_state, mask, 1, 32)).toBeLessThan(HIDDEN_TOLERANCE);
        expect(largestDifference(outputs.fast, batch.last_hidden_state, mask, 1, 32)).toBeLessThan(HIDDEN_TOLERANCE);
        expect(largestDifference(outputs.attention, batch.last_attention, mask, heads, length)).toBeLessThan(ATTENTION_TOLERANCE);
      }
    } finally {
      await session.dispose();
    }
  });

  it('gives the gradients of the eager run', async () => {
    const names = Object.keys(encoder.parameterShapes());
    const loss = (weights: Record<string, tf.Tensor>, inputs: EncoderInputs): tf.Scalar => {
      const real = tf.expandDims(tf.cast(inputs.attentionMask, 'float32'), 2); // [B, T, 1]
      const { hidden } = encoder.forward(weights, inputs, false);
      return tf.sum(tf.mul(tf.sin(tf.mul(hidden, 3)), real)) as tf.Scalar;
    };
    const gradientsOf = (weights: Record<string, tf.Tensor>, inputs: EncoderInputs): tf.Tensor[] =>
      tf.grads((...tensors) => loss(Object.fromEntries(names.map((name, index) => [name, tensors[index]])), inputs))(
        names.map((name) => weights[name]),
      );
    const graph = traceGraph({
      inputs: [...TOKEN_INPUTS, ...weightInputs(encoder)],
      inference: false,
      run: (tensors) => {
        const gradients = gradientsOf(tensors, tensors as unknown as EncoderInputs);
        return Object.fromEntries(names.map((name, index) => [`d ${name}`, gradients[index]]));
      },
    });
    const session = await createGraphSession(graph, { threads: 1 });
    try {
      const batch = goldenBatch(folder, 'padded');
      const feeds: Record<string, Feed> = feedsOf(batch);
      for (const [name, shape] of Object.entries(encoder.parameterShapes())) feeds[name] = { data: values[name], shape };
      const outputs = await session.run(
        feeds,
        names.map((name) => `d ${name}`),
      );
      const zeroTypes = batch.token_type_ids ?? batch.input_ids.map((row) => row.map(() => 0));
      const eager = gradientsOf(tensorsOf(encoder, values), inputsOf({ ...batch, token_type_ids: zeroTypes }));
      names.forEach((name, index) => {
        const expected = eager[index].dataSync() as Float32Array;
        const actual = outputs[`d ${name}`];
        expect(actual.length).toBe(expected.length);
        const scale = Math.max(1, ...expected.map(Math.abs));
        const worst = expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - actual[i])), 0);
        expect([name, worst < 1e-4 * scale]).toEqual([name, true]);
      });
    } finally {
      await session.dispose();
    }
  });
});
