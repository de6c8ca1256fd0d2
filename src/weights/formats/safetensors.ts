/**
 * Reads and writes safetensors files. A file is untrusted: its header and every range are checked before anything is allocated. Knows
 * nothing of models. Format: https://github.com/huggingface/safetensors (8 bytes header length, JSON header, data without gaps).
 */

import { DataError, errorMessage } from '../../base/errors.ts';
import { writeFileAtomically } from '../../base/files.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from '../../base/half-precision.ts';
import { parseJson } from '../../base/json.ts';
import { quoted } from '../../base/printable.ts';
import { withRandomAccessFile } from './random-access-file.ts';

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

/** Opens a file, reads its header, and gives both to `use`. */
function withTensors<Result>(path: string, use: (entries: Entry[], read: (entry: Entry) => ArrayBuffer) => Result): Result {
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

/**
 * Reads a safetensors file, or some of its tensors.
 * @param wanted which tensors to read; all unless given
 * @throws DataError naming the file and, where there is one, the tensor that is wrong
 */
export const readSafetensors = (path: string, wanted: (name: string) => boolean = () => true): WeightMap =>
  withTensors(
    path,
    (entries, read) =>
      new Map(
        entries
          .filter(({ name }) => wanted(name))
          .map((entry) => [entry.name, { shape: entry.shape, data: decodeTensorData(entry.dtype, read(entry)) }]),
      ),
  );

/** Number of a safetensors file's elements, and the types that they are stored as, without reading them. @throws DataError as {@link readSafetensors} */
export const safetensorsSize = (path: string): { elements: number; types: string[] } =>
  withTensors(path, (entries) => ({
    elements: entries.reduce((sum, { shape }) => sum + elementCount(shape)!, 0),
    types: [...new Set(entries.map(({ dtype }) => dtype))],
  }));

/** How floats are written. */
export interface WriteOptions {
  dtype?: 'F32' | 'F16';
  /** Strings for the header's `__metadata__`. */
  metadata?: Record<string, string>;
}

/** Writes a safetensors file atomically; integers are written as I32. Throws DataError when it cannot be written. */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, WeightTensor>,
  { dtype = 'F32', metadata }: WriteOptions = {},
): void {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const type = data instanceof Int32Array ? 'I32' : dtype;
    const end = offset + data.length * BYTES[type];
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
    for (const { data } of tensors.values()) {
      const stored = data instanceof Float32Array && dtype === 'F16' ? float32ToFloat16(data) : data;
      yield new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    }
  }
  writeFileAtomically(path, chunks());
}
