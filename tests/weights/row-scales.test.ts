/** Weights in 8 bits with a scale a row: what is read is what was written, rounded; what lies is refused. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { readSafetensors, safetensorsSize, type WeightMap, writeSafetensors } from '../../src/weights/formats/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'glz-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.safetensors');

const ROWS = 7;
const COLUMNS = 33;
const matrix = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i * 12.9898) * 2 ** ((i / COLUMNS) % ROWS));
matrix.fill(0, 3 * COLUMNS, 4 * COLUMNS);
const weights: WeightMap = new Map([
  ['bias', { shape: [5], data: new Float32Array([0.5, -1, 0.25, 3, -0.125]) }],
  ['matrix', { shape: [ROWS, COLUMNS], data: matrix }],
  ['positions', { shape: [1, 2], data: new Int32Array([7, 8]) }],
]);

it('gives back every weight to a step of its row, and what is no matrix as it was', () => {
  writeSafetensors(path, weights, { dtype: 'I8' });
  const read = readSafetensors(path);
  expect([...read.keys()].sort()).toEqual(['bias', 'matrix', 'positions']);
  expect(read.get('bias')).toEqual(weights.get('bias'));
  expect(read.get('positions')).toEqual(weights.get('positions'));
  const { shape, data } = read.get('matrix')!;
  expect(shape).toEqual([ROWS, COLUMNS]);
  expect(data).toBeInstanceOf(Float32Array);
  for (let row = 0; row < ROWS; row++) {
    const values = matrix.subarray(row * COLUMNS, (row + 1) * COLUMNS);
    const step = Math.max(...values.map(Math.abs)) / 127;
    values.forEach((value, column) => {
      expect(Math.abs(data[row * COLUMNS + column] - value)).toBeLessThanOrEqual(step * 1.0001);
    });
  }
  expect([...readSafetensors(path, (name) => name === 'matrix').keys()]).toEqual(['matrix']);
});

it('loses nothing when it is written once more', () => {
  const again = join(folder, 'again.safetensors');
  writeSafetensors(path, weights, { dtype: 'I8' });
  writeSafetensors(again, readSafetensors(path), { dtype: 'I8' });
  const [first, second] = [readSafetensors(path), readSafetensors(again)].map((read) => read.get('matrix')!.data);
  second.forEach((value, i) => {
    expect(value).toBeCloseTo(first[i], 5);
  });
});

it('keeps what a training changed by less than half a step, on the whole', () => {
  const columns = 10_001;
  const before = Float32Array.from({ length: columns }, (_, i) => ((i % 255) - 127) / 64);
  // The largest as it was, so that steps are the same.
  const after = before.map((value) => (Math.abs(value) < 127 / 64 ? value + 0.1 / 64 : value));
  writeSafetensors(path, new Map([['row', { shape: [1, columns], data: after }]]), { dtype: 'I8' });
  const read = readSafetensors(path).get('row')!.data;
  const change = (values: ArrayLike<number>): number => before.reduce((sum, value, i) => sum + values[i] - value, 0) / columns;
  expect(change(read) / change(after)).toBeCloseTo(1, 1);
});

it('is a quarter of the size, and scales are not counted as weights', () => {
  const large: WeightMap = new Map([['matrix', { shape: [256, 384], data: new Float32Array(256 * 384).fill(0.5) }]]);
  writeSafetensors(path, large, { dtype: 'F32' });
  const floats = statSync(path).size;
  writeSafetensors(path, large, { dtype: 'I8' });
  expect(statSync(path).size / floats).toBeLessThan(0.26);
  expect(safetensorsSize(path)).toEqual({ elements: 256 * 384, types: ['I8'] });
});

it.each<[string, WeightMap]>([
  ['too few', new Map([['matrix.row_scale', { shape: [2], data: new Float32Array([1, 1]) }]])],
  ['a zero', new Map([['matrix.row_scale', { shape: [3], data: new Float32Array([1, 0, 1]) }]])],
  ['a negative one', new Map([['matrix.row_scale', { shape: [3], data: new Float32Array([1, -1, 1]) }]])],
  ['no number', new Map([['matrix.row_scale', { shape: [3], data: new Float32Array([1, Number.NaN, 1]) }]])],
  ['one so large that weights would be infinite', new Map([['matrix.row_scale', { shape: [3], data: new Float32Array([1, 3e38, 1]) }]])],
  ['whole numbers', new Map([['matrix.row_scale', { shape: [3], data: new Int32Array([1, 1, 1]) }]])],
])('refuses scales with %s, naming file and tensor', (_, scales) => {
  writeSafetensors(path, new Map([['matrix', { shape: [3, 2], data: new Float32Array([1, 2, 3, 4, 5, 6]) }]]), { dtype: 'I8' });
  const file = spoiled(path, scales);
  expect(() => readSafetensors(file)).toThrow(DataError);
  expect(() => readSafetensors(file)).toThrow(
    /spoiled\.safetensors: tensor "matrix\.row_scale" has no positive number of F32 for each of the 3 rows/,
  );
});

it.each<[string, WeightMap]>([
  ['a matrix of F32', new Map([['matrix', { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) }]])],
  ['a vector', new Map([['matrix', { shape: [2], data: new Float32Array([1, 2]) }]])],
  ['whole numbers of 32 bits', new Map([['matrix', { shape: [2, 1], data: new Int32Array([1, 2]) }]])],
])('refuses scales beside %s, which would go unread', (_, tensors) => {
  writeSafetensors(path, new Map([...tensors, ['matrix.row_scale', { shape: [2], data: new Float32Array([0.5, 0.5]) }]]));
  expect(() => readSafetensors(path)).toThrow(DataError);
  expect(() => readSafetensors(path)).toThrow(/tensor "matrix" is \[2.*\] of [FI]32, and "matrix\.row_scale" is for a matrix of I8/);
});

/** A file with the 8-bit matrix of another one and these scales. */
function spoiled(from: string, scales: WeightMap): string {
  const bytes = readFileSync(from);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as Record<
    string,
    { data_offsets: number[] }
  >;
  const [begin, end] = header.matrix.data_offsets;
  const matrixBytes = bytes.subarray(bytes.length - (end - begin));
  const { shape, data } = scales.get('matrix.row_scale')!;
  const text = JSON.stringify({
    'matrix.row_scale': { dtype: data instanceof Int32Array ? 'I32' : 'F32', shape, data_offsets: [0, data.byteLength] },
    matrix: { dtype: 'I8', shape: [3, 2], data_offsets: [data.byteLength, data.byteLength + matrixBytes.length] },
  });
  expect(begin).toBe(12);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = join(folder, 'spoiled.safetensors');
  writeFileSync(file, Buffer.concat([length, Buffer.from(text), new Uint8Array(data.buffer), matrixBytes]));
  return file;
}
