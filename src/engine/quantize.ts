/**
 * Dynamic int8 quantization of a traced inference graph: every Gemm with a constant weight becomes a DynamicQuantizeMatMul,
 * weights as int8 with one scale an output feature, activations quantized by ONNX Runtime while it runs.
 */
import type { Graph, GraphNode, Initializer } from '../trace/graph.ts';

const UNIT = 'quantize.unit';
const ZERO_POINT = 'quantize.zero_point';
const STEPS = 'quantize.steps';
const TINY = 'quantize.tiny';
const LAST = 'quantize.last';

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

/** The graph with 8-bit weights; what is no Gemm with a constant weight stays as it is. */
export function quantizeGraph(graph: Graph): Graph {
  const constants = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const initializers = new Map(constants);
  const nodes: GraphNode[] = [];
  initializers.set(UNIT, { name: UNIT, type: 'float32', shape: [], data: Float32Array.of(1) });
  initializers.set(ZERO_POINT, { name: ZERO_POINT, type: 'uint8', shape: [], data: Uint8Array.of(128) });
  initializers.set(STEPS, { name: STEPS, type: 'float32', shape: [], data: Float32Array.of(1 / 127) });
  initializers.set(TINY, { name: TINY, type: 'float32', shape: [], data: Float32Array.of(1e-20) });
  initializers.set(LAST, { name: LAST, type: 'int64', shape: [1], data: BigInt64Array.of(-1n) });
  const rows = new Map<string, { bytes: string; scales: string }>();
  const quantizeRows = (name: string) => {
    let result = rows.get(name);
    if (!result) {
      result = { bytes: `${name}.bytes`, scales: `${name}.rowscales` };
      const n = (op: string, inputs: string[], output: string, attributes: GraphNode['attributes'] = {}) =>
        nodes.push({ op, domain: '', inputs, outputs: [output], attributes });
      n('ReduceMax', [name, LAST], `${name}.max`, { keepdims: 1 });
      n('ReduceMin', [name, LAST], `${name}.min`, { keepdims: 1 });
      n('Neg', [`${name}.min`], `${name}.negmin`);
      n('Max', [`${name}.max`, `${name}.negmin`, TINY], `${name}.absmax`);
      n('Mul', [`${name}.absmax`, STEPS], result.scales);
      n('Div', [name, result.scales], `${name}.steps`);
      n('QuantizeLinear', [`${name}.steps`, UNIT, ZERO_POINT], result.bytes);
      rows.set(name, result);
    }
    return result;
  };
  for (const node of graph.nodes) {
    const weight =
      node.op === 'Gemm' && node.attributes.transB === 1 && !node.attributes.transA ? constants.get(node.inputs[1]) : undefined;
    if (!weight || weight.type !== 'float32') {
      nodes.push(node);
      continue;
    }
    const [outSize, inSize] = weight.shape;
    const names = { bytes: `${weight.name}.int8`, scales: `${weight.name}.scales` };
    if (!initializers.has(names.bytes)) {
      const { bytes, scales } = quantizeColumns(weight.data as Float32Array, outSize, inSize);
      const add = (constant: Initializer) => initializers.set(constant.name, constant);
      add({ name: names.bytes, type: 'int8', shape: [inSize, outSize], data: bytes });
      add({ name: names.scales, type: 'float32', shape: [outSize], data: scales });
    }
    const input = quantizeRows(node.inputs[0]);
    const product = `${node.outputs[0]}.product`;
    nodes.push({
      op: 'MatMulIntegerToFloat',
      domain: 'com.microsoft',
      inputs: [input.bytes, names.bytes, UNIT, names.scales, ZERO_POINT],
      outputs: [product],
      attributes: {},
    });
    if (!node.inputs[2]) nodes.push({ op: 'Mul', domain: '', inputs: [product, input.scales], outputs: node.outputs, attributes: {} });
    else {
      nodes.push({ op: 'Mul', domain: '', inputs: [product, input.scales], outputs: [`${product}.scaled`], attributes: {} });
      nodes.push({ op: 'Add', domain: '', inputs: [`${product}.scaled`, node.inputs[2]], outputs: node.outputs, attributes: {} });
    }
  }
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return { ...graph, nodes, initializers: [...initializers.values()].filter(({ name }) => used.has(name)) };
}
