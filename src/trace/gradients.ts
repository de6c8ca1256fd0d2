/**
 * Gradients of the tfjs kernels that are traced (kernels.ts), with the semantics and the order of operations of tfjs-core's own (Apache-2.0).
 * Those are in `@tensorflow/tfjs-core/dist/gradients`, as modules that Node cannot load, and else only in `@tensorflow/tfjs` (140 MB).
 * Kernels that are missing here fail with tfjs's message that names them.
 */
import * as tf from '@tensorflow/tfjs-core';

type Tensors = tf.Tensor[];
/** Attributes of a kernel by their tfjs names. */
// biome-ignore lint/suspicious/noExplicitAny: tfjs types every kernel's attributes apart; each gradient below reads its own
type Attributes = any;
type Gradient = Omit<tf.GradConfig, 'kernelName'>;

/** Of `x`, from what the kernel read or gave. */
const of = (name: string, derivative: (dy: tf.Tensor, saved: Tensors, attributes: Attributes) => tf.Tensor): tf.GradFunc => {
  return (dy, saved, attributes) => ({ [name]: () => derivative(dy as tf.Tensor, saved, attributes) });
};
const ofInput = (derivative: (dy: tf.Tensor, x: tf.Tensor, attributes: Attributes) => tf.Tensor, name = 'x'): Gradient => ({
  inputsToSave: [name],
  gradFunc: of(name, (dy, [x], attributes) => derivative(dy, x, attributes)),
});
const ofOutput = (derivative: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor): Gradient => ({
  outputsToSave: [true],
  gradFunc: of('x', (dy, [y]) => derivative(dy, y)),
});
const ofNothing = (derivative: (dy: tf.Tensor, attributes: Attributes) => tf.Tensor): Gradient => ({
  gradFunc: of('x', (dy, _, attributes) => derivative(dy, attributes)),
});

const float = (x: tf.Tensor): tf.Tensor => tf.cast(x, 'float32');
const axesOf = (axis: number | number[], x: tf.Tensor): number[] => tf.util.parseAxisParam(axis, x.shape);

/** Axes along which a tensor was repeated where it met another. */
const repeatedAxes = (x: tf.Tensor, other: tf.Tensor): number[] =>
  tf.broadcast_util.getReductionAxes(x.shape, tf.broadcast_util.assertAndGetBroadcastShape(x.shape, other.shape));

/** A gradient of the shape of x and another tensor, added up to the shape of x; of the same shape it is reshaped for `always`. */
function addedUp(gradient: tf.Tensor, x: tf.Tensor, other: tf.Tensor, always = true): tf.Tensor {
  const axes = repeatedAxes(x, other);
  if (axes.length > 0) return tf.reshape(tf.sum(gradient, axes), x.shape);
  return always ? tf.reshape(gradient, x.shape) : gradient;
}

/** Of `a` and `b`. */
const ofBoth = (
  first: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor, y: tf.Tensor) => tf.Tensor,
  second: typeof first,
  outputsToSave?: boolean[],
): Gradient => ({
  inputsToSave: ['a', 'b'],
  outputsToSave,
  gradFunc: (dy, [a, b, y]) => ({ a: () => first(dy as tf.Tensor, a, b, y), b: () => second(dy as tf.Tensor, a, b, y) }),
});

/** dy over axes that were reduced, each of size 1 again. */
function withAxes(dy: tf.Tensor, x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const shape = x.shape.slice();
  for (const axis of axes) shape[axis] = 1;
  return tf.reshape(dy, shape);
}

/** Of the greatest or least along axes: all that is equal to it. */
function ofExtreme(dy: tf.Tensor, [x, y]: Tensors, axis: number | number[]): tf.Tensor {
  const axes = axesOf(axis, x);
  const kept = (z: tf.Tensor) => (z.rank < x.rank ? tf.reshape(z, tf.backend_util.expandShapeToKeepDim(z.shape, axes)) : z);
  const whole = kept(y);
  const gradient = kept(dy);
  return tf.mul(gradient, tf.cast(tf.equal(x, whole), gradient.dtype));
}

/** Gradients of parts that one tensor was split into, or joined from. */
const each = (parts: Tensors) => parts.map((part) => () => part) as unknown as ReturnType<tf.GradFunc>;

/** The two products of a matrix product's gradient: [of a, of b], for each way of transposing. */
function ofProduct(
  dy: tf.Tensor,
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): [() => tf.Tensor, () => tf.Tensor] {
  if (!transposeA && !transposeB) return [() => tf.matMul(dy, b, false, true), () => tf.matMul(a, dy, true, false)];
  if (!transposeA) return [() => tf.matMul(dy, b, false, false), () => tf.matMul(dy, a, true, false)];
  if (!transposeB) return [() => tf.matMul(b, dy, false, true), () => tf.matMul(a, dy, false, false)];
  return [() => tf.matMul(b, dy, true, true), () => tf.matMul(dy, a, true, true)];
}

const zero = ofNothing((dy) => tf.zerosLike(dy));

const GRADIENTS: Record<string, Gradient> = {
  Add: ofBoth(
    (dy, a, b) => addedUp(dy, a, b),
    (dy, a, b) => addedUp(dy, b, a),
  ),
  Sub: ofBoth(
    (dy, a, b) => addedUp(dy, a, b),
    (dy, a, b) => {
      const axes = repeatedAxes(b, a);
      return tf.reshape(tf.neg(axes.length > 0 ? tf.sum(dy, axes) : dy), b.shape);
    },
  ),
  Multiply: ofBoth(
    (dy, a, b) => addedUp(tf.mul(dy, float(b)), a, b, false),
    (dy, a, b) => addedUp(tf.mul(dy, float(a)), b, a, false),
  ),
  RealDiv: ofBoth(
    (dy, a, b) => addedUp(tf.div(dy, float(b)), a, b, false),
    (dy, a, b) => {
      const product = addedUp(tf.mul(dy, float(a)), b, a, false);
      return tf.neg(tf.div(product, float(tf.square(b))));
    },
  ),
  Pow: ofBoth(
    (dy, base, exponent) => {
      const power = float(exponent);
      return addedUp(tf.mul(dy, tf.mul(power, tf.pow(base, tf.sub(power, tf.scalar(1))))), base, exponent);
    },
    (dy, base, exponent, y) => {
      const logarithm = tf.where(tf.greater(base, 0), tf.log(base), tf.zerosLike(base));
      return addedUp(tf.mul(dy, tf.mul(y, logarithm)), exponent, base);
    },
    [true],
  ),
  // Of tensors of one shape, as in tfjs.
  Maximum: ofBoth(
    (dy, a, b) => tf.mul(dy, float(tf.greaterEqual(a, b))),
    (dy, a, b) => tf.mul(dy, float(tf.less(a, b))),
  ),
  Minimum: ofBoth(
    (dy, a, b) => tf.mul(dy, float(tf.lessEqual(a, b))),
    (dy, a, b) => tf.mul(dy, float(tf.greater(a, b))),
  ),
  SquaredDifference: ofBoth(
    (dy, a, b) => tf.mul(dy, tf.mul(tf.scalar(2), tf.sub(a, b))),
    (dy, a, b) => tf.mul(dy, tf.mul(tf.scalar(2), tf.sub(b, a))),
  ),
  GreaterEqual: ofBoth(
    (_, a) => tf.zerosLike(a),
    (_, __, b) => tf.zerosLike(b),
  ),
  AddN: { saveAllInputs: true, gradFunc: (dy, saved) => each(saved.map(() => tf.clone(dy as tf.Tensor))) },

  Abs: ofInput((dy, x) => tf.mul(dy, tf.step(float(x), -1))),
  Cos: ofInput((dy, x) => tf.mul(tf.neg(tf.sin(float(x))), dy)),
  Erf: ofInput((dy, x) => tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI)))),
  Exp: ofOutput((dy, y) => tf.mul(dy, y)),
  Log: ofInput((dy, x) => tf.div(dy, float(x))),
  Log1p: ofInput((dy, x) => tf.div(dy, tf.add(x, 1))),
  Neg: ofNothing((dy) => tf.neg(dy)),
  Reciprocal: ofInput((dy, x) => tf.div(dy, tf.neg(tf.square(x)))),
  Relu: ofInput((dy, x) => tf.mul(dy, float(tf.step(x)))),
  Rsqrt: ofInput((dy, x) => tf.neg(tf.div(dy, tf.mul(tf.pow(x, 1.5), 2)))),
  Sigmoid: ofOutput((dy, y) => tf.mul(dy, tf.mul(y, tf.sub(tf.scalar(1), y)))),
  Sin: ofInput((dy, x) => tf.mul(tf.cos(float(x)), dy)),
  Softplus: ofInput((dy, x) => tf.mul(dy, tf.sigmoid(x))),
  Sqrt: ofInput((dy, x) => tf.div(dy, tf.mul(tf.sqrt(float(x)), 2))),
  Square: ofInput((dy, x) => tf.mul(dy, tf.mul(float(x), 2))),
  Tanh: ofOutput((dy, y) => tf.mul(tf.sub(tf.scalar(1), tf.square(y)), dy)),
  ClipByValue: ofInput((dy, x, { clipValueMin, clipValueMax }) =>
    tf.where(tf.logicalAnd(tf.greaterEqual(x, clipValueMin), tf.lessEqual(x, clipValueMax)), dy, tf.zerosLike(dy)),
  ),
  Select: {
    inputsToSave: ['condition'],
    gradFunc: (gradient, [condition]) => {
      const dy = gradient as tf.Tensor;
      return {
        condition: () => float(tf.zerosLike(condition)),
        t: () => tf.mul(dy, tf.cast(condition, dy.dtype)),
        e: () => tf.mul(dy, tf.cast(tf.logicalNot(condition), dy.dtype)),
      };
    },
  },
  Cast: ofNothing((dy) => tf.clone(dy)),
  Identity: ofNothing((dy) => float(dy)),
  Floor: zero,
  Ceil: zero,
  Round: zero,
  Sign: zero,
  Step: zero,
  OnesLike: zero,
  ZerosLike: zero,

  Reshape: ofInput((dy, x) => tf.reshape(dy, x.shape)),
  ExpandDims: ofInput((dy, input) => tf.reshape(dy, input.shape), 'input'),
  Transpose: ofNothing((dy, { perm }) => tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(perm))),
  Reverse: ofNothing((dy, { dims }) => tf.reverse(dy, axesOf(dims, dy))),
  Concat: {
    saveAllInputs: true,
    gradFunc: (dy, parts, { axis }: Attributes) => {
      const [at] = axesOf(axis, parts[0]);
      const sizes = parts.map(({ shape }) => shape[at]);
      return each(tf.split(dy as tf.Tensor, sizes, at));
    },
  },
  Pack: { saveAllInputs: true, gradFunc: (dy, _, { axis }: Attributes) => each(tf.unstack(dy as tf.Tensor, axis)) },
  Unpack: { gradFunc: (dy, _, { axis }: Attributes) => ({ value: () => tf.stack(dy as Tensors, axis) }) },
  SplitV: { gradFunc: (dy, _, { axis }: Attributes) => ({ x: () => tf.concat(dy as Tensors, axis) }) },
  Slice: ofInput((dy, x, { begin, size }) => {
    const [from, sizes] = tf.slice_util.parseSliceParams(x, begin, size);
    return tf.pad(
      dy,
      from.map((start, axis): [number, number] => [start, x.shape[axis] - start - sizes[axis]]),
    );
  }),
  PadV2: ofInput((dy, x, { paddings }: { paddings: [number, number][] }) =>
    tf.slice(
      dy,
      paddings.map(([before]) => before),
      x.shape,
    ),
  ),

  Sum: {
    inputsToSave: ['x'],
    gradFunc: (dy, [x], { axis }: Attributes) => {
      const gradient = tf.mul(withAxes(dy as tf.Tensor, x, axesOf(axis, x)), tf.ones(x.shape, 'float32'));
      return { x: () => gradient };
    },
  },
  Mean: ofInput((dy, x, { axis }) => {
    const axes = axesOf(axis, x);
    const size = axes.reduce((product, each) => product * x.shape[each], 1);
    return tf.div(tf.mul(withAxes(dy, x, axes), tf.ones(x.shape, 'float32')), size);
  }),
  Max: {
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: of('x', (dy, saved, { reductionIndices }) => ofExtreme(dy, saved, reductionIndices)),
  },
  Min: { inputsToSave: ['x'], outputsToSave: [true], gradFunc: of('x', (dy, saved, { axis }) => ofExtreme(dy, saved, axis)) },
  Cumsum: ofInput((dy, x, { axis, exclusive, reverse }) => {
    const order = tf.backend_util.getAxesPermutation([axis], x.rank);
    const sums = tf.cumsum(dy, axis, exclusive, !reverse);
    return order == null ? sums : tf.transpose(sums, order);
  }),
  Softmax: {
    outputsToSave: [true],
    gradFunc: (dy, [y], { dim }: Attributes) => {
      const weighted = tf.mul(dy as tf.Tensor, y);
      return { logits: () => tf.sub(weighted, tf.mul(tf.sum(weighted, [dim], true), y)) };
    },
  },
  BatchMatMul: {
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b], { transposeA, transposeB }: Attributes) => {
      const [ofA, ofB] = ofProduct(dy as tf.Tensor, a, b, transposeA, transposeB);
      return { a: ofA, b: ofB };
    },
  },
};

/** Registers the gradients with tfjs, but for those that are there already. Has to be called before a gradient is taken, on any backend. */
export function useGradients(): void {
  for (const [kernelName, gradient] of Object.entries(GRADIENTS))
    if (!tf.getGradient(kernelName)) tf.registerGradient({ kernelName, ...gradient });
}
