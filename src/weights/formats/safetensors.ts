/**
 * Reads and writes safetensors files. A file is untrusted: its header and every range are checked before anything is allocated. Knows
 * nothing of models. Format: https://github.com/huggingface/safetensors (8 bytes header length, JSON header, data without gaps).
 */

import { DataError, errorMessage } from '../../base/errors.ts';
import { writeFileAtomically } from '../../base/files.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from '../../base/half-precision.ts';
import { parseJson } from '../../base/json.ts';
import { quoted } from '../../base/printable.ts';
import { BLOCK, BLOCK_SCALE, dequantizeBlocks } from './block-scales.ts';
import { withRandomAccessFile } from './random-access-file.ts';
import { dequantizeRows, quantizeRows, ROW_SCALE, rowScales } from './row-scales.ts';

/** A tensor of a weight file. Floating types are read as float32, integers as int32. */
export interface WeightTensor {
  shape: number[];
  data: Float32Array | Int32Array;
}

/** Tensors by name, in the order of the file. */
export type WeightMap = Map<string, WeightTensor>;

/** A header longer than this is no header (the format's own limit). */
const LONGEST_HEADER = 100_000_000;

/** Bytes of an element by type. */
export const BYTES: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

/** Number of elements of a shape, or undefined if it is no shape or too large for an array. */
export function elementCount(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (count > Number.MAX_SAFE_INTEGER / 16) return undefined;
  }
  return count;
}

/** Parses and checks a header against the bytes that follow it. */
function parseHeader(path: string, header: Buffer, dataSize: number): Entry[] {
  let parsed: unknown;
  try {
    parsed = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(header), 'header');
  } catch (error) {
    throw new DataError(`${path}: the safetensors header is not JSON (${errorMessage(error)}); the file is broken, fetch it again`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new DataError(`${path}: the safetensors header is no object`);
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
    const fail = (why: string) => new DataError(`${path}: tensor ${quoted(name)} ${why}`);
    if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype)) throw fail(`has the type ${quoted(dtype)}, which is not supported`);
    const count = elementCount(shape);
    if (count === undefined) throw fail(`has no valid shape (${quoted(shape)})`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((offset) => Number.isSafeInteger(offset)))
      throw fail('has no valid offsets');
    const [begin, end] = offsets as [number, number];
    if (begin < 0 || end < begin || end > dataSize)
      throw fail(`lies at bytes ${begin} to ${end}, the file has ${dataSize}: it is cut short or broken`);
    if (end - begin !== count * BYTES[dtype])
      throw fail(`has ${end - begin} bytes where its shape [${shape}] of ${dtype} needs ${count * BYTES[dtype]}`);
    entries.push({ name, dtype, shape: shape as number[], begin, end });
  }
  let last = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin < last) throw new DataError(`${path}: tensor ${quoted(entry.name)} overlaps another one`);
    last = entry.end;
  }
  return entries;
}

/** Tensor data of a type of the safetensors format, as float32 or int32. */
export function decodeTensorData(dtype: string, bytes: ArrayBuffer): Float32Array | Int32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'F16':
      return float16ToFloat32(new Uint16Array(bytes));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(bytes));
    case 'F64':
      return Float32Array.from(new Float64Array(bytes));
    case 'I64':
      return Int32Array.from(new BigInt64Array(bytes), Number);
    case 'I32':
      return new Int32Array(bytes);
    case 'I16':
      return Int32Array.from(new Int16Array(bytes));
    case 'I8':
      return Int32Array.from(new Int8Array(bytes));
    default:
      return Int32Array.from(new Uint8Array(bytes));
  }
}

type ReadEntry = (entry: Entry) => ArrayBuffer;

/** Opens a file, reads its header, and gives both to `use`. */
function withTensors<Result>(path: string, use: (entries: Entry[], read: ReadEntry) => Result): Result {
  return withRandomAccessFile(path, ({ size, read }) => {
    if (size < 8) throw new DataError(`${path}: ${size} bytes are no safetensors file`);
    const headerSize = Number(new DataView(read(0, 8).buffer).getBigUint64(0, true));
    if (headerSize > LONGEST_HEADER || headerSize > size - 8)
      throw new DataError(`${path}: no safetensors file, or cut short (header of ${headerSize} bytes, file of ${size})`);
    const header = Buffer.from(read(8, headerSize).buffer);
    const start = 8 + headerSize;
    return use(parseHeader(path, header, size - start), ({ begin, end }) => read(start + begin, end - begin).buffer);
  });
}

/** The largest whole number of 8 bits, times which a scale must still be a number of 32 bits. */
const LARGEST_WHOLE = 128;

/** The scales of a matrix in 8 bits. @throws DataError naming the tensor where they are no positive numbers, one for each of its rows */
function readRowScales(path: string, { name, shape: [rows] }: Entry, scale: Entry, read: ReadEntry): Float32Array {
  const scales = scale.dtype === 'F32' && scale.shape.length === 1 && scale.shape[0] === rows ? new Float32Array(read(scale)) : undefined;
  if (!scales?.every((value) => value > 0 && Number.isFinite(Math.fround(value * LARGEST_WHOLE))))
    throw new DataError(
      `${path}: tensor ${quoted(scale.name)} has no positive number of F32 for each of the ${rows} rows of ${quoted(name)}`,
    );
  return scales;
}

/** Whether float16 bits are a number and not 0. */
const isScale = (half: number): boolean => (half & 0x7c00) !== 0x7c00 && (half & 0x7fff) !== 0;

/** The scales of a matrix in 4 bits. @throws DataError naming the tensor where they are no numbers but 0, one for each of its blocks */
function readBlockScales(path: string, { name, shape: [rows, bytes] }: Entry, scale: Entry, read: ReadEntry): Uint16Array {
  const blocks = (2 * bytes) / BLOCK;
  const scales = scale.dtype === 'F16' && `${scale.shape}` === `${[rows, blocks]}` ? new Uint16Array(read(scale)) : undefined;
  if (!scales?.every(isScale))
    throw new DataError(
      `${path}: tensor ${quoted(scale.name)} has no F16 number other than 0 for each of the ${rows} x ${blocks} blocks of ${BLOCK} columns of ${quoted(name)}`,
    );
  return scales;
}

/** How matrices of whole numbers are stored whose scales are beside them. */
interface Scaled {
  /** What the name of the scales ends in. */
  ending: string;
  dtype: string;
  /** What is stored so, for messages. */
  what: string;
  /** Whether a matrix of these columns can be. */
  fits: (columns: number) => boolean;
  numbersOfElement: number;
}

const SCALED: readonly Scaled[] = [
  { ending: ROW_SCALE, dtype: 'I8', what: 'a matrix of I8', fits: () => true, numbersOfElement: 1 },
  {
    ending: BLOCK_SCALE,
    dtype: 'U8',
    what: `a matrix of U8 with two columns a byte in blocks of ${BLOCK} columns`,
    fits: (bytes) => (2 * bytes) % BLOCK === 0,
    numbersOfElement: 2,
  },
];

const isScales = (name: string): boolean => SCALED.some(({ ending }) => name.endsWith(ending));

/** The scales beside a tensor, and how it is stored then; undefined where there are none. */
function scalesOf(name: string, entries: ReadonlyMap<string, Entry>) {
  for (const stored of SCALED) {
    const scale = entries.get(name + stored.ending);
    if (scale) return { scale, stored };
  }
  return undefined;
}

/** A tensor with its scales. @throws DataError naming it where they do not go together */
function readScaled(path: string, entry: Entry, found: NonNullable<ReturnType<typeof scalesOf>>, read: ReadEntry): WeightTensor {
  const { name, shape, dtype } = entry;
  const { scale, stored } = found;
  // As they are they would be other weights than whoever wrote the scales meant.
  if (dtype !== stored.dtype || shape.length !== 2 || !stored.fits(shape[1]))
    throw new DataError(`${path}: tensor ${quoted(name)} is [${shape}] of ${dtype}, and ${quoted(scale.name)} is for ${stored.what}`);
  if (stored.ending === ROW_SCALE) {
    const scales = readRowScales(path, entry, scale, read);
    return { shape, data: dequantizeRows({ values: new Int8Array(read(entry)), scales }) };
  }
  const scales = readBlockScales(path, entry, scale, read);
  return { shape: [shape[0], 2 * shape[1]], data: dequantizeBlocks({ bytes: new Uint8Array(read(entry)), scales }) };
}

/**
 * Reads a safetensors file, or some of its tensors. A matrix in 8 or 4 bits that has scales beside it (`NAME.row_scale`,
 * `NAME.block_scale`) comes out as float32.
 * @param wanted which tensors to read; all unless given
 * @throws DataError naming the file and, where there is one, the tensor that is wrong
 */
export const readSafetensors = (path: string, wanted: (name: string) => boolean = () => true): WeightMap =>
  withTensors(path, (entries, read) => {
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    const tensors: WeightMap = new Map();
    for (const entry of entries) {
      const { name, shape, dtype } = entry;
      if (isScales(name) || !wanted(name)) continue;
      const found = scalesOf(name, byName);
      tensors.set(name, found ? readScaled(path, entry, found, read) : { shape, data: decodeTensorData(dtype, read(entry)) });
    }
    return tensors;
  });

/**
 * Number of a safetensors file's numbers, and the types that they are stored as, that of most first, without reading them; of a matrix in
 * 4 bits the type is `I4`.
 * @throws DataError as {@link readSafetensors}
 */
export const safetensorsSize = (path: string): { elements: number; types: string[] } =>
  withTensors(path, (entries) => {
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    const elements = new Map<string, number>();
    for (const { name, shape, dtype } of entries) {
      if (isScales(name)) continue;
      const numbers = scalesOf(name, byName)?.stored.numbersOfElement ?? 1;
      const type = numbers === 2 ? 'I4' : dtype;
      elements.set(type, (elements.get(type) ?? 0) + numbers * elementCount(shape)!);
    }
    const byCount = [...elements].sort(([, one], [, other]) => other - one);
    return { elements: byCount.reduce((sum, [, count]) => sum + count, 0), types: byCount.map(([type]) => type) };
  });

/** How floats are stored: as they are, in half precision, or matrices in 8 bits with a scale a row (the rest in half precision). */
export type StoredAs = 'F32' | 'F16' | 'I8';

/** How floats are written. */
export interface WriteOptions {
  dtype?: StoredAs;
  /** Strings for the header's `__metadata__`. */
  metadata?: Record<string, string>;
}

interface StoredTensor {
  name: string;
  dtype: string;
  shape: number[];
  /** Made when it is written: all at once a model would be in memory twice. */
  data: () => Float32Array | Int32Array | Uint16Array | Int8Array;
}

/** A tensor as a file has it; a matrix in 8 bits has its scales beside it. */
function storedTensors(name: string, { shape, data }: WeightTensor, dtype: StoredAs): StoredTensor[] {
  if (data instanceof Int32Array) return [{ name, dtype: 'I32', shape, data: () => data }];
  if (dtype === 'F32') return [{ name, dtype, shape, data: () => data }];
  if (dtype === 'F16' || shape.length !== 2 || data.length === 0)
    return [{ name, dtype: 'F16', shape, data: () => float32ToFloat16(data) }];
  return [
    { name, dtype, shape, data: () => quantizeRows(data, shape[1]).values },
    { name: name + ROW_SCALE, dtype: 'F32', shape: [shape[0]], data: () => rowScales(data, shape[1]) },
  ];
}

/** Writes a safetensors file atomically; integers are written as I32. Throws DataError when it cannot be written. */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, WeightTensor>,
  { dtype = 'F32', metadata }: WriteOptions = {},
): void {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  // Scales first, then by the size of an element: each tensor begins at a multiple of it.
  const stored = [...tensors].flatMap(([name, tensor]) => storedTensors(name, tensor, dtype));
  stored.sort((a, b) => BYTES[b.dtype] - BYTES[a.dtype]);
  let offset = 0;
  for (const { name, dtype: type, shape } of stored) {
    const end = offset + elementCount(shape)! * BYTES[type];
    header[name] = { dtype: type, shape, data_offsets: [offset, end] };
    offset = end;
  }
  // Padded with spaces so that the data starts at a multiple of 8 bytes, as the reference implementation does.
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(text.length + ((8 - (Buffer.byteLength(text) % 8)) % 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  function* chunks(): Generator<Uint8Array> {
    yield length;
    yield json;
    for (const { data } of stored) {
      const { buffer, byteOffset, byteLength } = data();
      yield new Uint8Array(buffer, byteOffset, byteLength);
    }
  }
  writeFileAtomically(path, chunks());
}
