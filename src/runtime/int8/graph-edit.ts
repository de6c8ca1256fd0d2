/** A graph that is rewritten node by node, with constants of its own and new ones. */
import type { Graph, GraphNode, Initializer } from '../../trace/graph.ts';

/** A graph under way. */
export interface GraphEdit {
  /** All constants by name. */
  readonly constants: ReadonlyMap<string, Initializer>;
  /** Adds a constant. -> its name */
  constant(name: string, type: Initializer['type'], shape: number[], data: Initializer['data']): string;
  /** Adds a node as it is. */
  keep(node: GraphNode): void;
  /** Adds a node of ONNX's own with one output. */
  add(op: string, inputs: string[], output: string, attributes?: GraphNode['attributes']): void;
  /** The value of the original graph that a value is, but for changes of shape. */
  source(name: string): string;
  /** The node of the original graph that computes a value, seen through changes of shape. */
  origin(name: string): GraphNode | undefined;
  /** The graph of the nodes that were added, without constants that none of them reads. */
  finish(): Graph;
}

/** Begins to rewrite a graph, with none of its nodes yet. */
export function editGraph(graph: Graph): GraphEdit {
  const constants = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const nodes: GraphNode[] = [];
  const source = (name: string): string => {
    const node = producers.get(name);
    return node && (node.op === 'Reshape' || node.op === 'Identity') ? source(node.inputs[0]) : name;
  };
  return {
    constants,
    constant(name, type, shape, data) {
      constants.set(name, { name, type, shape, data });
      return name;
    },
    keep: (node) => void nodes.push(node),
    add: (op, inputs, output, attributes = {}) => void nodes.push({ op, domain: '', inputs, outputs: [output], attributes }),
    source,
    origin: (name) => producers.get(source(name)),
    finish() {
      const used = new Set(nodes.flatMap((node) => node.inputs));
      return { ...graph, nodes, initializers: [...constants.values()].filter(({ name }) => used.has(name)) };
    },
  };
}
