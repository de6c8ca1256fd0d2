/**
 * Kernels that tfjs does not have, each one node or a few of ONNX Runtime: src/model/ops.ts calls them where they are registered.
 * The matrix product is here too, because it is fused with transposes and a factor where the provider can.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { TraceBackend } from './backend.ts';
import type { GraphAttribute } from './graph.ts';

const MICROSOFT = 'com.microsoft' as const;

/** Inputs of a kernel by their tfjs names. */
export type Inputs = Record<string, tf.TensorInfo>;
/** Which of a product's matrices are transposed. */
interface Transposes {
  transposeA: boolean;
  transposeB: boolean;
}

/** factor * a b over the last two axes, either of them transposed. */
export function matrixProduct(
  backend: TraceBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { factor, transposeA, transposeB }: Transposes & { factor: number },
): tf.TensorInfo {
  const rank = a.shape.length;
  const rows = a.shape[transposeA ? rank - 1 : rank - 2];
  const columns = b.shape[transposeB ? rank - 2 : rank - 1];
  const shape = [...tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  if (factor === 1 && !transposeA && !transposeB) return backend.emit('MatMul', [a, b], shape, a.dtype);
  if (backend.onnxProducts) {
    const turned = (x: tf.TensorInfo, transpose: boolean): string => {
      const rank = x.shape.length;
      const perm = [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2);
      return transpose ? backend.append('Transpose', [backend.nameOf(x)], { perm })[0] : backend.nameOf(x);
    };
    const inputs = [turned(a, transposeA), turned(b, transposeB)];
    if (factor === 1) return backend.emit('MatMul', inputs, shape, a.dtype);
    return backend.emit('Mul', [backend.append('MatMul', inputs)[0], backend.scalarName(factor)], shape, a.dtype);
  }
  // tfjs turns 2-D products into 3-D ones with one matrix; Gemm wants 2-D, FusedMatMul takes both.
  const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, ...(factor === 1 ? {} : { alpha: { float: factor } }) };
  return backend.emit('FusedMatMul', [a, b], shape, a.dtype, attributes, MICROSOFT);
}

/** Kernels with gradients, by the names that src/model/ops.ts calls. */
export const FUSED_KERNELS = {
  /** a b (+ bias) on matrices, either of them transposed. */
  Gemm: (backend: TraceBackend, { a, b, bias }: Inputs, { transposeA, transposeB }: Transposes) =>
    backend.emit('Gemm', bias ? [a, b, bias] : [a, b], [a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]], a.dtype, {
      transA: transposeA ? 1 : 0,
      transB: transposeB ? 1 : 0,
    }),
  /** Result, mean and inverse standard deviation. */
  LayerNormalization: (backend: TraceBackend, { x, gamma, beta }: Inputs, { epsilon }: { epsilon: number }) => {
    const inputs = [x, gamma, ...(beta ? [beta] : [])].map((tensor) => backend.nameOf(tensor));
    const [y, mean, inverse] = backend.append('LayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } }, 3);
    const reduced = [...x.shape.slice(0, -1), 1];
    return [backend.info(y, x.shape, x.dtype), backend.info(mean, reduced, x.dtype), backend.info(inverse, reduced, x.dtype)];
  },
  Gelu: (backend: TraceBackend, { x }: Inputs) => backend.emit('Gelu', [x], x.shape, x.dtype),
  /** factor * a b' on [.., m, k], [.., n, k]. */
  ScaledMatMul: (backend: TraceBackend, { a, b }: Inputs, product: Transposes & { factor: number }) =>
    matrixProduct(backend, a, b, product),
  /** result[.., i, j] = x[.., i, T + j - i]. x [B, h, T, 2T] -> [B, h, T, T]; the last T * (2T - 1) elements, read as T rows. */
  ByKey: (backend: TraceBackend, { x }: Inputs) => {
    const [batch, heads, length, width] = x.shape;
    const [flat] = backend.append('Reshape', [backend.nameOf(x), backend.intsName([-1, length * width])]);
    const slice = (value: string, start: string, end: string, axis: number) =>
      backend.append('Slice', [value, start, end, backend.intsName([axis])])[0];
    const read = slice(flat, backend.intsName([length]), backend.intsName([length * width]), 1);
    const [rows] = backend.append('Reshape', [read, backend.intsName([batch, heads, length, -1])]); // [B, h, T, 2T - 1]
    const shape = [batch, heads, length, length];
    return backend.info(slice(rows, backend.intsName([0]), backend.intsName([length]), 3), shape, x.dtype);
  },
  /** The gradient of ByKey. dy [B, h, T, T] -> [B, h, T, 2T]. */
  ByKeyGradient: (backend: TraceBackend, { dy }: Inputs) => {
    const [batch, heads, length] = dy.shape;
    const pad = (value: string, pads: string[]) => backend.append('Pad', [value, backend.append('Concat', pads, { axis: 0 })[0]])[0];
    const none = (axes: number) => backend.intsName(new Array<number>(axes).fill(0));
    const rows = pad(backend.nameOf(dy), [none(7), backend.sizeDifference(length, 1)]); // [B, h, T, 2T - 1]
    const [read] = backend.append('Reshape', [rows, backend.intsName([batch * heads, -1])]);
    const flat = pad(read, [none(1), backend.intsName([length]), none(2)]); // [B * h, T * 2T]
    return backend.emit('Reshape', [flat, backend.intsName([batch, heads, length, -1])], [batch, heads, length, 2 * length], dy.dtype);
  },
};

/** Attention in one node (no probabilities, no gradient): inference only. q, k, v [B, T, H]. */
const multiHeadAttention = (
  backend: TraceBackend,
  { q, k, v, attentionMask, bias }: Inputs,
  { heads, scale }: { heads: number; scale: number },
) => {
  const inputs = [q, k, v].map((tensor) => backend.nameOf(tensor));
  const attributes: Record<string, GraphAttribute> = { num_heads: heads, scale: { float: scale } };
  inputs.push('', backend.nameOf(attentionMask));
  if (bias) inputs.push(backend.nameOf(bias));
  return backend.emit('MultiHeadAttention', inputs, q.shape, q.dtype, attributes, MICROSOFT);
};

/** Kernels that have no gradient and are only there while an inference graph is traced. */
export const INFERENCE_KERNELS = { MultiHeadAttention: multiHeadAttention };
