/**
 * Embedding tables of 4 bits in a graph. A checkpoint may store a table in blocks of 32 columns, each number from -8 to 7 times its block's
 * scale: its floats have 16 levels a block. In a graph they are stored so again, in a seventh of the space, and the rows that are looked up
 * are the same floats to the bit.
 */
import { float16ToFloat32, float32ToFloat16 } from '../../base/half-precision.ts';
import type { Graph, GraphNode, Initializer } from '../../trace/graph.ts';
import { TYPE_CODE } from '../../trace/onnx-proto.ts';
import { FEWEST_OF_TABLE, tablesOf } from './small-weights.ts';

/** Columns of a block. */
const BLOCK = 32;
/** The levels that a block's largest number may have, the likeliest first: rounding puts it at the end of the range. */
const LARGEST_LEVELS = [-8, 7, -7, 6, -6, 5, -5, 4, -4, 3, -3, 2, -2, 1, -1];

/** Whether numbers are whole multiples of a scale, from -8 to 7 and to the bit. */
function isMultiple(matrix: Float32Array, from: number, scale: number): boolean {
  for (let i = from; i < from + BLOCK; i++) {
    const level = Math.round(matrix[i] / scale);
    // 0 and -0 are the same number.
    if (!(level >= -8 && level <= 7 && level * scale === matrix[i])) return false;
  }
  return true;
}

/** Whether float16 holds a number as it is; checkpoints have scales so. */
const isHalf = (value: number): boolean => float16ToFloat32(float32ToFloat16(Float32Array.of(value)))[0] === value;

/** The scale of the block that begins at a number; undefined where it has none. */
function blockScale(matrix: Float32Array, from: number): number | undefined {
  let largest = 0;
  for (let i = from; i < from + BLOCK; i++) if (Math.abs(matrix[i]) > Math.abs(largest)) largest = matrix[i];
  if (largest === 0) return 1;
  const level = LARGEST_LEVELS.find((each) => isMultiple(matrix, from, largest / each) && isHalf(largest / each));
  return level && largest / level;
}

/** A table in 4 bits: of a block's bytes the low halves are its first 16 columns. Undefined where that would be other numbers. */
function blocksOf({ data, shape: [rows, width] }: Initializer): { bytes: Uint8Array; scales: Uint16Array } | undefined {
  if (width % BLOCK !== 0) return undefined;
  const matrix = data as Float32Array;
  const bytes = new Uint8Array(matrix.length / 2);
  const scales = new Float32Array((rows * width) / BLOCK);
  for (let block = 0; block < scales.length; block++) {
    const from = block * BLOCK;
    const scale = blockScale(matrix, from);
    if (scale === undefined) return undefined;
    scales[block] = scale;
    for (let i = 0; i < BLOCK / 2; i++)
      bytes[from / 2 + i] = (Math.round(matrix[from + i] / scale) + 8) | ((Math.round(matrix[from + BLOCK / 2 + i] / scale) + 8) << 4);
  }
  return { bytes, scales: float32ToFloat16(scales) };
}

/** The nodes that look rows up in a table of 4 bits. */
function lookUp(table: string, rows: string, output: string): GraphNode[] {
  const own = (part: string) => `${output}.${part}`;
  const add = (op: string, inputs: string[], made: string, attributes: GraphNode['attributes'] = {}): GraphNode => ({
    ...{ op, domain: '', inputs, outputs: [made], attributes },
  });
  const toFloat = { to: TYPE_CODE.float32 };
  return [
    add('Gather', [`${table}.int4`, rows], own('bytes'), { axis: 0 }),
    // Halves of bytes by arithmetic of floats, which is exact, and which every device has.
    add('Cast', [own('bytes')], own('floats'), toFloat),
    add('Div', [own('floats'), `${table}.16`], own('sixteenths')),
    add('Floor', [own('sixteenths')], own('high')),
    add('Mul', [own('high'), `${table}.16`], own('high_part')),
    add('Sub', [own('floats'), own('high_part')], own('low')),
    add('Concat', [own('low'), own('high')], own('both'), { axis: -1 }),
    add('Sub', [own('both'), `${table}.8`], own('levels')),
    add('Gather', [`${table}.block_scales`, rows], own('halves'), { axis: 0 }),
    add('Cast', [own('halves')], own('scales'), toFloat),
    add('Mul', [own('levels'), own('scales')], own('blocks')),
    add('Shape', [rows], own('rows')),
    add('Concat', [own('rows'), `${table}.width`], own('shape'), { axis: 0 }),
    add('Reshape', [own('blocks'), own('shape')], output),
  ];
}

/**
 * The graph with those of its embedding tables in 4 bits that are the same numbers then.
 * @param fewest elements of a table that is made so
 */
export function withBlockTables(graph: Graph, fewest = FEWEST_OF_TABLE): Graph {
  const names = tablesOf(graph, fewest);
  const constantsOf = new Map<string, Initializer[]>();
  for (const constant of graph.initializers) {
    const { name, shape } = constant;
    const found = names.has(name) ? blocksOf(constant) : undefined;
    if (!found) continue;
    const [rows, width] = shape;
    const blocks = width / BLOCK;
    constantsOf.set(name, [
      { name: `${name}.int4`, type: 'uint8', shape: [rows, blocks, BLOCK / 2], data: found.bytes },
      { name: `${name}.block_scales`, type: 'float16', shape: [rows, blocks, 1], data: found.scales },
      { name: `${name}.16`, type: 'float32', shape: [], data: Float32Array.of(16) },
      { name: `${name}.8`, type: 'float32', shape: [], data: Float32Array.of(8) },
      { name: `${name}.width`, type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(width)) },
    ]);
  }
  if (constantsOf.size === 0) return graph;
  const nodes = graph.nodes.flatMap((node) => {
    const [table, rows] = node.inputs;
    return node.op === 'Gather' && constantsOf.has(table) ? lookUp(table, rows, node.outputs[0]) : [node];
  });
  return { ...graph, nodes, initializers: graph.initializers.flatMap((constant) => constantsOf.get(constant.name) ?? [constant]) };
}
