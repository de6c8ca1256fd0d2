/**
 * 8-bit quantization of a traced inference graph: Gemms with a constant weight become integer products. Weights are uint8 around 128 with one
 * scale for each output feature; activations are quantized while the graph runs, with one scale for each row, so that a text's scores
 * do not depend on its neighbours in a batch. Before that each feature is divided by a constant, which its weights are multiplied by, so
 * that features of different sizes get steps of about the same relative size on both sides (SmoothQuant, Xiao et al. 2023).
 *
 * A few features of a transformer's activations are many times larger than all others, whatever the text: with one scale a row they
 * would leave the others few steps. They are found once, by running the float graph (activation-ranges.ts), and their part of each product
 * stays in float. So do the few products whose 8-bit result moves the logits most (float-products.ts).
 */
import type { Graph, GraphNode, Initializer } from '../../trace/graph.ts';

/**
 * Zero point of weights and of symmetric activations. Signed weights would do without one, but processors without 8-bit dot products (x86
 * without VNNI) add up unsigned by signed ones in pairs of 16 bits, which cuts off sums that do not fit; unsigned by unsigned they do not.
 */
const MIDDLE = 128;
/** GELU is never below -0.17: with this added nothing is negative, and all 256 steps can be used. What it adds to a product is constant. */
const GELU_LOWEST = 0.17;
/** Features and weights below this are taken as this large: nothing is divided by 0. */
const SMALLEST = 1e-4;

/** Input of a graph with switches: for each product 1 where it is to be the 8-bit one, 0 where it is to be in float; [products]. */
export const SWITCHES = 'quantize.switches';

/** What an activation [.., features] that enters products was seen to hold. */
export interface ActivationRange {
  /** Features that are far larger than the others and stay in float, ascending. */
  large: Int32Array;
  /** Largest absolute value of each feature. */
  largest: Float32Array;
}

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

/**
 * A matrix [out, in] in parts: uint8 [in, out] of the weights times `divisors`, with one scale for each output feature, and float
 * [out, large] of the large features; and what the 8-bit part makes of a row that is `offset` everywhere [out].
 */
function splitWeight({ data, shape: [outSize, inSize] }: Initializer, { large, divisors, offset }: QuantizedRows) {
  const weight = data as Float32Array;
  const factors = divisors.slice();
  for (const feature of large) factors[feature] = 0;
  const bytes = new Uint8Array(outSize * inSize);
  const scales = new Float32Array(outSize);
  const exact = new Float32Array(outSize * large.length);
  const ofOffset = new Float32Array(outSize);
  for (let row = 0; row < outSize; row++) {
    const start = row * inSize;
    let largest = 0;
    for (let i = 0; i < inSize; i++) largest = Math.max(largest, Math.abs(weight[start + i] * factors[i]));
    const scale = largest / 127 || 1;
    scales[row] = scale;
    let sum = 0;
    for (let i = 0; i < inSize; i++) {
      const steps = Math.round((weight[start + i] * factors[i]) / scale);
      bytes[i * outSize + row] = steps + MIDDLE;
      if (factors[i]) sum += steps / factors[i];
    }
    ofOffset[row] = offset * scale * sum;
    for (const [at, feature] of large.entries()) exact[row * large.length + at] = weight[start + feature];
  }
  return { bytes, scales, exact, ofOffset };
}

/** An activation in 8 bits: names of its values in the graph, and how it was made. */
interface QuantizedRows {
  bytes: string;
  /** One scale for each row. */
  scales: string;
  zeroPoint: string;
  /** Its large features in float. */
  exact: string;
  large: Int32Array;
  /** What each feature was divided by. */
  divisors: Float32Array;
  /** What was added to each feature before it was divided. */
  offset: number;
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
  const initializers = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const products = quantizableProducts(graph);
  const nodes: GraphNode[] = [];
  const constant = (name: string, type: Initializer['type'], shape: number[], data: Initializer['data']): string => {
    initializers.set(name, { name, type, shape, data });
    return name;
  };
  const unit = constant('quantize.unit', 'float32', [], Float32Array.of(1));
  const lastAxis = constant('quantize.last_axis', 'int64', [1], BigInt64Array.of(-1n));
  const tiny = constant('quantize.tiny', 'float32', [], Float32Array.of(1e-20));
  const symmetric = {
    zeroPoint: constant('quantize.middle', 'uint8', [], Uint8Array.of(MIDDLE)),
    step: constant('quantize.step', 'float32', [], Float32Array.of(1 / 127)),
  };
  const positive = {
    zeroPoint: constant('quantize.zero', 'uint8', [], Uint8Array.of(0)),
    step: constant('quantize.positive_step', 'float32', [], Float32Array.of(1 / 255)),
  };
  const add = (op: string, inputs: string[], output: string, attributes: GraphNode['attributes'] = {}): void => {
    nodes.push({ op, domain: '', inputs, outputs: [output], attributes });
  };

  /** The node that computes a value, seen through changes of shape. */
  const origin = (name: string): GraphNode | undefined => {
    let node = producers.get(name);
    while (node && (node.op === 'Reshape' || node.op === 'Identity')) node = producers.get(node.inputs[0]);
    return node;
  };

  /** What a value's features are divided by: the root of the largest value over the largest weight shares the unevenness between both. */
  const divisorsOf = (name: string, { largest }: ActivationRange): Float32Array => {
    const heaviest = new Float32Array(largest.length);
    for (const { node, weight } of products.values())
      if (node.inputs[0] === name)
        for (const [i, value] of (weight.data as Float32Array).entries())
          heaviest[i % heaviest.length] = Math.max(heaviest[i % heaviest.length], Math.abs(value));
    return largest.map((value, i) => Math.sqrt(Math.max(value, SMALLEST) / Math.max(heaviest[i], SMALLEST)));
  };

  const known = new Map<string, QuantizedRows>();
  const quantizeRows = (name: string): QuantizedRows => {
    const before = known.get(name);
    if (before) return before;
    const range = ranges.get(name)!;
    const { large } = range;
    const isGelu = origin(name)?.op === 'Gelu';
    const { zeroPoint, step } = isGelu ? positive : symmetric;
    const result: QuantizedRows = {
      ...{ bytes: `${name}.bytes`, scales: `${name}.row_scales`, zeroPoint, exact: `${name}.large` },
      ...{ large, divisors: divisorsOf(name, range), offset: isGelu ? GELU_LOWEST : 0 },
    };
    const shape = [result.divisors.length];
    const factors = result.divisors.map((divisor) => 1 / divisor);
    for (const feature of large) factors[feature] = 0;
    add('Mul', [name, constant(`${name}.factors`, 'float32', shape, factors)], `${name}.even`);
    if (large.length) add('Gather', [name, constant(`${name}.large_features`, 'int32', [large.length], large)], result.exact, { axis: -1 });
    let rows = `${name}.even`;
    if (isGelu) {
      rows = `${name}.positive`;
      const offsets = factors.map((factor) => factor * GELU_LOWEST);
      add('Add', [`${name}.even`, constant(`${name}.offset`, 'float32', shape, offsets)], rows);
      add('ReduceMax', [rows, lastAxis], `${name}.range`, { keepdims: 1 });
    } else {
      add('ReduceMax', [rows, lastAxis], `${name}.max`, { keepdims: 1 });
      add('ReduceMin', [rows, lastAxis], `${name}.min`, { keepdims: 1 });
      add('Neg', [`${name}.min`], `${name}.negative_min`);
      add('Max', [`${name}.max`, `${name}.negative_min`, tiny], `${name}.range`);
    }
    add('Mul', [`${name}.range`, step], result.scales);
    add('Div', [rows, result.scales], `${name}.steps`);
    add('QuantizeLinear', [`${name}.steps`, unit, zeroPoint], result.bytes);
    known.set(name, result);
    return result;
  };

  const places = new Map([...products.keys()].map((name, place) => [name, place]));
  for (const node of graph.nodes) {
    const weight = products.get(node.outputs[0])?.weight;
    if (!weight || inFloat.has(node.outputs[0])) {
      nodes.push(node);
      continue;
    }
    const [outSize, inSize] = weight.shape;
    const [value, , bias] = node.inputs;
    const output = switched ? `${node.outputs[0]}.integer` : node.outputs[0];
    const input = quantizeRows(value);
    // The same weight behind other values (ALBERT's shared layers) is split anew.
    const own = `${weight.name}.${value}`;
    const names = { bytes: `${own}.uint8`, scales: `${own}.scales`, exact: `${own}.large`, bias: `${own}.bias` };
    if (!initializers.has(names.bytes)) {
      const { bytes, scales, exact, ofOffset } = splitWeight(weight, input);
      constant(names.bytes, 'uint8', [inSize, outSize], bytes);
      constant(names.scales, 'float32', [outSize], scales);
      if (exact.length) constant(names.exact, 'float32', [outSize, input.large.length], exact);
      if (input.offset) {
        const without = bias ? (initializers.get(bias)!.data as Float32Array) : undefined;
        const shifted = ofOffset.map((value, i) => (without?.[i] ?? 0) - value);
        constant(names.bias, 'float32', [outSize], shifted);
      }
    }
    const shift = input.offset ? names.bias : bias;
    const product = `${output}.product`;
    nodes.push({
      op: 'MatMulIntegerToFloat',
      domain: 'com.microsoft',
      inputs: [input.bytes, names.bytes, unit, names.scales, input.zeroPoint, symmetric.zeroPoint],
      outputs: [product],
      attributes: {},
    });
    let rest = shift;
    if (input.large.length) {
      rest = `${output}.large`;
      add('Gemm', shift ? [input.exact, names.exact, shift] : [input.exact, names.exact], rest, { transB: 1 });
    }
    add('Mul', [product, input.scales], rest ? `${product}.scaled` : output);
    if (rest) add('Add', [`${product}.scaled`, rest], output);
    if (switched) {
      const [result] = node.outputs;
      nodes.push({ ...node, outputs: [`${result}.float`] });
      add('Gather', [SWITCHES, constant(`${result}.place`, 'int32', [], Int32Array.of(places.get(result)!))], `${result}.switch`, {
        axis: 0,
      });
      add('Sub', [output, `${result}.float`], `${result}.difference`);
      add('Mul', [`${result}.difference`, `${result}.switch`], `${result}.taken`);
      add('Add', [`${result}.float`, `${result}.taken`], result);
    }
  }
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return {
    ...graph,
    inputs: switched ? [...graph.inputs, { name: SWITCHES, type: 'float32', shape: [products.size] }] : graph.inputs,
    nodes,
    initializers: [...initializers.values()].filter(({ name }) => used.has(name)),
  };
}
