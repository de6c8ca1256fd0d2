/**
 * 8-bit quantization of a traced inference graph: Gemms with a constant weight become integer products. Weights are int8 with one
 * scale for each output feature; activations are quantized while the graph runs, with one scale for each row, so that a text's scores
 * do not depend on its neighbours in a batch.
 *
 * What stays in float: the projections to queries, keys and values, because the softmax behind them amplifies the error (measured:
 * they alone cost as much agreement as all other layers together), and everything that is no Gemm.
 */
import type { Graph, GraphNode, Initializer } from '../trace/graph.ts';

/** Weights of the projections to queries, keys and values, in the names of all encoder families. */
const ATTENTION_INPUT = /\b(query|key|value|query_proj|key_proj|value_proj|q_lin|k_lin|v_lin|q|k|v|Wqkv|[qkv]_proj)\.weight$/;

/** Zero point of symmetric activations. */
const MIDDLE = 128;
/** GELU is never below -0.17: with this zero point, 15/16 of the range are for what is above 0. */
const GELU_ZERO = 16;
const GELU_LOWEST = 0.17;

/** A matrix [out, in] as int8 [in, out] with one scale for each output feature. */
function quantizeColumns(weight: Float32Array, outSize: number, inSize: number): { bytes: Int8Array; scales: Float32Array } {
  const bytes = new Int8Array(outSize * inSize);
  const scales = new Float32Array(outSize);
  for (let row = 0; row < outSize; row++) {
    let largest = 0;
    for (let i = row * inSize; i < (row + 1) * inSize; i++) largest = Math.max(largest, Math.abs(weight[i]));
    const scale = largest / 127 || 1;
    scales[row] = scale;
    for (let i = 0; i < inSize; i++) bytes[i * outSize + row] = Math.round(weight[row * inSize + i] / scale);
  }
  return { bytes, scales };
}

/** The graph with 8-bit products; what cannot be quantized stays as it is. */
export function quantizeGraph(graph: Graph): Graph {
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

  const rows = new Map<string, { bytes: string; scales: string; zeroPoint: string }>();
  const quantizeRows = (name: string) => {
    const known = rows.get(name);
    if (known) return known;
    const isGelu = origin(name)?.op === 'Gelu';
    const { zeroPoint, step } = isGelu ? gelu : symmetric;
    const result = { bytes: `${name}.bytes`, scales: `${name}.row_scales`, zeroPoint };
    add('ReduceMax', [name, lastAxis], `${name}.max`, { keepdims: 1 });
    if (isGelu) add('Max', [`${name}.max`, gelu.range], `${name}.range`);
    else {
      add('ReduceMin', [name, lastAxis], `${name}.min`, { keepdims: 1 });
      add('Neg', [`${name}.min`], `${name}.negative_min`);
      add('Max', [`${name}.max`, `${name}.negative_min`, tiny], `${name}.range`);
    }
    add('Mul', [`${name}.range`, step], result.scales);
    add('Div', [name, result.scales], `${name}.steps`);
    add('QuantizeLinear', [`${name}.steps`, unit, zeroPoint], result.bytes);
    rows.set(name, result);
    return result;
  };

  for (const node of graph.nodes) {
    const weight =
      node.op === 'Gemm' && node.attributes.transB === 1 && !node.attributes.transA ? initializers.get(node.inputs[1]) : undefined;
    if (weight?.type !== 'float32' || ATTENTION_INPUT.test(weight.name)) {
      nodes.push(node);
      continue;
    }
    const [outSize, inSize] = weight.shape;
    const names = { bytes: `${weight.name}.int8`, scales: `${weight.name}.scales` };
    if (!initializers.has(names.bytes)) {
      const { bytes, scales } = quantizeColumns(weight.data as Float32Array, outSize, inSize);
      constant(names.bytes, 'int8', [inSize, outSize], bytes);
      constant(names.scales, 'float32', [outSize], scales);
    }
    const input = quantizeRows(node.inputs[0]);
    const [output] = node.outputs;
    const product = `${output}.product`;
    nodes.push({
      op: 'MatMulIntegerToFloat',
      domain: 'com.microsoft',
      inputs: [input.bytes, names.bytes, unit, names.scales, input.zeroPoint],
      outputs: [product],
      attributes: {},
    });
    const bias = node.inputs[2];
    add('Mul', [product, input.scales], bias ? `${product}.scaled` : output);
    if (bias) add('Add', [`${product}.scaled`, bias], output);
  }
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return { ...graph, nodes, initializers: [...initializers.values()].filter(({ name }) => used.has(name)) };
}
