/**
 * Every kernel of the tracing backend: a function that is traced once and run by ONNX Runtime computes, and has the gradients, that tfjs's
 * own CPU backend gives, whatever the sizes of its dynamic axes.
 */
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { activation, attention, layerNorm, linear } from '../../src/model/ops.ts';
import { byKey } from '../../src/model/position-ops.ts';
import { createGraphSession, type Feed } from '../../src/runtime/onnx-session.ts';
import { TRACE_BACKEND } from '../../src/trace/backend.ts';
import { type TraceInput, traceGraph } from '../../src/trace/trace.ts';
import { random } from '../random.ts';

type Tensors = Record<string, tf.Tensor>;

/** A function to trace: what it is called with is written as in {@link inputsOf}. */
interface Case {
  name: string;
  inputs: string;
  run(tensors: Tensors): tf.Tensor | tf.Tensor[];
  /** The gradient is compared too, by all float inputs. */
  gradient?: boolean;
  /** Kernels without gradients may be used. */
  inference?: boolean;
}

const whole = (value: number): tf.Scalar => tf.scalar(value, 'int32');
const positive = (x: tf.Tensor): tf.Tensor => tf.add(tf.abs(x), 0.5);
const above = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.greater(x, y);
/** A kernel of tfjs by its name, for those that no function of tfjs calls as it is needed here. */
const kernel = (name: string, inputs: Tensors, attributes = {}): tf.Tensor =>
  tf.engine().runKernel(name, inputs as unknown as tf.NamedTensorMap, attributes) as tf.Tensor;

// Inputs: x(b,t,4) is float, i:7(b,t) is of whole numbers below 7; b and t are dynamic.
const XY = 'x(b,t,4) y(t,4)';
const X = 'x(b,t,4)';
const SAME = 'x(b,t,4) y(b,t,4)'; // tfjs has no gradient of these with a broadcast

const IJ = 'i:9(b,t) j:9(b,t)';
const QKV = 'q(b,t,4) k(b,t,4) v(b,t,4) i:2(b,t)';
/** Attention of two heads to the first three tokens. */
const attend = ({ q, k, v, i }: Tensors, probabilities: boolean) => {
  const attentionMask = tf.cast(tf.less(tf.cumsum(tf.onesLike(i), 1), whole(4)), 'int32') as tf.Tensor2D;
  return attention(q, k, v, { heads: 2, attentionMask, probabilities });
};

const COMPARISONS = {
  greater: tf.greater,
  'greater or equal': tf.greaterEqual,
  less: tf.less,
  'less or equal': tf.lessEqual,
  equal: tf.equal,
  'not equal': tf.notEqual,
};
const SMOOTH = {
  exp: tf.exp,
  erf: tf.erf,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  relu: tf.relu,
  neg: tf.neg,
  softplus: tf.softplus,
  cos: tf.cos,
  sin: tf.sin,
  square: tf.square,
};
const OF_POSITIVE = {
  log: tf.log,
  'square root': tf.sqrt,
  reciprocal: tf.reciprocal,
  'reciprocal root': tf.rsqrt,
  'log of 1 + x': tf.log1p,
};
const STEPPED = { abs: tf.abs, sign: tf.sign, floor: tf.floor, ceil: tf.ceil, round: tf.round, step: tf.step, copy: tf.clone };
const REDUCTIONS = { sum: tf.sum, greatest: tf.max, least: tf.min };

const CASES: Case[] = [
  { name: 'sums', inputs: XY, run: ({ x, y }) => tf.add(x, y), gradient: true },
  { name: 'differences', inputs: XY, run: ({ x, y }) => tf.sub(y, x), gradient: true },
  { name: 'products', inputs: XY, run: ({ x, y }) => tf.mul(x, y), gradient: true },
  { name: 'quotients', inputs: XY, run: ({ x, y }) => tf.div(x, tf.add(tf.square(y), 0.5)), gradient: true },
  { name: 'powers', inputs: XY, run: ({ x, y }) => tf.pow(tf.add(tf.square(x), 0.5), y), gradient: true },
  { name: 'the greater', inputs: SAME, run: ({ x, y }) => tf.maximum(x, y), gradient: true },
  { name: 'the less', inputs: SAME, run: ({ x, y }) => tf.minimum(x, y), gradient: true },
  { name: 'squared differences', inputs: SAME, run: ({ x, y }) => tf.squaredDifference(x, y), gradient: true },
  { name: 'sums of many', inputs: 'x(b,t) y(b,t) z(b,t)', run: ({ x, y, z }) => tf.addN([x, y, z]), gradient: true },
  { name: 'a sum of one', inputs: X, run: ({ x }) => tf.addN([x]), gradient: true },
  { name: 'whole quotients', inputs: IJ, run: ({ i, j }) => tf.floorDiv(tf.sub(i, whole(4)), tf.add(j, whole(1))) },
  { name: 'floors of quotients', inputs: XY, run: ({ x, y }) => kernel('FloorDiv', { a: x, b: positive(y) }) },
  ...Object.entries(COMPARISONS).map(([name, run]) => ({ name, inputs: IJ, run: ({ i, j }: Tensors) => run(i, j) })),
  { name: 'and', inputs: XY, run: ({ x, y }) => tf.logicalAnd(above(x, y), above(x, tf.scalar(0))) },
  { name: 'or, not', inputs: XY, run: ({ x, y }) => tf.logicalOr(above(x, y), tf.logicalNot(above(x, tf.scalar(0)))) },
  ...Object.entries(SMOOTH).map(([name, run]) => ({ name, inputs: X, run: ({ x }: Tensors) => run(x), gradient: true })),
  ...Object.entries(OF_POSITIVE).map(([name, run]) => ({
    name,
    inputs: X,
    run: ({ x }: Tensors) => run(tf.add(tf.square(x), 0.5)),
    gradient: true,
  })),
  ...Object.entries(STEPPED).map(([name, run]) => ({ name, inputs: X, run: ({ x }: Tensors) => run(tf.mul(x, 3)) })),
  { name: 'clipped values', inputs: X, run: ({ x }) => tf.clipByValue(x, -0.3, 0.6), gradient: true },
  {
    name: 'casts',
    inputs: 'x(b,t) i:9(b,t)',
    run: ({ x, i }) => [tf.cast(tf.mul(x, 5), 'int32'), tf.cast(i, 'float32'), tf.cast(i, 'bool')],
  },
  { name: 'choices', inputs: 'x(b,t) y(b,t) i:9(b,t)', run: ({ x, y, i }) => tf.where(above(i, whole(4)), x, y), gradient: true },
  {
    name: 'filled tensors',
    inputs: X,
    run: ({ x }) => [tf.zerosLike(x), tf.onesLike(x), tf.fill(x.shape, 7), tf.fill(x.shape, 7, 'int32')],
  },
  { name: 'filled whole tensors', inputs: 'i:9(b,t)', run: ({ i }) => [tf.zerosLike(i), tf.onesLike(i)] },
  {
    name: 'reshaped tensors',
    inputs: X,
    run: ({ x }) => [tf.reshape(x, [x.shape[0], -1]), tf.reshape(x, [-1]), tf.reshape(x, [2 * x.shape[0], x.shape[1] as number, 2])],
    gradient: true,
  },
  { name: 'further axes', inputs: X, run: ({ x }) => [tf.expandDims(x, 1), tf.expandDims(x, -1)], gradient: true },
  { name: 'turned axes', inputs: X, run: ({ x }) => tf.transpose(x, [2, 0, 1]), gradient: true },
  { name: 'joined tensors', inputs: 'x(b,t,4) y(b,t,4)', run: ({ x, y }) => tf.concat([x, y, x], 1), gradient: true },
  { name: 'joined tensors of other lengths', inputs: 'x(b,t,4) y(b,3,4)', run: ({ x, y }) => tf.concat([x, y], 1) },
  { name: 'stacked tensors', inputs: 'x(b,t) y(b,t)', run: ({ x, y }) => [tf.stack([x, y], 1), tf.stack([y, x], -1)], gradient: true },
  { name: 'unstacked tensors', inputs: X, run: ({ x }) => tf.unstack(x, 2), gradient: true },
  { name: 'split tensors', inputs: 'x(b,t,6)', run: ({ x }) => [...tf.split(x, 2, 2), ...tf.split(x, [1, 3, 2], -1)], gradient: true },
  {
    name: 'slices',
    inputs: 'x(b,t,6)',
    run: ({ x }) => [tf.slice(x, [0, 0, 1], [-1, -1, 3]), tf.slice(x, [0, 0, 0], [-1, 1, -1]), tf.slice(x, [0, 0, 0])],
    gradient: true, // pads by a dynamic size
  },
  {
    name: 'padded tensors',
    inputs: X,
    run: ({ x }) => [tf.pad(x, [[0, 0], [1, 2], [0, 3]]), tf.pad(x, [[0, 0], [0, 0], [2, 0]], 5)], // biome-ignore format: pairs
  },
  { name: 'tiles', inputs: X, run: ({ x }) => tf.tile(x, [1, 2, 3]) },
  { name: 'reversed tensors', inputs: X, run: ({ x }) => [tf.reverse(x, [1]), tf.reverse(x, [0, 2])], gradient: true },
  ...Object.entries(REDUCTIONS).map(([name, run]) => ({
    name: `${name} over axes`,
    inputs: X,
    run: ({ x }: Tensors) => [run(x, 1), run(x, [0, -1], true), run(x)],
    gradient: true,
  })),
  { name: 'means over dynamic axes', inputs: X, run: ({ x }) => [tf.mean(x, 1), tf.mean(x, [0, -1], true), tf.mean(x)] },
  { name: 'means over an axis', inputs: X, run: ({ x }) => [tf.mean(x, 2), tf.mean(x, -1, true)], gradient: true },
  { name: 'products over axes', inputs: X, run: ({ x }) => [tf.prod(x, 2), tf.prod(x, [0, 2], true)] },
  { name: 'places of the greatest', inputs: X, run: ({ x }) => [tf.argMax(x, -1), tf.argMax(x, 0)] },
  {
    name: 'any over axes',
    inputs: X,
    run: ({ x }) => [tf.any(above(x, tf.scalar(0.8)), 2), tf.any(above(x, tf.scalar(0.8)), [0, 1], true)],
  },
  { name: 'running sums', inputs: X, run: ({ x }) => [tf.cumsum(x, 1), tf.cumsum(x, 2, true), tf.cumsum(x, 0, false, true)] },
  { name: 'softmax', inputs: X, run: ({ x }) => [tf.softmax(x), tf.logSoftmax(x)], gradient: true },
  {
    name: 'matrix products',
    inputs: 'x(b,t,4) y(b,t,4) w(4,3)',
    run: ({ x, y, w }) => [tf.matMul(x, y, false, true), tf.matMul(x, y, true, false), tf.matMul(tf.reshape(x, [-1, 4]), w)],
    gradient: true,
  },
  { name: 'rows by number', inputs: 'x(5,4) i:5(b,t)', run: ({ x, i }) => tf.gather(x, i) },
  { name: 'columns by number', inputs: 'x(b,t,5) i:5(t)', run: ({ x, i }) => tf.gather(x, i, 2) },
  { name: 'rows that are added up', inputs: 'x(t,4) i:5(t)', run: ({ x, i }) => tf.scatterND(tf.expandDims(i, 1), x, [5, 4]) },
  {
    name: 'linear layers',
    inputs: 'x(b,t,4) w(3,4) c(3)',
    run: ({ x, w, c }) => [linear(x, w as tf.Tensor2D, c as tf.Tensor1D), linear(x, w as tf.Tensor2D)],
    gradient: true,
  },
  {
    name: 'layer normalisation',
    inputs: 'x(b,t,4) g(4) c(4)',
    run: ({ x, g, c }) => [layerNorm(x, g as tf.Tensor1D, c as tf.Tensor1D, 1e-3), layerNorm(x, g as tf.Tensor1D, undefined, 1e-3)],
    gradient: true,
  },
  { name: 'GELU', inputs: X, run: ({ x }) => activation(x, 'gelu'), gradient: true },
  { name: 'attention with its probabilities', inputs: QKV, run: (tensors) => Object.values(attend(tensors, true)), gradient: true },
  { name: 'attention in one node', inputs: QKV, run: (tensors) => attend(tensors, false).context, inference: true },
  {
    name: 'attention by distance',
    inputs: 'x(b,2,t,t)',
    run: ({ x }) => byKey(tf.concat([x, tf.mul(x, 2)], 3) as tf.Tensor4D),
    gradient: true,
  },
  { name: 'convolutions', inputs: 'x(b,t,4) w(3,4,2)', run: ({ x, w }) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same') },
];

/** `x(b,4) i:7(b)` as the inputs of a trace, and for each whole number the bound that its values stay below. */
function inputsOf(text: string): (TraceInput & { below: number })[] {
  return [...text.matchAll(/(\w+)(?::(\d+))?\(([^)]*)\)/g)].map(([, name, below, shape]) => ({
    name,
    type: below ? 'int32' : 'float32',
    below: Number(below ?? 0),
    shape: shape.split(',').map((size) => (/\d/.test(size) ? Number(size) : size)),
  }));
}

const floatsOf = (inputs: string): string[] =>
  inputsOf(inputs)
    .filter(({ type }) => type === 'float32')
    .map(({ name }) => name);

/** Sum of the squares of all that a case gives, those of each result by a weight of its own, as a function of its float inputs. */
const totalOf =
  (run: Case['run'], floats: readonly string[], tensors: Tensors) =>
  (...own: tf.Tensor[]): tf.Scalar => {
    const results = [run({ ...tensors, ...Object.fromEntries(floats.map((name, at) => [name, own[at]])) })].flat();
    return tf.addN(results.map((each, at) => tf.sum(tf.mul(tf.square(each), 1 + at)))) as tf.Scalar;
  };

const asTensors = (feeds: Record<string, Feed>): Tensors =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'),
    ]),
  );

/** Functions of a case: its own, and the gradients of the sum of all it gives, each value by a weight of its own. */
function functionsOf({ inputs, run, gradient }: Case): ((tensors: Tensors) => Tensors)[] {
  const named = (tensors: tf.Tensor | tf.Tensor[], prefix: string): Tensors =>
    Object.fromEntries([tensors].flat().map((tensor, at) => [`${prefix}${at}`, tensor]));
  const values = (tensors: Tensors) =>
    named(
      [run(tensors)].flat().map((tensor) => tf.cast(tensor, 'float32')),
      'value',
    );
  const gradients = (tensors: Tensors) => {
    const floats = floatsOf(inputs);
    return named(tf.grads(totalOf(run, floats, tensors))(floats.map((name) => tensors[name])), 'gradient');
  };
  return gradient ? [values, gradients] : [values];
}

/** Values for inputs whose dynamic axes have these sizes; floats between -1 and 1, none of them near 0. */
function feedsOf(inputs: string, sizes: Record<string, number>, next: () => number): Record<string, Feed> {
  return Object.fromEntries(
    inputsOf(inputs).map(({ name, shape: symbols, type, below }) => {
      const shape = symbols.map((size) => (typeof size === 'string' ? sizes[size] : size));
      const count = shape.reduce((a, b) => a * b, 1);
      const value = () => (next() < 0.5 ? -1 : 1) * (0.05 + 0.95 * next());
      const data =
        type === 'int32'
          ? Int32Array.from({ length: count }, () => Math.floor(next() * below))
          : Float32Array.from({ length: count }, value);
      return [name, { shape, data }];
    }),
  );
}

/** Kernels that a trace has called. */
const called = new Set<string>();

beforeAll(() => {
  tf.setBackend('cpu');
  // The first trace registers the kernels; each is then replaced by one that notes its call.
  traceGraph({ inputs: inputsOf('x(b)'), inference: true, run: ({ x }) => ({ y: tf.neg(x) }) });
  for (const each of tf.getKernelsForBackend(TRACE_BACKEND)) {
    tf.unregisterKernel(each.kernelName, TRACE_BACKEND);
    tf.registerKernel({
      ...each,
      kernelFunc(request) {
        called.add(each.kernelName);
        return each.kernelFunc(request);
      },
    });
  }
});

describe('a traced function', () => {
  it.each(CASES)('gives $name as tfjs does', async (each) => {
    const next = random(each.name.length);
    for (const run of functionsOf(each)) {
      const graph = traceGraph({ inputs: inputsOf(each.inputs), inference: each.inference ?? false, run });
      const session = await createGraphSession(graph, { threads: 1 });
      for (let trial = 0; trial < 4; trial++) {
        const sizes = { b: 1 + Math.floor(next() * 3), t: 1 + Math.floor(next() * 6) };
        const feeds = feedsOf(each.inputs, sizes, next);
        const expected = tf.tidy(() => Object.entries(run(asTensors(feeds))).map(([name, tensor]) => [name, tensor.dataSync()] as const));
        const actual = await session.run(
          feeds,
          expected.map(([name]) => name),
        );
        for (const [name, values] of expected) {
          const worst = [...values].reduce(
            (most, value, at) => Math.max(most, Math.abs(value - actual[name][at]) / (1 + Math.abs(value))),
            0,
          );
          expect([name, sizes, actual[name].length, worst < 2e-5]).toEqual([name, sizes, values.length, true]);
        }
      }
      await session.dispose();
    }
  });

  it.each(CASES.filter(({ gradient }) => gradient))('has, for $name, the gradient that a small step shows', ({ name, inputs, run }) => {
    const next = random(name.length + 1);
    const floats = floatsOf(inputs);
    const step = 0.002;
    for (let trial = 0; trial < 3; trial++)
      tf.tidy(() => {
        const tensors = asTensors(feedsOf(inputs, { b: 2, t: 3 }, next));
        const total = totalOf(run, floats, tensors);
        const directions = floats.map((each) => {
          const { size, shape } = tensors[each];
          return tf.tensor(
            Float32Array.from({ length: size }, () => 2 * next() - 1),
            shape,
          );
        });
        const moved = (by: number) => total(...floats.map((each, at) => tf.add(tensors[each], tf.mul(directions[at], by)))).dataSync()[0];
        const shown = (moved(step) - moved(-step)) / (2 * step);
        const gradients = tf.grads(total)(floats.map((each) => tensors[each]));
        const size = tf.addN(gradients.map((each, at) => tf.sum(tf.abs(tf.mul(each, directions[at]))))).dataSync()[0];
        const computed = tf.addN(gradients.map((each, at) => tf.sum(tf.mul(each, directions[at])))).dataSync()[0];
        expect(size).toBeGreaterThan(0);
        expect(Math.abs(shown - computed) / size).toBeLessThan(0.01);
      });
  });

  it('is one of those above for every kernel that can be traced', () => {
    const all = tf.getKernelsForBackend(TRACE_BACKEND).map(({ kernelName }) => kernelName);
    expect(all.length).toBeGreaterThan(60);
    expect(all.filter((name) => !called.has(name))).toEqual([]);
  });
});
