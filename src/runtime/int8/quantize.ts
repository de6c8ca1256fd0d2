/**
 * 8-bit quantization of a traced inference graph: Gemms with a constant weight become integer products. Weights are int8 with one
 * scale for each output feature; activations are uint8, quantized while the graph runs, with one scale for each row, so that a text's scores
 * do not depend on its neighbours in a batch. Before that each feature is divided by a constant, which its weights are multiplied by, so
 * that features of different sizes get steps of about the same relative size on both sides (SmoothQuant, Xiao et al. 2023).
 *
 * A few features of a transformer's activations are many times larger than all others, whatever the text: with one scale a row they
 * would leave the others few steps. They are found once, by running the float graph (activation-ranges.ts), and their part of each product
 * stays in float. So do the few products whose 8-bit result moves the logits most (float-products.ts).
 */
import type { Graph, GraphNode, Initializer } from '../../trace/graph.ts';
import { editGraph, type GraphEdit } from './graph-edit.ts';
import {
  type ActivationRange,
  addQuantizationConstants,
  addQuantizedActivation,
  type QuantizationConstants,
  type QuantizedActivation,
} from './quantized-activations.ts';
import { addQuantizedWeight, type QuantizedWeight } from './quantized-weights.ts';

/** Input of a graph with switches: for each product 1 where it is to be the 8-bit one, 0 where it is to be in float; [products]. */
export const SWITCHES = 'quantize.switches';

/** A product that can be quantized: its node and its weight [out, in]. */
interface QuantizableProduct {
  node: GraphNode;
  weight: Initializer;
}

/** The products of a graph that can be quantized, with constant weight and bias, by the name of their output, in the order of the graph. */
export function quantizableProducts(graph: Graph): Map<string, QuantizableProduct> {
  const initializers = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const products = new Map<string, QuantizableProduct>();
  for (const node of graph.nodes) {
    if (node.op !== 'Gemm' || node.attributes.transB !== 1 || node.attributes.transA) continue;
    if (node.inputs[2] && initializers.get(node.inputs[2])?.type !== 'float32') continue;
    const weight = initializers.get(node.inputs[1]);
    if (weight?.type === 'float32') products.set(node.outputs[0], { node, weight });
  }
  return products;
}

/** Adds the integer product of rows and a weight, with what stays in float, as `output`. */
function addProduct(
  { add, keep }: GraphEdit,
  { unit }: QuantizationConstants,
  rows: QuantizedActivation,
  weight: QuantizedWeight,
  output: string,
): void {
  const product = `${output}.product`;
  keep({
    op: 'MatMulIntegerToFloat',
    domain: 'com.microsoft',
    inputs: [rows.bytes, weight.bytes, unit, weight.scales, rows.zeroPoint],
    outputs: [product],
    attributes: {},
  });
  let rest = weight.bias;
  if (rows.large.length) {
    rest = `${output}.large`;
    add('Gemm', weight.bias ? [rows.exact, weight.exact, weight.bias] : [rows.exact, weight.exact], rest, { transB: 1 });
  }
  add('Mul', [product, rows.scales], rest ? `${product}.scaled` : output);
  if (rest) add('Add', [`${product}.scaled`, rest], output);
}

/** Adds the product in float too, and takes it or the one in 8 bits, `integer`, as its switch says. */
function addSwitch({ add, keep, constant }: GraphEdit, node: GraphNode, integer: string, place: number): void {
  const [result] = node.outputs;
  keep({ ...node, outputs: [`${result}.float`] });
  add('Gather', [SWITCHES, constant(`${result}.place`, 'int32', [], Int32Array.of(place))], `${result}.switch`, { axis: 0 });
  add('Sub', [integer, `${result}.float`], `${result}.difference`);
  add('Mul', [`${result}.difference`, `${result}.switch`], `${result}.taken`);
  add('Add', [`${result}.float`, `${result}.taken`], result);
}

/**
 * The graph with 8-bit products; what cannot be quantized stays as it is.
 * @param ranges of every value that enters a product, by its name
 * @param inFloat outputs of the products that stay in float
 * @param switched compute every product both ways and take the one that the input {@link SWITCHES} says, to try out which to keep in float
 */
export function quantizeGraph(
  graph: Graph,
  ranges: ReadonlyMap<string, ActivationRange>,
  { inFloat = new Set<string>(), switched = false }: { inFloat?: ReadonlySet<string>; switched?: boolean } = {},
): Graph {
  const products = quantizableProducts(graph);
  const edit = editGraph(graph);
  const constants = addQuantizationConstants(edit);
  const known = new Map<string, QuantizedActivation>();
  // Queries, keys and values are products of the same rows, each with a change of shape of its own in front: they are quantized once.
  const rowsOf = ({ node, weight }: QuantizableProduct): string => `${weight.shape[1]} ${edit.source(node.inputs[0])}`;
  const quantizedActivation = (product: QuantizableProduct): QuantizedActivation => {
    const key = rowsOf(product);
    const before = known.get(key);
    if (before) return before;
    const weights = [...products.values()].filter((other) => rowsOf(other) === key).map(({ weight }) => weight.data as Float32Array);
    const [name] = product.node.inputs;
    const rows = addQuantizedActivation(edit, constants, name, ranges.get(name)!, weights);
    known.set(key, rows);
    return rows;
  };
  const places = new Map([...products.keys()].map((name, place) => [name, place]));
  for (const node of graph.nodes) {
    const [result] = node.outputs;
    const product = products.get(result);
    if (!product || inFloat.has(result)) {
      edit.keep(node);
      continue;
    }
    const [value, , bias] = node.inputs;
    const output = switched ? `${result}.integer` : result;
    const rows = quantizedActivation(product);
    addProduct(edit, constants, rows, addQuantizedWeight(edit, product.weight, value, rows, bias), output);
    if (switched) addSwitch(edit, node, output, places.get(result)!);
  }
  const inputs = switched ? [...graph.inputs, { name: SWITCHES, type: 'float32' as const, shape: [products.size] }] : graph.inputs;
  return { ...edit.finish(), inputs };
}
