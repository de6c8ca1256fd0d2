/** Tables of 4 bits in a graph: the same rows to the bit in a seventh of the space, and none that would be others. */
import { float16ToFloat32, float32ToFloat16 } from '../../../src/base/half-precision.ts';
import { withBlockTables } from '../../../src/runtime/int8/block-tables.ts';
import { createGraphSession } from '../../../src/runtime/onnx-session.ts';
import type { Graph } from '../../../src/trace/graph.ts';
import { random as seeded } from '../../random.ts';

const ROWS = 40;
const WIDTH = 96;

/** A table whose blocks of 32 columns are levels times a scale of float16. */
function blockTable(levelOf: (random: number) => number, seed = 1): Float32Array {
  const random = seeded(seed);
  const table = new Float32Array(ROWS * WIDTH);
  for (let block = 0; block < table.length / 32; block++) {
    const [scale] = float16ToFloat32(float32ToFloat16(Float32Array.of((random() - 0.5) * 2 ** (random() * 20 - 10))));
    for (let i = 0; i < 32; i++) table[block * 32 + i] = levelOf(random()) * scale;
  }
  return table;
}

const lookUp = (data: Float32Array, width = WIDTH): Graph => ({
  nodes: [{ op: 'Gather', domain: '', inputs: ['table', 'rows'], outputs: ['found'], attributes: { axis: 0 } }],
  initializers: [{ name: 'table', type: 'float32', shape: [data.length / width, width], data }],
  inputs: [{ name: 'rows', type: 'int32', shape: ['texts', 'length'] }],
  outputs: [{ name: 'found', type: 'float32', shape: ['texts', 'length', width] }],
});

async function rowsOf(graph: Graph): Promise<Float32Array> {
  const session = await createGraphSession(graph, { threads: 1 });
  const rows = { data: Int32Array.from({ length: ROWS }, (_, i) => ROWS - 1 - i), shape: [4, ROWS / 4] };
  const { found } = await session.run({ rows }, ['found']);
  await session.dispose();
  // -0 and 0 are the same number.
  return (found as Float32Array).map((value) => value + 0);
}

it.each<[string, (random: number) => number]>([
  ['all levels', (random) => Math.floor(random * 16) - 8],
  ['no level at either end', (random) => Math.floor(random * 7) - 3],
  ['levels of one sign', (random) => Math.floor(random * 8)],
  ['zeros and few others', (random) => (random < 0.95 ? 0 : -5)],
])('gives the same rows to the bit, of %s', async (_, levelOf) => {
  const graph = lookUp(blockTable(levelOf));
  const small = withBlockTables(graph, 1024);
  expect(small.initializers.map(({ name }) => name)).toContain('table.int4');
  const bytes = (each: Graph) => each.initializers.reduce((sum, { data }) => sum + data.byteLength, 0);
  expect(bytes(small) / bytes(graph)).toBeLessThan(0.145);
  expect(await rowsOf(small)).toEqual(await rowsOf(graph));
});

it('leaves a table as it is that has another number, a width of no whole blocks, few elements, or another use', () => {
  const table = blockTable((random) => Math.floor(random * 16) - 8);
  const spoilt = table.slice();
  spoilt[ROWS * WIDTH - 7] += 1e-6;
  for (const graph of [lookUp(spoilt), lookUp(table.subarray(0, ROWS * 48), 48)]) expect(withBlockTables(graph, 1024)).toBe(graph);
  expect(withBlockTables(lookUp(table))).toEqual(lookUp(table));
  const graph = lookUp(table);
  const product = { op: 'MatMul', domain: '' as const, inputs: ['x', 'table'], outputs: ['y'], attributes: {} };
  const tied = { ...graph, nodes: [...graph.nodes, product] };
  expect(withBlockTables(tied, 1024)).toBe(tied);
});
