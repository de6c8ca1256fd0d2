/**
 * The WebAssembly instructions that optimizer-memory.ts is written in, as bytes (WebAssembly 2.0, binary format), and the module around
 * them. Exists because JavaScript has no vector instructions; small enough to need no assembler.
 */

/** Memory of WebAssembly functions: an ordinary buffer from outside. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** Functions by name. */
export type WasmExports = Record<string, (...values: number[]) => number | undefined>;

// Node has it, its types do not.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (pages: { initial: number; maximum: number }) => WasmMemory;
  Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { exports: WasmExports };
};

/** Instructions as bytes. */
export type Code = number[];

/** Types of parameters, locals and results. */
export const TYPE = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** An unsigned integer as LEB128. */
function unsigned(value: number): Code {
  const bytes: Code = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** A small integer constant, from -64 to 63. */
export const i32Const = (value: number): Code => [0x41, value & 127];
/** Value of a parameter or local. */
export const get = (local: number): Code => [0x20, ...unsigned(local)];
/** Puts the top of the stack into a local. */
export const set = (local: number): Code => [0x21, ...unsigned(local)];
/** The same, and leaves it on the stack. */
export const tee = (local: number): Code => [0x22, ...unsigned(local)];

/** Two int32 -> their sum. */
export const i32Add: Code = [0x6a];
const i32Below: Code = [0x49];

/** Runs `body` while the address in local `at` is below the one in local `end`; the body moves it on. */
export const whileBelow = (at: number, end: number, body: Code): Code => [
  ...[0x02, 0x40, 0x03, 0x40], // block, loop
  ...[...get(at), ...get(end), ...i32Below, 0x45, 0x0d, 1], // leave the block unless at < end
  ...body,
  ...[0x0c, 0, 0x0b, 0x0b], // again; end, end
];

const simd = (operation: number): Code => [0xfd, ...unsigned(operation)];
const UNALIGNED: Code = [0, 0];

/** Arithmetic on one float32 or on four at a time: the same rounding, so that it does not matter which handles an element. */
export interface FloatCode {
  /** Type of a value. */
  type: number;
  /** Bytes of a value. */
  bytes: number;
  /** Address -> value. */
  load: Code;
  /** Address, value -> nothing. */
  store: Code;
  /** A float32 -> value. */
  fill: Code;
  add: Code;
  sub: Code;
  mul: Code;
  div: Code;
  sqrt: Code;
}

/** One element. */
export const SCALAR: FloatCode = {
  type: TYPE.f32,
  bytes: 4,
  load: [0x2a, ...UNALIGNED],
  store: [0x38, ...UNALIGNED],
  fill: [],
  add: [0x92],
  sub: [0x93],
  mul: [0x94],
  div: [0x95],
  sqrt: [0x91],
};

/** Four elements. */
export const VECTOR: FloatCode = {
  type: TYPE.v128,
  bytes: 16,
  load: [...simd(0x00), ...UNALIGNED],
  store: [...simd(0x0b), ...UNALIGNED],
  fill: simd(0x13),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  sqrt: simd(0xe3),
};

/** float32 -> float64. */
export const promote: Code = [0xbb];
/** Two float64 -> their sum. */
export const f64Add: Code = [0xa0];
/** Two float64 -> their product. */
export const f64Mul: Code = [0xa2];
/** Address -> two float32 as two float64. */
export const loadPairAsDoubles: Code = [...simd(0x5d), ...UNALIGNED, ...simd(0x5f)];
/** Two pairs of float64 -> their sums. */
export const f64x2Add: Code = simd(0xf0);
/** Two pairs of float64 -> their products. */
export const f64x2Mul: Code = simd(0xf2);
/** Two float64 -> one of them. */
export const f64x2Lane = (lane: 0 | 1): Code => [...simd(0x21), lane];

/** A function of a module. */
export interface WasmFunction {
  name: string;
  parameters: number[];
  results: number[];
  /** Types of the locals behind the parameters. */
  locals: number[];
  code: Code;
}

const list = (items: Code[]): Code => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const text = (value: string): Code => list([...value].map((character) => [character.charCodeAt(0)]));

/** Bytes of a page, the unit of memories. */
export const WASM_PAGE = 65536;

/** A memory of zeros. */
export const wasmMemory = (pages: number): WasmMemory => new WebAssembly.Memory({ initial: pages, maximum: pages });

/** Compiles functions; the result makes them work on a memory. */
export function compileWasm(functions: WasmFunction[]): (memory: WasmMemory) => WasmExports {
  const bodies = functions.map(({ locals, code }) => {
    const body = [...list(locals.map((type) => [1, type])), ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  const types = functions.map(({ parameters, results }) => [
    0x60,
    ...list(parameters.map((type) => [type])),
    ...list(results.map((type) => [type])),
  ]);
  const module = new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, list(types)),
      ...section(2, list([[...text('env'), ...text('memory'), 0x02, 0x00, 1]])),
      ...section(3, list(functions.map((_, index) => unsigned(index)))),
      ...section(7, list(functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]))),
      ...section(10, list(bodies)),
    ]),
  );
  return (memory) => new WebAssembly.Instance(module, { env: { memory } }).exports;
}
