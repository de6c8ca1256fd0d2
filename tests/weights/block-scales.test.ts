/** Weights in 4 bits with a scale a block: what is read is what the bytes say, by the letter of the format; what lies is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { float16ToFloat32, float32ToFloat16 } from '../../src/base/half-precision.ts';
import { readSafetensors, safetensorsSize } from '../../src/weights/formats/safetensors.ts';
import { random as seeded } from '../random.ts';

const folder = mkdtempSync(join(tmpdir(), 'glz-blocks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.safetensors');

interface Stored {
  dtype: string;
  shape: number[];
  data: Uint8Array | Uint16Array | Float32Array | Int8Array;
}

/** Writes tensors as they are given. */
function writeTensors(tensors: Record<string, Stored>): void {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...Object.values(tensors).map(({ data }) => new Uint8Array(data.buffer))]));
}

const u8 = (shape: number[], data: Uint8Array): Stored => ({ dtype: 'U8', shape, data });
const f16 = (shape: number[], values: number[]): Stored => ({ dtype: 'F16', shape, data: float32ToFloat16(Float32Array.from(values)) });

it('gives levels times scales, the low halves of a block before its high ones', () => {
  // Bytes 0x10, 0x32 ...: low half of byte i is 2 i, its high half 2 i + 1, of 16 in turn.
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => ((2 * i) & 15) | (((2 * i + 1) & 15) << 4));
  writeTensors({ 'table.block_scale': f16([1, 2], [0.5, -2]), table: u8([1, 32], bytes) });
  const { shape, data } = readSafetensors(path).get('table')!;
  expect(shape).toEqual([1, 64]);
  const levels = (odd: number) => Array.from({ length: 16 }, (_, i) => ((2 * i + odd) & 15) - 8);
  const block = [...levels(0), ...levels(1)];
  expect([...data]).toEqual([...block.map((level) => level * 0.5), ...block.map((level) => level * -2)]);
  expect([...readSafetensors(path).keys()]).toEqual(['table']);
});

it('gives each of random levels and scales of any size back to the bit', () => {
  const random = seeded(3);
  for (let round = 0; round < 50; round++) {
    const rows = 1 + Math.floor(random() * 5);
    const blocks = 1 + Math.floor(random() * 4);
    const scales = Array.from({ length: rows * blocks }, () => (random() - 0.5) * 2 ** (random() * 30 - 18) || 1);
    const bytes = Uint8Array.from({ length: rows * blocks * 16 }, () => Math.floor(random() * 256));
    writeTensors({ 'table.block_scale': f16([rows, blocks], scales), table: u8([rows, blocks * 16], bytes) });
    const { shape, data } = readSafetensors(path).get('table')!;
    expect(shape).toEqual([rows, blocks * 32]);
    const halves = float16ToFloat32(float32ToFloat16(Float32Array.from(scales)));
    for (let i = 0; i < data.length; i++) {
      const block = Math.floor(i / 32);
      const byte = bytes[block * 16 + (i % 16)];
      expect(data[i]).toBe(((i % 32 < 16 ? byte & 15 : byte >> 4) - 8) * halves[block]);
    }
  }
});

it('counts numbers, not bytes, and no scales', () => {
  writeTensors({
    'table.block_scale': f16([2, 2], [1, 1, 1, 1]),
    'matrix.row_scale': { dtype: 'F32', shape: [2], data: new Float32Array([1, 1]) },
    table: u8([2, 32], new Uint8Array(64)),
    matrix: { dtype: 'I8', shape: [2, 3], data: new Int8Array(6) },
  });
  expect(safetensorsSize(path)).toEqual({ elements: 128 + 6, types: ['I4', 'I8'] });
  expect([...readSafetensors(path, (name) => name === 'matrix').keys()]).toEqual(['matrix']);
});

const TABLE = u8([2, 16], new Uint8Array(32));

it.each<[string, Stored]>([
  ['too few', f16([1, 1], [1])],
  ['a vector', f16([2], [1, 1])],
  ['too many', f16([2, 2], [1, 1, 1, 1])],
  ['a zero', f16([2, 1], [1, 0])],
  ['a negative zero', f16([2, 1], [1, -0])],
  ['an infinite one', f16([2, 1], [1, Number.NEGATIVE_INFINITY])],
  ['no number', f16([2, 1], [1, Number.NaN])],
  ['another type', { dtype: 'F32', shape: [2, 1], data: new Float32Array([1, 1]) }],
])('refuses scales with %s, naming file and tensor', (_, scale) => {
  writeTensors({ 'table.block_scale': scale, table: TABLE });
  expect(() => readSafetensors(path)).toThrow(DataError);
  expect(() => readSafetensors(path)).toThrow(
    /weights\.safetensors: tensor "table\.block_scale" has no F16 number other than 0 for each of the 2 x 1 blocks of 32 columns of "table"$/,
  );
});

it.each<[string, Stored]>([
  ['columns that are no whole blocks', u8([2, 8], new Uint8Array(16))],
  ['a matrix of I8', { dtype: 'I8', shape: [2, 16], data: new Int8Array(32) }],
  ['a vector', u8([16], new Uint8Array(16))],
])('refuses scales beside %s, which would be other weights', (_, table) => {
  writeTensors({ 'table.block_scale': f16([2, 1], [1, 1]), table });
  expect(() => readSafetensors(path)).toThrow(DataError);
  expect(() => readSafetensors(path)).toThrow(/tensor "table" is \[.*\] of [UI]8, and "table\.block_scale" is for a matrix of U8 with two/);
});
