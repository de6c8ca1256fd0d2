/**
 * Runs a function of tfjs tensors once under the recording backend and returns the graph: the only entry of src/trace.
 * Knows nothing of encoders, losses or sessions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type DynamicAxis, TRACE_BACKEND, TraceBackend, type TracedType } from './backend.ts';
import { useGradients } from './gradients.ts';
import { type Graph, type GraphData, type GraphValue, pruneGraph } from './graph.ts';
import { useKernels } from './kernels.ts';

/** An input of the traced function; a string in `shape` is the name of a dynamic axis. */
export interface TraceInput {
  name: string;
  shape: (number | string)[];
  type: TracedType;
}

/** A constant of the traced function (a weight of an inference graph); its memory is not copied. */
export interface TraceConstant {
  name: string;
  shape: number[];
  data: Float32Array | Int32Array;
}

/** What is to be traced. */
export interface TraceRequest {
  inputs: TraceInput[];
  constants?: TraceConstant[];
  /** Whether fused kernels without gradients may be used. */
  inference: boolean;
  /** Whether matrix products are ONNX's MatMul only, for providers without ONNX Runtime's FusedMatMul (WebGPU). */
  onnxProducts?: boolean;
  /** The function: tensors by name in, tensors by name out. */
  run(tensors: Record<string, tf.Tensor>): Record<string, tf.Tensor>;
}

// Two sets: sizes baked in under one set differ under the other, which is how chance is told from error.
const MARKERS = [
  [53, 59, 67, 71, 157, 181],
  [73, 79, 83, 89, 163, 191],
  [97, 101, 103, 107, 167, 193],
  [109, 113, 127, 131, 173, 197],
  [137, 139, 149, 151, 179, 199],
];

/** Marker sets that divide none of the fixed sizes. */
function usableMarkers(request: TraceRequest): number[][] {
  const sizes = [...request.inputs, ...(request.constants ?? [])].flatMap(
    ({ shape }) => shape.filter((size) => typeof size === 'number' && size > 1) as number[],
  );
  const usable = MARKERS.filter((set) => set.every((marker) => sizes.every((size: number) => size % marker !== 0)));
  if (!usable.length) throw new Error('no set of marker sizes fits this model');
  return usable;
}

function traceWith(markers: number[], request: TraceRequest): { graph: Graph; suspects: number[] } {
  const backend = tf.backend() as TraceBackend;
  const axes: Record<string, DynamicAxis> = {};
  for (const input of request.inputs)
    input.shape.forEach((size, axis) => {
      if (typeof size === 'string' && !axes[size]) axes[size] = { marker: markers[Object.keys(axes).length], input: input.name, axis };
    });
  if (Object.keys(axes).length > markers.length) throw new Error('more dynamic axes than markers');
  backend.reset(axes, request.onnxProducts);
  const outputs: GraphValue[] = [];
  tf.tidy(() => {
    const tensors: Record<string, tf.Tensor> = {};
    for (const { name, shape, type } of request.inputs)
      tensors[name] = backend.input(
        name,
        shape.map((size) => (typeof size === 'string' ? axes[size].marker : size)),
        type,
      );
    for (const { name, shape, data } of request.constants ?? [])
      tensors[name] = backend.constant(name, shape, data as GraphData, data instanceof Int32Array ? 'int32' : 'float32');
    const nodes = backend.recorded().nodes;
    for (const [name, tensor] of Object.entries(request.run(tensors))) {
      nodes.push({ op: 'Identity', domain: '', inputs: [backend.nameOf(tensor)], outputs: [name], attributes: {} });
      const axisOf = (size: number) => Object.keys(axes).find((key) => axes[key].marker === size);
      outputs.push({
        name,
        type: tensor.dtype as TracedType,
        shape: tensor.shape.map((size) => axisOf(size) ?? (backend.isDynamic(size) ? `${name}_size` : size)),
      });
    }
  });
  const inputs = request.inputs.map(({ name, shape, type }): GraphValue => ({ name, shape, type }));
  const graph = pruneGraph({ ...backend.recorded(), inputs, outputs });
  return { graph, suspects: backend.suspects };
}

/** The graph's structure and small constants as text, to compare two traces of one function. */
function signature(graph: Graph): string {
  const constants = graph.initializers.filter(({ data }) => data.length <= 64).map(({ name, data }) => [name, Array.from(data, String)]);
  return JSON.stringify([graph.nodes, constants]);
}

/**
 * Traces a function to a graph that serves every size of its dynamic axes.
 * @throws Error when the function bakes a dynamic size into a constant, reads values, or uses a kernel that is not traced.
 */
export function traceGraph(request: TraceRequest): Graph {
  if (!tf.findBackendFactory(TRACE_BACKEND)) tf.registerBackend(TRACE_BACKEND, () => new TraceBackend());
  const before = tf.engine().backendName;
  useKernels(request.inference);
  if (!request.inference) useGradients();
  tf.setBackend(TRACE_BACKEND);
  try {
    const sets = usableMarkers(request);
    const { graph, suspects } = traceWith(sets[0], request);
    if (suspects.length === 0) return graph;
    if (sets.length > 1 && signature(traceWith(sets[1], request).graph) === signature(graph)) return graph;
    throw new Error(`the traced function bakes a dynamic size into a constant (${[...new Set(suspects)].slice(0, 5).join(', ')})`);
  } finally {
    if (before && before !== TRACE_BACKEND) tf.setBackend(before);
  }
}
