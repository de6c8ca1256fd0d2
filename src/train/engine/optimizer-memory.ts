/**
 * Parameters, gradients and moments of a model in training on the CPU, and the loops over them: AdamW, decay, norm. The arrays live in
 * WebAssembly memory, because WebAssembly has vector instructions: one AdamW step is six times as fast as a loop over typed arrays, at the
 * speed of the memory. Outside of it they are ordinary typed arrays. The formulas are those of src/model/adamw.ts (torch.optim.AdamW), in
 * float32 as PyTorch computes them. Each element's result depends on nothing but that element, whatever is updated together.
 */
import { DataError } from '../../base/errors.ts';
import type { AdamWStep } from '../../model/adamw.ts';
import {
  type Code,
  compileWasm,
  type FloatCode,
  f64Add,
  f64Mul,
  f64x2Add,
  f64x2Lane,
  f64x2Mul,
  get,
  i32Add,
  i32Const,
  loadPairAsDoubles,
  promote,
  SCALAR,
  set,
  TYPE,
  tee,
  VECTOR,
  WASM_PAGE,
  type WasmExports,
  type WasmFunction,
  type WasmMemory,
  wasmMemory,
  whileBelow,
} from './wasm-code.ts';

/** One parameter's arrays, all of one length. */
export interface OptimizerArrays {
  parameter: Float32Array;
  gradient: Float32Array;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
}

/** Arrays and the loops over their elements [start, end), all of them unless said. */
export interface OptimizerMemory extends OptimizerArrays {
  /** One AdamW step, in place. */
  adamw(settings: AdamWStep, start?: number, end?: number): void;
  /** Multiplies the parameter: what AdamW comes to where gradient and moments are zero. */
  decay(factor: number, start?: number, end?: number): void;
  /** Sum of the gradient's squares, in float64. */
  gradientSquares(start?: number, end?: number): number;
}

/** Names of AdamW's scalars, in the order of the kernel's parameters. */
const SCALARS = ['beta1', 'gain1', 'beta2', 'gain2', 'rate', 'correction', 'keep', 'epsilon', 'scale'] as const;

/** Locals of the kernel `adamw`: addresses, then the scalars as numbers and as vectors, then what is computed. */
const [P, G, M, V, VECTOR_END, END] = [0, 1, 2, 3, 4, 5];
const FIRST_SCALAR = 6;
const FIRST_VECTOR = FIRST_SCALAR + SCALARS.length;
const FIRST_RESULT = FIRST_VECTOR + SCALARS.length;

function adamwKernel(): WasmFunction {
  /** The loop over elements or groups of four, up to the address in local `end`. */
  const loop = (float: FloatCode, end: number, scalars: number, g: number): Code => {
    const scalar = (name: (typeof SCALARS)[number]): Code => get(scalars + SCALARS.indexOf(name));
    const [m, v] = [g + 1, g + 2];
    const { load, store, add, sub, mul, div, sqrt } = float;
    const body = [
      // g = scale * gradient
      ...[...get(G), ...load, ...scalar('scale'), ...mul, ...set(g)],
      // m = beta1 * m + gain1 * g
      ...[...get(M), ...get(M), ...load, ...scalar('beta1'), ...mul, ...get(g), ...scalar('gain1'), ...mul, ...add, ...tee(m), ...store],
      // v = beta2 * v + gain2 * g * g
      ...[...get(V), ...get(V), ...load, ...scalar('beta2'), ...mul],
      ...[...get(g), ...get(g), ...mul, ...scalar('gain2'), ...mul, ...add, ...tee(v), ...store],
      // p = keep * p - rate * m / (sqrt(v) * correction + epsilon)
      ...[...get(P), ...get(P), ...load, ...scalar('keep'), ...mul, ...scalar('rate'), ...get(m), ...mul],
      ...[...get(v), ...sqrt, ...scalar('correction'), ...mul, ...scalar('epsilon'), ...add, ...div, ...sub, ...store],
      ...[P, G, M, V].flatMap((address) => [...get(address), ...i32Const(float.bytes), ...i32Add, ...set(address)]),
    ];
    return whileBelow(P, end, body);
  };
  return {
    name: 'adamw',
    parameters: [...[P, G, M, V, VECTOR_END, END].map(() => TYPE.i32), ...SCALARS.map(() => TYPE.f32)],
    results: [],
    locals: [...[...SCALARS, 'g', 'm', 'v'].map(() => TYPE.v128), ...['g', 'm', 'v'].map(() => TYPE.f32)],
    code: [
      ...SCALARS.flatMap((_, i) => [...get(FIRST_SCALAR + i), ...VECTOR.fill, ...set(FIRST_VECTOR + i)]),
      ...loop(VECTOR, VECTOR_END, FIRST_VECTOR, FIRST_RESULT),
      ...loop(SCALAR, END, FIRST_SCALAR, FIRST_RESULT + 3),
    ],
  };
}

function decayKernel(): WasmFunction {
  const [at, vectorEnd, end, factor, factors] = [0, 1, 2, 3, 4];
  const loop = ({ load, store, mul, bytes }: FloatCode, last: number, by: number): Code =>
    whileBelow(at, last, [
      ...[...get(at), ...get(at), ...load, ...get(by), ...mul, ...store],
      ...[...get(at), ...i32Const(bytes), ...i32Add, ...set(at)],
    ]);
  return {
    name: 'decay',
    parameters: [TYPE.i32, TYPE.i32, TYPE.i32, TYPE.f32],
    results: [],
    locals: [TYPE.v128],
    code: [...get(factor), ...VECTOR.fill, ...set(factors), ...loop(VECTOR, vectorEnd, factors), ...loop(SCALAR, end, factor)],
  };
}

function squaresKernel(): WasmFunction {
  const [at, vectorEnd, end, pair, sums, one, sum] = [0, 1, 2, 3, 4, 5, 6];
  const forward = (bytes: number): Code => [...get(at), ...i32Const(bytes), ...i32Add, ...set(at)];
  const addPair = (): Code => [
    ...[...get(at), ...loadPairAsDoubles, ...tee(pair), ...get(pair), ...f64x2Mul, ...get(sums), ...f64x2Add, ...set(sums)],
    ...forward(8),
  ];
  return {
    name: 'squares',
    parameters: [TYPE.i32, TYPE.i32, TYPE.i32],
    results: [TYPE.f64],
    locals: [TYPE.v128, TYPE.v128, TYPE.f64, TYPE.f64],
    code: [
      ...whileBelow(at, vectorEnd, [...addPair(), ...addPair()]),
      ...[...get(sums), ...f64x2Lane(0), ...get(sums), ...f64x2Lane(1), ...f64Add, ...set(sum)],
      ...whileBelow(at, end, [
        ...[...get(at), ...SCALAR.load, ...promote, ...tee(one), ...get(one), ...f64Mul, ...get(sum), ...f64Add, ...set(sum)],
        ...forward(4),
      ]),
      ...get(sum),
    ],
  };
}

let compiled: ((memory: WasmMemory) => WasmExports) | undefined;

/** A memory has 65,536 pages; the last one stays unused, so that an end address never reaches 2 ** 32. */
const MOST_PAGES = 65535;
/** Arrays start at a cache line. */
const LINE = 64;

function memoryViews(memory: WasmMemory, kernels: WasmExports, start: number, length: number, stride: number): OptimizerMemory {
  const view = (index: number) => new Float32Array(memory.buffer, start + index * stride, length);
  const [parameter, gradient, firstMoment, secondMoment] = [0, 1, 2, 3].map(view);
  /** Addresses of elements [from, to): the first, where whole groups of four end, the end. */
  const ends = (array: Float32Array, from: number, to: number): [number, number, number] => {
    const at = array.byteOffset + 4 * from;
    return [at, at + 16 * Math.floor((to - from) / 4), at + 4 * (to - from)];
  };
  return {
    parameter,
    gradient,
    firstMoment,
    secondMoment,
    adamw({ betas: [beta1, beta2], step, learningRate, weightDecay, epsilon, gradientScale }, from = 0, to = length) {
      const [p, vectorEnd, end] = ends(parameter, from, to);
      const scalars: Record<(typeof SCALARS)[number], number> = {
        beta1,
        gain1: 1 - beta1,
        beta2,
        gain2: 1 - beta2,
        rate: learningRate / (1 - beta1 ** step),
        correction: 1 / Math.sqrt(1 - beta2 ** step),
        keep: 1 - learningRate * weightDecay,
        epsilon,
        scale: gradientScale,
      };
      kernels.adamw(p, p + stride, p + 2 * stride, p + 3 * stride, vectorEnd, end, ...SCALARS.map((name) => scalars[name]));
    },
    decay(factor, from = 0, to = length) {
      kernels.decay(...ends(parameter, from, to), factor);
    },
    gradientSquares(from = 0, to = length) {
      return kernels.squares(...ends(gradient, from, to)) as number;
    },
  };
}

/**
 * Memory of zeros for parameters of these shapes, in the same order.
 * @throws DataError where one parameter has more elements than a memory holds (268 million)
 */
export function allocateOptimizerMemory(shapes: Readonly<Record<string, readonly number[]>>): Map<string, OptimizerMemory> {
  compiled ??= compileWasm([adamwKernel(), decayKernel(), squaresKernel()]);
  // A memory ends at 4 GiB: larger models take several.
  const memories: { names: string[]; bytes: number }[] = [];
  const strides = new Map<string, number>();
  for (const [name, shape] of Object.entries(shapes)) {
    const stride = LINE * Math.ceil((4 * shape.reduce((product, size) => product * size, 1)) / LINE);
    if (4 * stride > MOST_PAGES * WASM_PAGE) throw new DataError(`parameter ${name} [${shape}] is too large to be trained on the CPU`);
    strides.set(name, stride);
    const last = memories.at(-1);
    if (last && last.bytes + 4 * stride <= MOST_PAGES * WASM_PAGE) {
      last.names.push(name);
      last.bytes += 4 * stride;
    } else memories.push({ names: [name], bytes: 4 * stride });
  }
  const all = new Map<string, OptimizerMemory>();
  for (const { names, bytes } of memories) {
    const pages = Math.max(1, Math.ceil(bytes / WASM_PAGE));
    const memory = wasmMemory(pages);
    const kernels = compiled(memory);
    let offset = 0;
    for (const name of names) {
      const stride = strides.get(name)!;
      const length = shapes[name].reduce((product, size) => product * size, 1);
      all.set(name, memoryViews(memory, kernels, offset, length, stride));
      offset += 4 * stride;
    }
  }
  return all;
}

/**
 * One AdamW step of a table of which few rows ever had a gradient: rows that are not `touched` have moments of zero and are only decayed,
 * which gives the same values in a quarter of the memory traffic.
 */
export function adamwRows(memory: OptimizerMemory, touched: Uint8Array, settings: AdamWStep): void {
  const size = memory.parameter.length / touched.length;
  const keep = 1 - settings.learningRate * settings.weightDecay;
  for (let row = 0, end = 0; row < touched.length; row = end) {
    // Runs of equal rows, so that the kernels' loops are long.
    for (end = row + 1; end < touched.length && touched[end] === touched[row]; ) end++;
    if (touched[row]) memory.adamw(settings, row * size, end * size);
    else if (keep !== 1) memory.decay(keep, row * size, end * size);
  }
}

/** Marks the rows whose moments are not all zero. */
export function markTouchedRows({ firstMoment, secondMoment }: OptimizerArrays, touched: Uint8Array): void {
  const size = firstMoment.length / touched.length;
  for (let row = 0; row < touched.length; row++) {
    touched[row] = 0;
    for (let i = row * size; i < (row + 1) * size; i++)
      if (firstMoment[i] !== 0 || secondMoment[i] !== 0) {
        touched[row] = 1;
        break;
      }
  }
}
