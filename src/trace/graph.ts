/**
 * The graph that tracing fills: nodes, constants, inputs and outputs, in ONNX's terms but as plain objects.
 * Knows nothing of tfjs or of ONNX Runtime. Serialised by onnx-proto.ts, rewritten by src/runtime/int8/quantize.ts.
 */

/** Element types of a graph's values, by their tfjs or ONNX names. */
export type GraphType = 'float32' | 'float16' | 'int32' | 'int64' | 'bool' | 'uint8' | 'int8';

/** A node's attribute: integers, integer lists, floats (wrapped, because 1 and 1.0 differ in ONNX) and strings. */
export type GraphAttribute = number | number[] | string | { float: number };

/** One operation. */
export interface GraphNode {
  op: string;
  /** Operator set; '' is ONNX itself. */
  domain: '' | 'com.microsoft';
  inputs: string[];
  outputs: string[];
  attributes: Record<string, GraphAttribute>;
}

/** Typed arrays that hold constants; of float16 the bits. */
export type GraphData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** A constant of the graph. */
export interface Initializer {
  name: string;
  type: GraphType;
  shape: number[];
  data: GraphData;
}

/** An input or output; a string in `shape` names a dynamic axis. */
export interface GraphValue {
  name: string;
  type: GraphType;
  shape: (number | string)[];
}

/** A whole graph. */
export interface Graph {
  nodes: GraphNode[];
  initializers: Initializer[];
  inputs: GraphValue[];
  outputs: GraphValue[];
}

/** The graph without the nodes and constants that no output depends on. */
export function pruneGraph(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((output) => output.name));
  const nodes: GraphNode[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    nodes.push(node);
  }
  nodes.reverse();
  return { ...graph, nodes, initializers: graph.initializers.filter((constant) => needed.has(constant.name)) };
}
