/**
 * Writes a {@link Graph} as an ONNX ModelProto (protobuf wire format; field numbers from onnx.proto3, IR version 9).
 * Only writing is needed, of a dozen messages, so there is no protobuf library; weights are not copied before they are written.
 */
import { Message } from '../base/protobuf-message.ts';
import type { Graph, GraphAttribute, GraphData, GraphType, GraphValue, Initializer } from './graph.ts';

/** ONNX operator set that the kernels are written for (20 is the first with Gelu). */
const ONNX_OPSET = 20;

/** ONNX's numbers of element types. */
export const TYPE_CODE: Record<GraphType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 };
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 };

const bytesOf = (data: GraphData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function tensorMessage(constant: Initializer): Message {
  const message = new Message();
  for (const size of constant.shape) message.int(1, size);
  return message.int(2, TYPE_CODE[constant.type]).string(8, constant.name).bytes(9, bytesOf(constant.data));
}

function attributeMessage(name: string, value: GraphAttribute): Message {
  const message = new Message().string(1, name);
  if (typeof value === 'string') return message.string(4, value).int(20, ATTRIBUTE_TYPE.string);
  if (typeof value === 'number') return message.int(3, value).int(20, ATTRIBUTE_TYPE.int);
  if (Array.isArray(value)) {
    for (const element of value) message.int(8, element);
    return message.int(20, ATTRIBUTE_TYPE.ints);
  }
  return message.float(2, value.float).int(20, ATTRIBUTE_TYPE.float);
}

function valueMessage(value: GraphValue): Message {
  const shape = new Message();
  for (const size of value.shape) shape.message(1, typeof size === 'string' ? new Message().string(2, size) : new Message().int(1, size));
  const tensorType = new Message().int(1, TYPE_CODE[value.type]).message(2, shape);
  return new Message().string(1, value.name).message(2, new Message().message(1, tensorType));
}

/** A tensor whose values lie in another file beside the model. */
function externalTensorMessage(constant: Initializer, file: string, offset: number): Message {
  const message = new Message();
  for (const size of constant.shape) message.int(1, size);
  message.int(2, TYPE_CODE[constant.type]).string(8, constant.name);
  for (const [key, value] of [
    ['location', file],
    ['offset', String(offset)],
    ['length', String(constant.data.byteLength)],
  ])
    message.message(13, new Message().string(1, key).string(2, value));
  return message.int(14, 1); // data_location EXTERNAL
}

/** Smaller constants stay in the model: shapes and axes are read from there before any file is. */
const SMALLEST_EXTERNAL = 1024;
/** Offsets are multiples of a memory page, so that the file can be mapped. */
const PAGE = 4096;

/**
 * A graph in two files, for weights beyond protobuf's 2 GiB: the model, and the chunks of the file with its weights.
 * @param file name of the second file, beside the first
 */
export function externalOnnx(graph: Graph, file: string): { model: Uint8Array; weights: Uint8Array[] } {
  const weights: Uint8Array[] = [];
  let offset = 0;
  const model = onnxChunks(graph, (constant) => {
    if (constant.data.byteLength < SMALLEST_EXTERNAL) return tensorMessage(constant);
    const message = externalTensorMessage(constant, file, offset);
    const rest = (PAGE - (constant.data.byteLength % PAGE)) % PAGE;
    weights.push(bytesOf(constant.data), new Uint8Array(rest));
    offset += constant.data.byteLength + rest;
    return message;
  });
  return { model: Buffer.concat(model), weights };
}

/** The chunks of a graph's ONNX file, in order; the weights' chunks are views of the initializers' own memory. */
export function onnxChunks(graph: Graph, constantMessage: (constant: Initializer) => Message = tensorMessage): Uint8Array[] {
  const body = new Message();
  for (const node of graph.nodes) {
    const message = new Message();
    for (const name of node.inputs) message.string(1, name);
    for (const name of node.outputs) message.string(2, name);
    message.string(4, node.op);
    for (const [name, value] of Object.entries(node.attributes)) message.message(5, attributeMessage(name, value));
    if (node.domain) message.string(7, node.domain);
    body.message(1, message);
  }
  body.string(2, 'gliznet');
  for (const constant of graph.initializers) body.message(5, constantMessage(constant));
  for (const value of graph.inputs) body.message(11, valueMessage(value));
  for (const value of graph.outputs) body.message(12, valueMessage(value));
  const opset = (domain: string, version: number) => new Message().string(1, domain).int(2, version);
  return new Message().int(1, 9).string(2, 'glz').message(7, body).message(8, opset('', ONNX_OPSET)).message(8, opset('com.microsoft', 1))
    .chunks;
}

/** A graph's ONNX file in one buffer. Protobuf ends at 2 GiB: larger graphs need {@link externalOnnx}. */
export const onnxBytes = (graph: Graph): Uint8Array => Buffer.concat(onnxChunks(graph));
