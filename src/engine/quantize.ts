/**
 * 8-bit quantization of a traced inference graph: Gemms with a constant weight become integer products. Weights are int8 with one
 * scale for each output feature; activations are quantized while the graph runs, with one scale for each row, so that a text's scores
 * do not depend on its neighbours in a batch.
 *
 * A few features of a transformer's activations are many times larger than all others, whatever the text: with one scale a row they
 * would leave the others few steps. They are found once, by running the float graph (large-features.ts), and their part of each product
 * stays in float.
 */
import type { Graph, GraphNode, Initializer } from '../trace/graph.ts';

/** Zero point of symmetric activations. */
const MIDDLE = 128;
/** GELU is never below -0.17: with this zero point, 15/16 of the range are for what is above 0. */
const GELU_ZERO = 16;
const GELU_LOWEST = 0.17;

/** A product that can be quantized: its weight [out, in]. */
export function quantizableWeight(node: GraphNode, initializers: ReadonlyMap<string, Initializer>): Initializer | undefined {
  if (node.op !== 'Gemm' || node.attributes.transB !== 1 || node.attributes.transA) return undefined;
  const weight = initializers.get(node.inputs[1]);
  return weight?.type === 'float32' ? weight : undefined;
}

/** A matrix [out, in] in parts: int8 [in, out] with one scale for each output feature, and float [out, large] of the large features. */
function splitWeight({ data, shape: [outSize, inSize] }: Initializer, large: Int32Array) {
  const weight = data as Float32Array;
  const isLarge = new Uint8Array(inSize);
  for (const feature of large) isLarge[feature] = 1;
  const bytes = new Int8Array(outSize * inSize);
  const scales = new Float32Array(outSize);
  const exact = new Float32Array(outSize * large.length);
  for (let row = 0; row < outSize; row++) {
    const start = row * inSize;
    let largest = 0;
    for (let i = 0; i < inSize; i++) if (!isLarge[i]) largest = Math.max(largest, Math.abs(weight[start + i]));
    const scale = largest / 127 || 1;
    scales[row] = scale;
    for (let i = 0; i < inSize; i++) if (!isLarge[i]) bytes[i * outSize + row] = Math.round(weight[start + i] / scale);
    for (const [at, feature] of large.entries()) exact[row * large.length + at] = weight[start + feature];
  }
  return { bytes, scales, exact };
}

/**
 * The graph with 8-bit products; what cannot be quantized stays as it is.
 * @param largeFeatures features that stay in float, ascending, by the name of the value [.., features] that holds them
 */
export function quantizeGraph(graph: Graph, largeFeatures: ReadonlyMap<string, Int32Array>): Graph {
  const initializers = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
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
  const positiveSteps = 255 - GELU_ZERO;
  const gelu = {
    zeroPoint: constant('quantize.gelu_zero', 'uint8', [], Uint8Array.of(GELU_ZERO)),
    step: constant('quantize.gelu_step', 'float32', [], Float32Array.of(1 / positiveSteps)),
    // The smallest range of which the part below 0 holds GELU's lowest value.
    range: constant('quantize.gelu_range', 'float32', [], Float32Array.of((GELU_LOWEST / GELU_ZERO) * positiveSteps)),
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

  const known = new Map<string, { bytes: string; scales: string; zeroPoint: string; large: Int32Array; exact: string }>();
  const quantizeRows = (name: string, features: number) => {
    const before = known.get(name);
    if (before) return before;
    const isGelu = origin(name)?.op === 'Gelu';
    const { zeroPoint, step } = isGelu ? gelu : symmetric;
    const large = largeFeatures.get(name) ?? new Int32Array();
    const result = { bytes: `${name}.bytes`, scales: `${name}.row_scales`, zeroPoint, large, exact: `${name}.large` };
    let rest = name;
    if (large.length) {
      const mask = new Float32Array(features).fill(1);
      for (const feature of large) mask[feature] = 0;
      constant(`${name}.mask`, 'float32', [features], mask);
      constant(`${name}.large_features`, 'int32', [large.length], large);
      add('Gather', [name, `${name}.large_features`], result.exact, { axis: -1 });
      rest = `${name}.rest`;
      add('Mul', [name, `${name}.mask`], rest);
    }
    add('ReduceMax', [rest, lastAxis], `${name}.max`, { keepdims: 1 });
    if (isGelu) add('Max', [`${name}.max`, gelu.range], `${name}.range`);
    else {
      add('ReduceMin', [rest, lastAxis], `${name}.min`, { keepdims: 1 });
      add('Neg', [`${name}.min`], `${name}.negative_min`);
      add('Max', [`${name}.max`, `${name}.negative_min`, tiny], `${name}.range`);
    }
    add('Mul', [`${name}.range`, step], result.scales);
    add('Div', [rest, result.scales], `${name}.steps`);
    add('QuantizeLinear', [`${name}.steps`, unit, zeroPoint], result.bytes);
    known.set(name, result);
    return result;
  };

  for (const node of graph.nodes) {
    const weight = quantizableWeight(node, initializers);
    if (!weight) {
      nodes.push(node);
      continue;
    }
    const [outSize, inSize] = weight.shape;
    const [value, , bias] = node.inputs;
    const [output] = node.outputs;
    const input = quantizeRows(value, inSize);
    // The same weight behind values with other large features (ALBERT's shared layers) is split anew.
    const names = {
      bytes: `${weight.name}.${value}.int8`,
      scales: `${weight.name}.${value}.scales`,
      exact: `${weight.name}.${value}.large`,
    };
    if (!initializers.has(names.bytes)) {
      const { bytes, scales, exact } = splitWeight(weight, input.large);
      constant(names.bytes, 'int8', [inSize, outSize], bytes);
      constant(names.scales, 'float32', [outSize], scales);
      if (exact.length) constant(names.exact, 'float32', [outSize, input.large.length], exact);
    }
    const product = `${output}.product`;
    nodes.push({
      op: 'MatMulIntegerToFloat',
      domain: 'com.microsoft',
      inputs: [input.bytes, names.bytes, unit, names.scales, input.zeroPoint],
      outputs: [product],
      attributes: {},
    });
    let offset = bias;
    if (input.large.length) {
      offset = `${output}.large`;
      add('Gemm', bias ? [input.exact, names.exact, bias] : [input.exact, names.exact], offset, { transB: 1 });
    }
    add('Mul', [product, input.scales], offset ? `${product}.scaled` : output);
    if (offset) add('Add', [`${product}.scaled`, offset], output);
  }
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return { ...graph, nodes, initializers: [...initializers.values()].filter(({ name }) => used.has(name)) };
}
