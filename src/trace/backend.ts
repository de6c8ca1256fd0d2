/**
 * A tfjs KernelBackend that computes nothing: each kernel appends a node to an ONNX graph and returns a tensor that stands
 * for the node's output. Running a model under it gives the inference graph; running tf.valueAndGrads under it gives the
 * training graph, because tfjs composes gradients from the same kernels (kernels.ts).
 *
 * Dynamic axes: the model runs once with marker sizes, distinct primes that divide no other size. Any dynamic dimension is
 * then constant x batch^a x length^b x labels^c and is emitted as a product of `Shape` outputs of the inputs.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Graph, GraphAttribute, GraphData, GraphNode, GraphType, Initializer } from './graph.ts';

/** Name under which the backend is registered with tfjs. */
export const TRACE_BACKEND = 'onnx';

/** A dynamic axis: its marker size and the input axis that its size is read from at run time. */
export interface DynamicAxis {
  marker: number;
  input: string;
  axis: number;
}

/** What stands behind a traced tensor: a graph value's name, or constant values not yet in the graph. */
interface TracedValue {
  name?: string;
  values?: ArrayLike<number>;
}

const DATA_TYPES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Element types that the traced model may use. */
export type TracedType = keyof typeof DATA_TYPES;

/** A scalar that may be a baked-in size: see {@link TraceBackend.suspects}. */
export type SuspectScalar = number;

/** The recording backend; one instance, reset by every trace. */
export class TraceBackend extends tf.KernelBackend {
  private store = new WeakMap<object, TracedValue>();
  private nodes: GraphNode[] = [];
  private initializers: Initializer[] = [];
  private axes: Record<string, DynamicAxis> = {};
  private cache = new Map<string, string>();
  private counter = 0;
  /** Scalar constants that are multiples of a marker: sizes that tfjs baked in, or chance. trace.ts decides which. */
  suspects: SuspectScalar[] = [];

  /** Whether matrix products are ONNX's MatMul only: FusedMatMul of ONNX Runtime has no WebGPU kernel. */
  onnxProducts = false;

  /** Starts a new graph. */
  reset(axes: Record<string, DynamicAxis>, onnxProducts = false): void {
    this.onnxProducts = onnxProducts;
    this.store = new WeakMap();
    this.nodes = [];
    this.initializers = [];
    this.cache = new Map();
    this.counter = 0;
    this.axes = axes;
    this.suspects = [];
  }

  /** What was recorded since the last reset. */
  recorded(): Pick<Graph, 'nodes' | 'initializers'> {
    return { nodes: this.nodes, initializers: this.initializers };
  }

  /** A tensor that stands for a graph input. */
  input(name: string, shape: number[], type: TracedType): tf.Tensor {
    const dataId = {};
    this.store.set(dataId, { name });
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype: type });
  }

  /** A tensor that stands for a constant that stays outside tfjs (weights: no copy is made). */
  constant(name: string, shape: number[], data: GraphData, type: GraphType & TracedType): tf.Tensor {
    this.initializers.push({ name, type, shape, data });
    return this.input(name, shape, type);
  }

  /** Whether a size holds a marker, that is, changes from call to call. */
  isDynamic(size: number): boolean {
    return size !== 0 && Object.values(this.axes).some(({ marker }) => size % marker === 0);
  }

  /** Name of the graph value that a tensor stands for; constants enter the graph here. */
  nameOf(tensor: tf.TensorInfo): string {
    const entry = this.store.get(tensor.dataId);
    if (!entry) throw new Error('a tensor of another backend reached the trace');
    entry.name ??= this.constantName(entry.values ?? [], tensor.shape, tensor.dtype as TracedType);
    return entry.name;
  }

  private constantName(values: ArrayLike<number>, shape: number[], type: TracedType): string {
    if (shape.some((size) => this.isDynamic(size))) {
      // tf.zeros and the like inside gradients: the shape is dynamic, so the value must be the same everywhere.
      const first = values[0];
      for (let i = 1; i < values.length; i++)
        if (values[i] !== first) throw new Error(`a constant of the dynamic shape [${shape}] is not uniform`);
      return this.append('Expand', [this.constantName([first], [], type), this.intsName(shape)])[0];
    }
    const single = values.length === 1 ? values[0] : Number.NaN;
    if (Number.isInteger(single) && this.isDynamic(single)) this.suspects.push(single);
    return this.cached(values.length <= 64 ? `${type}|${shape}|${Array.from(values)}` : undefined, () => {
      const name = `c${this.counter++}`;
      const data = new DATA_TYPES[type](values);
      this.initializers.push({ name, type, shape: [...shape], data });
      return name;
    });
  }

  private cached(key: string | undefined, make: () => string): string {
    if (key === undefined) return make();
    let name = this.cache.get(key);
    if (name === undefined) {
      name = make();
      this.cache.set(key, name);
    }
    return name;
  }

  /** A float32 scalar constant. */
  scalarName(value: number): string {
    return this.constantName([value], [], 'float32');
  }

  /** A constant int64 vector as it is, markers or not. */
  private plainInts(values: number[]): string {
    return this.cached(`int64|${values}`, () => {
      const name = `c${this.counter++}`;
      this.initializers.push({ name, type: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
      return name;
    });
  }

  /** An int64 vector in which multiples of markers are computed from the inputs' shapes at run time. */
  intsName(values: number[]): string {
    if (!values.some((value) => this.isDynamic(value))) return this.plainInts(values);
    return this.cached(`sizes|${values}`, () => {
      const parts: string[] = [];
      let constants: number[] = [];
      const flush = () => {
        if (constants.length) parts.push(this.plainInts(constants));
        constants = [];
      };
      for (const value of values) {
        if (this.isDynamic(value)) {
          flush();
          parts.push(this.sizeName(value));
        } else constants.push(value);
      }
      flush();
      return parts.length === 1 ? parts[0] : this.append('Concat', parts, { axis: 0 })[0];
    });
  }

  /** One dynamic size as an int64 vector of length 1. */
  private sizeName(size: number): string {
    return this.cached(`size|${size}`, () => {
      let rest = size;
      let product: string | undefined;
      for (const { marker, input, axis } of Object.values(this.axes)) {
        for (; rest % marker === 0; rest /= marker) {
          const factor = this.cached(`axis|${input}|${axis}`, () => this.append('Shape', [input], { start: axis, end: axis + 1 })[0]);
          product = product === undefined ? factor : this.append('Mul', [product, factor])[0];
        }
      }
      return rest === 1 ? product! : this.append('Mul', [product!, this.plainInts([rest])])[0];
    });
  }

  /** Difference of two sizes, each dynamic or not, as an int64 vector of length 1. */
  sizeDifference(a: number, b: number): string {
    return this.append('Sub', [this.intsName([a]), this.intsName([b])])[0];
  }

  /** Appends a node and returns the names of its outputs. */
  append(
    op: string,
    inputs: string[],
    attributes: Record<string, GraphAttribute> = {},
    outputs = 1,
    domain: GraphNode['domain'] = '',
  ): string[] {
    const names = Array.from({ length: outputs }, () => `t${this.counter++}`);
    this.nodes.push({ op, domain, inputs, outputs: names, attributes });
    return names;
  }

  /** A tensor description for a named value. */
  info(name: string, shape: number[], dtype: tf.DataType): tf.TensorInfo {
    const dataId = {};
    this.store.set(dataId, { name });
    return { dataId, shape, dtype };
  }

  /** Appends a node on tensors and returns its first output as a tensor description. */
  emit(
    op: string,
    inputs: (tf.TensorInfo | string)[],
    shape: number[],
    dtype: tf.DataType,
    attributes?: Record<string, GraphAttribute>,
    domain?: GraphNode['domain'],
  ): tf.TensorInfo {
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.nameOf(input)));
    return this.info(this.append(op, names, attributes, 1, domain)[0], shape, dtype);
  }

  // What tfjs's engine asks of a backend.
  override write(values: tf.backend_util.BackendValues, _shape: number[], _dtype: tf.DataType): object {
    const dataId = {};
    this.store.set(dataId, { values: values as ArrayLike<number> });
    return dataId;
  }
  override move(dataId: object, values: tf.backend_util.BackendValues): void {
    this.store.set(dataId, { values: values as ArrayLike<number> });
  }
  override readSync(dataId: object): tf.backend_util.BackendValues {
    const entry = this.store.get(dataId);
    if (!entry?.values) throw new Error('a traced value was read: the model must not depend on values');
    return entry.values as tf.backend_util.BackendValues;
  }
  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }
  override numDataIds(): number {
    return 0;
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  override disposeData(): boolean {
    return true;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override dispose(): void {}
}
