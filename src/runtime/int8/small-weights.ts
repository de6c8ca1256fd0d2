/**
 * Weights of an 8-bit graph that enter no integer product, in less space: embedding tables as int8 with one scale for each row, of which only
 * the rows that are looked up are made floats again; all other matrices as float16, which ONNX Runtime makes floats once, when it loads the graph.
 */
import { float32ToFloat16 } from '../../base/half-precision.ts';
import type { Graph, GraphNode, Initializer } from '../../trace/graph.ts';
import { TYPE_CODE } from '../../trace/onnx-proto.ts';

/** Weights of fewer elements stay as they are. */
const FEWEST = 1024;
/** Tables of fewer elements are no int8: positions are in every token, weigh little, and in 8 bits moved logits more than all words did. */
export const FEWEST_OF_TABLE = 1 << 20;
/** What float16 can hold. */
const LARGEST_HALF = 65504;

const isMatrix = ({ type, shape, data }: Initializer): boolean => type === 'float32' && shape.length === 2 && data.length >= FEWEST;

/** The embedding tables of a graph: matrices [rows, width] of which nodes look rows up, and nothing else. */
export function tablesOf({ nodes, initializers }: Graph, fewest: number): Set<string> {
  const looksUp = (node: GraphNode, name: string) => node.op === 'Gather' && node.inputs[0] === name && (node.attributes.axis ?? 0) === 0;
  return new Set(
    initializers
      .filter((constant) => isMatrix(constant) && constant.data.length >= fewest)
      .map(({ name }) => name)
      .filter((name) => nodes.every((node) => !node.inputs.includes(name) || looksUp(node, name))),
  );
}

/** A matrix in int8, and a scale for each row [rows, 1]. */
function bytesOfRows({ data, shape: [rows, width] }: Initializer): { bytes: Int8Array; scales: Float32Array } {
  const bytes = new Int8Array(rows * width);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const values = (data as Float32Array).subarray(row * width, (row + 1) * width);
    let largest = 0;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
    scales[row] = largest / 127 || 1;
    for (let i = 0; i < width; i++) bytes[row * width + i] = Math.round(values[i] / scales[row]);
  }
  return { bytes, scales };
}

/**
 * The graph with its embedding tables in 8 bits.
 * @param fewest elements of a table that is made so
 */
export function withSmallTables(graph: Graph, fewest = FEWEST_OF_TABLE): Graph {
  const tables = tablesOf(graph, fewest);
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    const [table, rows] = node.inputs;
    if (node.op !== 'Gather' || !tables.has(table)) return [node];
    const [output] = node.outputs;
    const names = { bytes: `${output}.bytes`, floats: `${output}.steps`, scales: `${output}.scales` };
    const add = (op: string, inputs: string[], made: string, attributes: GraphNode['attributes'] = {}): GraphNode => ({
      ...{ op, domain: '', inputs, outputs: [made], attributes },
    });
    return [
      add('Gather', [`${table}.int8`, rows], names.bytes, { axis: 0 }),
      add('Cast', [names.bytes], names.floats, { to: TYPE_CODE.float32 }),
      add('Gather', [`${table}.scales`, rows], names.scales, { axis: 0 }),
      add('Mul', [names.floats, names.scales], output),
    ];
  });
  const initializers = graph.initializers.flatMap((constant): Initializer[] => {
    if (!tables.has(constant.name)) return [constant];
    const { bytes, scales } = bytesOfRows(constant);
    return [
      { name: `${constant.name}.int8`, type: 'int8', shape: constant.shape, data: bytes },
      { name: `${constant.name}.scales`, type: 'float32', shape: [scales.length, 1], data: scales },
    ];
  });
  return { ...graph, nodes, initializers };
}

/** The graph with its float matrices stored as float16. */
export function withHalfWeights(graph: Graph): Graph {
  const casts: GraphNode[] = [];
  const initializers = graph.initializers.map((constant): Initializer => {
    const floats = constant.data as Float32Array;
    if (!isMatrix(constant) || floats.some((value) => Math.abs(value) > LARGEST_HALF)) return constant;
    const name = `${constant.name}.float16`;
    casts.push({ op: 'Cast', domain: '', inputs: [name], outputs: [constant.name], attributes: { to: TYPE_CODE.float32 } });
    return { name, type: 'float16', shape: constant.shape, data: float32ToFloat16(floats) };
  });
  return { ...graph, nodes: [...casts, ...graph.nodes], initializers };
}
