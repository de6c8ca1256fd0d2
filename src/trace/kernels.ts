/**
 * The tfjs kernels of the tracing backend: each is a short function that emits ONNX nodes and says the result's shape.
 * Semantics follow tfjs (src/kernel_names of tfjs-core); the fused kernels that src/model/ops.ts uses
 * where a backend has them are in fused-kernels.ts. Kernels missing here fail at trace time with tfjs's message that names them.
 */
import * as tf from '@tensorflow/tfjs-core';
import { TRACE_BACKEND, type TraceBackend } from './backend.ts';
import { FUSED_KERNELS, INFERENCE_KERNELS, type Inputs, matrixProduct } from './fused-kernels.ts';

/** Attributes of a kernel by their tfjs names. */
// biome-ignore lint/suspicious/noExplicitAny: tfjs types every kernel's attributes apart; each kernel below reads its own
type Attributes = any;
type Kernel = (backend: TraceBackend, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];

const KERNELS: Record<string, Kernel> = {};

const broadcast = (a: tf.TensorInfo, b: tf.TensorInfo): number[] => tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
const sizeOf = (shape: number[]): number => shape.reduce((product, size) => product * size, 1);

// Element by element, two inputs.
const BINARY = {
  Add: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Pow: 'Pow',
  Maximum: 'Max',
  Minimum: 'Min',
};
for (const [kernel, op] of Object.entries(BINARY))
  KERNELS[kernel] = (backend, { a, b }) => backend.emit(op, [a, b], broadcast(a, b), a.dtype);
const COMPARISON = {
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Equal: 'Equal',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
};
for (const [kernel, op] of Object.entries(COMPARISON))
  KERNELS[kernel] = (backend, { a, b }) => backend.emit(op, [a, b], broadcast(a, b), 'bool');
KERNELS.NotEqual = (backend, { a, b }) =>
  backend.emit('Not', [backend.append('Equal', [backend.nameOf(a), backend.nameOf(b)])[0]], broadcast(a, b), 'bool');
KERNELS.SquaredDifference = (backend, { a, b }) => {
  const [difference] = backend.append('Sub', [backend.nameOf(a), backend.nameOf(b)]);
  return backend.emit('Mul', [difference, difference], broadcast(a, b), a.dtype);
};
KERNELS.FloorDiv = (backend, { a, b }) =>
  a.dtype === 'int32'
    ? backend.emit(
        'Cast',
        [backend.append('Floor', [backend.append('Div', [asFloat(backend, a), asFloat(backend, b)])[0]])[0]],
        broadcast(a, b),
        'int32',
        { to: 6 },
      )
    : backend.emit('Floor', [backend.append('Div', [backend.nameOf(a), backend.nameOf(b)])[0]], broadcast(a, b), a.dtype);
KERNELS.AddN = (backend, inputs) => {
  const [first, ...others] = Object.values(inputs);
  // A kernel gives a new tensor, of a single term too: the gradient of one that comes out as it went in is counted twice.
  if (!others.length) return backend.emit('Identity', [first], first.shape, first.dtype);
  return others.reduce((sum, term) => backend.emit('Add', [sum, term], sum.shape, sum.dtype), first);
};

const asFloat = (backend: TraceBackend, x: tf.TensorInfo): string => backend.append('Cast', [backend.nameOf(x)], { to: 1 })[0];

// Element by element, one input.
const UNARY = {
  Exp: 'Exp',
  Log: 'Log',
  Sqrt: 'Sqrt',
  Erf: 'Erf',
  Tanh: 'Tanh',
  Sigmoid: 'Sigmoid',
  Relu: 'Relu',
  Neg: 'Neg',
  Abs: 'Abs',
  Softplus: 'Softplus',
  Sign: 'Sign',
  Reciprocal: 'Reciprocal',
  Cos: 'Cos',
  Sin: 'Sin',
  Floor: 'Floor',
  Ceil: 'Ceil',
  Round: 'Round',
  LogicalNot: 'Not',
  Identity: 'Identity',
};
for (const [kernel, op] of Object.entries(UNARY)) KERNELS[kernel] = (backend, { x }) => backend.emit(op, [x], x.shape, x.dtype);
KERNELS.Square = (backend, { x }) => backend.emit('Mul', [x, x], x.shape, x.dtype);
KERNELS.Rsqrt = (backend, { x }) => backend.emit('Reciprocal', [backend.append('Sqrt', [backend.nameOf(x)])[0]], x.shape, x.dtype);
KERNELS.Log1p = (backend, { x }) =>
  backend.emit('Log', [backend.append('Add', [backend.nameOf(x), backend.scalarName(1)])[0]], x.shape, x.dtype);
KERNELS.Step = (backend, { x }, { alpha }) => {
  if (alpha) throw new Error('Step with a slope is not traced');
  return backend.emit('Cast', [backend.append('Greater', [backend.nameOf(x), backend.scalarName(0)])[0]], x.shape, x.dtype, { to: 1 });
};
KERNELS.ClipByValue = (backend, { x }, { clipValueMin, clipValueMax }) =>
  backend.emit('Clip', [x, backend.scalarName(clipValueMin), backend.scalarName(clipValueMax)], x.shape, x.dtype);
const CAST_CODE: Record<string, number> = { float32: 1, int32: 6, bool: 9 };
KERNELS.Cast = (backend, { x }, { dtype }) => backend.emit('Cast', [x], x.shape, dtype, { to: CAST_CODE[dtype] });
KERNELS.Select = (backend, { condition, t, e }) =>
  backend.emit('Where', [condition, t, e], tf.broadcast_util.assertAndGetBroadcastShape(t.shape, e.shape), t.dtype);

// Constants.
KERNELS.Fill = (backend, _inputs, { shape, value, dtype }) =>
  backend.emit(
    'Expand',
    [dtype === 'float32' ? backend.scalarName(value) : backend.nameOf(tf.scalar(value, dtype)), backend.intsName(shape)],
    shape,
    dtype,
  );
const filledLike =
  (value: number): Kernel =>
  (backend, { x }) =>
    x.dtype === 'float32'
      ? backend.emit('Expand', [backend.scalarName(value), backend.intsName(x.shape)], x.shape, x.dtype)
      : backend.emit('Expand', [backend.nameOf(tf.scalar(value, x.dtype as 'int32')), backend.intsName(x.shape)], x.shape, x.dtype);
KERNELS.ZerosLike = filledLike(0);
KERNELS.OnesLike = filledLike(1);

// Shapes.
KERNELS.Reshape = (backend, { x }, { shape }) => {
  const target = tf.util.inferFromImplicitShape(shape, sizeOf(x.shape));
  if (tf.util.arraysEqual(target, x.shape)) return backend.emit('Identity', [x], target, x.dtype);
  // One dynamic size can be left to ONNX Runtime (-1), which saves computing the shape vector.
  const dynamic = target.filter((size) => backend.isDynamic(size)).length;
  const vector =
    dynamic === 1 && sizeOf(target) > 0
      ? backend.intsName(target.map((size) => (backend.isDynamic(size) ? -1 : size)))
      : backend.intsName(target);
  return backend.emit('Reshape', [x, vector], target, x.dtype);
};
KERNELS.ExpandDims = (backend, { input }, { dim }) => {
  const axis = dim < 0 ? dim + input.shape.length + 1 : dim;
  const shape = [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)];
  return backend.emit('Unsqueeze', [input, backend.intsName([axis])], shape, input.dtype);
};
KERNELS.Transpose = (backend, { x }, { perm }) =>
  backend.emit(
    'Transpose',
    [x],
    (perm as number[]).map((axis) => x.shape[axis]),
    x.dtype,
    { perm },
  );
KERNELS.Concat = (backend, inputs, { axis }) => {
  const parts = Object.values(inputs).filter((part) => sizeOf(part.shape) > 0);
  const at = tf.util.parseAxisParam(axis, parts[0].shape)[0];
  const shape = tf.backend_util.computeOutShape(
    parts.map((part) => part.shape),
    at,
  );
  return backend.emit('Concat', parts, shape, parts[0].dtype, { axis: at });
};
KERNELS.Pack = (backend, inputs, { axis }) => {
  const parts = Object.values(inputs);
  const at = axis < 0 ? axis + parts[0].shape.length + 1 : axis;
  const expanded = parts.map((part) => backend.append('Unsqueeze', [backend.nameOf(part), backend.intsName([at])])[0]);
  const shape = [...parts[0].shape.slice(0, at), parts.length, ...parts[0].shape.slice(at)];
  return backend.emit('Concat', expanded, shape, parts[0].dtype, { axis: at });
};
KERNELS.Unpack = (backend, { value }, { axis }) => {
  const at = tf.util.parseAxisParam(axis, value.shape)[0];
  const shape = value.shape.filter((_, index) => index !== at);
  return Array.from({ length: value.shape[at] }, (_, index) =>
    backend.emit('Gather', [value, backend.nameOf(tf.scalar(index, 'int32'))], shape, value.dtype, { axis: at }),
  );
};
KERNELS.SplitV = (backend, { x }, { numOrSizeSplits, axis }) => {
  const at = tf.util.parseAxisParam(axis, x.shape)[0];
  const sizes = tf.backend_util.prepareSplitSize({ shape: x.shape } as tf.Tensor, numOrSizeSplits, at);
  const names = backend.append('Split', [backend.nameOf(x), backend.intsName(sizes)], { axis: at }, sizes.length);
  return names.map((name, index) =>
    backend.info(
      name,
      x.shape.map((size, i) => (i === at ? sizes[index] : size)),
      x.dtype,
    ),
  );
};
KERNELS.Slice = (backend, { x }, { begin, size }) => {
  const [starts, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
  const axes = x.shape.map((_, axis) => axis).filter((axis) => starts[axis] !== 0 || sizes[axis] !== x.shape[axis]);
  if (!axes.length) return backend.emit('Identity', [x], sizes, x.dtype);
  const ends = axes.map((axis) => starts[axis] + sizes[axis]);
  return backend.emit(
    'Slice',
    [x, backend.intsName(axes.map((axis) => starts[axis])), backend.intsName(ends), backend.intsName(axes)],
    sizes,
    x.dtype,
  );
};
KERNELS.PadV2 = (backend, { x }, { paddings, constantValue }) => {
  const shape = x.shape.map((size, axis) => paddings[axis][0] + size + paddings[axis][1]);
  // The gradient of a slice pads by (dynamic size - what is there): computed, because tfjs gives it as a plain number.
  const after = shape.map((size, axis) =>
    backend.isDynamic(size) && paddings[axis][1] > 0
      ? backend.sizeDifference(size, paddings[axis][0] + x.shape[axis])
      : backend.intsName([paddings[axis][1]]),
  );
  const pads = [...(paddings as [number, number][]).map(([before]) => backend.intsName([before])), ...after];
  const inputs = [backend.nameOf(x), backend.append('Concat', pads, { axis: 0 })[0]];
  if (constantValue) inputs.push(backend.scalarName(constantValue));
  return backend.emit('Pad', inputs, shape, x.dtype);
};
KERNELS.Tile = (backend, { x }, { reps }) =>
  backend.emit(
    'Tile',
    [x, backend.intsName(reps)],
    x.shape.map((size, axis) => size * reps[axis]),
    x.dtype,
  );
KERNELS.Reverse = (backend, { x }, { dims }) => {
  const axes = tf.util.parseAxisParam(dims, x.shape);
  const each = (value: number) => backend.intsName(axes.map(() => value));
  return backend.emit('Slice', [x, each(-1), each(Number.MIN_SAFE_INTEGER), backend.intsName(axes), each(-1)], x.shape, x.dtype);
};

// Reductions.
const REDUCTION = { Sum: 'ReduceSum', Mean: 'ReduceMean', Max: 'ReduceMax', Min: 'ReduceMin', Prod: 'ReduceProd' };
for (const [kernel, op] of Object.entries(REDUCTION))
  KERNELS[kernel] = (backend, { x }, { axis, reductionIndices, keepDims }) => {
    const axes = tf.util.parseAxisParam(axis ?? reductionIndices, x.shape);
    const shape = keepDims ? x.shape.map((size, i) => (axes.includes(i) ? 1 : size)) : x.shape.filter((_, i) => !axes.includes(i));
    return backend.emit(op, [x, backend.intsName(axes)], shape, x.dtype, { keepdims: keepDims ? 1 : 0 });
  };
KERNELS.ArgMax = (backend, { x }, { axis }) => {
  const [at] = tf.util.parseAxisParam(axis, x.shape);
  const [index] = backend.append('ArgMax', [backend.nameOf(x)], { axis: at, keepdims: 0 });
  return backend.emit(
    'Cast',
    [index],
    x.shape.filter((_, i) => i !== at),
    'int32',
    { to: 6 },
  );
};
KERNELS.Any = (backend, { x }, { axis, keepDims }) => {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const shape = keepDims ? x.shape.map((size, i) => (axes.includes(i) ? 1 : size)) : x.shape.filter((_, i) => !axes.includes(i));
  const [largest] = backend.append('ReduceMax', [asFloat(backend, x), backend.intsName(axes)], { keepdims: keepDims ? 1 : 0 });
  return backend.emit('Cast', [largest], shape, 'bool', { to: 9 });
};
KERNELS.Cumsum = (backend, { x }, { axis, exclusive, reverse }) =>
  backend.emit('CumSum', [x, backend.nameOf(tf.scalar(axis < 0 ? axis + x.shape.length : axis, 'int32'))], x.shape, x.dtype, {
    exclusive: exclusive ? 1 : 0,
    reverse: reverse ? 1 : 0,
  });
KERNELS.Softmax = (backend, { logits }, { dim }) => backend.emit('Softmax', [logits], logits.shape, logits.dtype, { axis: dim });

// Matrix products. FusedMatMul (com.microsoft) takes transposed inputs without a Transpose node.
KERNELS.BatchMatMul = (backend, { a, b }, { transposeA, transposeB }) => {
  return matrixProduct(backend, a, b, { factor: 1, transposeA, transposeB });
};

// Rows by index.
KERNELS.GatherV2 = (backend, { x, indices }, { axis, batchDims }) => {
  if (batchDims) throw new Error('gather with batch dimensions is not traced');
  const at = tf.util.parseAxisParam(axis, x.shape)[0];
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return backend.emit('Gather', [x, indices], shape, x.dtype, { axis: at });
};
/** Rows of updates added into zeros; indices [.., 1]. */
KERNELS.ScatterNd = (backend, { indices, updates }, { shape }) => {
  const [zeros] = backend.append('Expand', [backend.scalarName(0), backend.intsName(shape)]);
  const [longs] = backend.append('Cast', [backend.nameOf(indices)], { to: 7 });
  return backend.emit('ScatterND', [zeros, longs, updates], shape, updates.dtype, { reduction: 'add' });
};
// Convolution over one axis, as tfjs gives it: NHWC data, HWIO filter.
KERNELS.Conv2D = (backend, { x, filter }, { strides, pad, dilations, dataFormat }) => {
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations,
    pad,
    undefined,
    false,
    tf.backend_util.convertConv2DDataFormat(dataFormat),
  );
  if (dataFormat !== 'NHWC') throw new Error('only NHWC convolutions are traced');
  const [data] = backend.append('Transpose', [backend.nameOf(x)], { perm: [0, 3, 1, 2] });
  const [weight] = backend.append('Transpose', [backend.nameOf(filter)], { perm: [3, 2, 0, 1] });
  const pair = (value: number | [number, number]) => (typeof value === 'number' ? [value, value] : value);
  const [result] = backend.append('Conv', [data, weight], {
    strides: pair(strides),
    dilations: pair(dilations),
    pads: [info.padInfo.top, info.padInfo.left, info.padInfo.bottom, info.padInfo.right],
  });
  return backend.emit('Transpose', [result], info.outShape, x.dtype, { perm: [0, 2, 3, 1] });
};

const register = (name: string, kernel: Kernel): void =>
  tf.registerKernel({
    kernelName: name,
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => kernel(backend as TraceBackend, inputs as Inputs, attrs ?? {}),
  });

/** Registers the kernels with tfjs; the inference-only ones are there only if asked for. */
export function useKernels(inference: boolean): void {
  if (!tf.getKernel('Add', TRACE_BACKEND))
    for (const [name, kernel] of Object.entries({ ...KERNELS, ...FUSED_KERNELS })) register(name, kernel);
  for (const [name, kernel] of Object.entries(INFERENCE_KERNELS)) {
    const present = tf.getKernel(name, TRACE_BACKEND) !== undefined;
    if (inference && !present) register(name, kernel);
    if (!inference && present) tf.unregisterKernel(name, TRACE_BACKEND);
  }
}
