/** What tracing refuses, and what its graphs hold. */
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { trainingFunction } from '../../src/classify/gliznet-graph.ts';
import { createGraphSession, type GraphSession } from '../../src/runtime/onnx-session.ts';
import { traceGraph } from '../../src/trace/trace.ts';
import { trainingFeeds } from '../../src/train/engine/training-session.ts';
import { tinyModel } from '../engine-parity.ts';
import { random } from '../random.ts';
import { randomBatch } from '../random-model.ts';

describe('tracing', () => {
  it('refuses a model that bakes a size into a constant', () => {
    const request = {
      inputs: [{ name: 'x', shape: ['batch', 4], type: 'float32' as const }],
      inference: true,
      run: ({ x }: Record<string, tf.Tensor>) => ({ y: tf.mul(x, x.shape[0]) }),
    };
    expect(() => traceGraph(request)).toThrow(/bakes a dynamic size/);
  });

  it("leaves ONNX Runtime's own matrix product out where asked, and computes the same", async () => {
    const model = tinyModel('deberta-v3', {});
    const next = random(5);
    const feeds = {
      ...trainingFeeds(randomBatch(next, 2, 17, 3), 1),
      ...Object.fromEntries(model.weights as ReadonlyMap<string, { shape: number[]; data: Float32Array }>),
    };
    const results: Awaited<ReturnType<GraphSession['run']>>[] = [];
    for (const onnxProducts of [false, true]) {
      const graph = traceGraph({ ...trainingFunction(model, model), onnxProducts });
      expect(graph.nodes.some(({ op }) => op === 'FusedMatMul')).toBe(!onnxProducts);
      const session = await createGraphSession(graph, { threads: 1 });
      results.push(
        await session.run(
          feeds,
          graph.outputs.map(({ name }) => name),
        ),
      );
      await session.dispose();
    }
    for (const [name, values] of Object.entries(results[0])) {
      const differing = [...values].filter((value, at) => !(Math.abs(value - results[1][name][at]) < 2e-5));
      expect([name, results[1][name].length, differing]).toEqual([name, values.length, []]);
    }
  });

  it('refuses a model that reads values', () => {
    const request = {
      inputs: [{ name: 'x', shape: ['batch'], type: 'float32' as const }],
      inference: true,
      run: ({ x }: Record<string, tf.Tensor>) => ({ y: tf.scalar(x.dataSync()[0]) }),
    };
    expect(() => traceGraph(request)).toThrow(/must not depend on values/);
  });

  it('accepts a constant that happens to be a multiple of a marker', async () => {
    const graph = traceGraph({
      inputs: [{ name: 'x', shape: ['batch'], type: 'float32' }],
      inference: true,
      run: ({ x }) => ({ y: tf.mul(x, 53) }),
    });
    const session = await createGraphSession(graph, { threads: 1 });
    const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [2] } }, ['y']);
    await session.dispose();
    expect([...y]).toEqual([53, 106]);
  });

  it('refuses the gradient of a mean over a dynamic axis, whose size tfjs makes a constant', () => {
    const request = {
      inputs: [{ name: 'x', shape: ['batch', 4], type: 'float32' as const }],
      inference: true,
      run: ({ x }: Record<string, tf.Tensor>) => ({ y: tf.grad((each) => tf.sum(tf.mean(each, 0)))(x) }),
    };
    expect(() => traceGraph(request)).toThrow(/bakes a dynamic size/);
  });

  it('says the shapes of what comes out, and leaves out what nothing needs', async () => {
    const graph = traceGraph({
      inputs: [
        { name: 'x', shape: ['rows', 'columns', 4], type: 'float32' },
        { name: 'unused', shape: ['rows'], type: 'int32' },
      ],
      constants: [{ name: 'never', shape: [3], data: Float32Array.of(1, 2, 3) }],
      inference: true,
      run: ({ x, never }) => {
        tf.erf(tf.mul(x, tf.sum(never)));
        return { y: tf.sum(x, 2), turned: tf.transpose(x, [1, 2, 0]) };
      },
    });
    expect(graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['y', ['rows', 'columns']],
      ['turned', ['columns', 4, 'rows']],
    ]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'unused']);
    expect(graph.nodes.map(({ op }) => op).sort()).toEqual(['Identity', 'Identity', 'ReduceSum', 'Transpose']);
    expect(graph.initializers.map(({ name }) => name)).not.toContain('never');
  });

  it('leaves the backend that was there before', () => {
    tf.setBackend('cpu');
    const run = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.neg(x) });
    traceGraph({ inputs: [{ name: 'x', shape: ['rows'], type: 'float32' }], inference: true, run });
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.neg(tf.scalar(3)).dataSync()[0]).toBe(-3);
  });
});
