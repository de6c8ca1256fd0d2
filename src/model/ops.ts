/**
 * The layers that encoders and GliZNet are made of, as plain functions of tfjs tensors.
 *
 * Each runs on any tfjs backend. Where the backend has a fused kernel of the same name (the tracing backend of
 * src/trace registers some), that one is used; elsewhere it is composed of plain tfjs ops, with the same gradient.
 * Imports nothing but tfjs-core. Notation in shapes: B batch, T tokens, H hidden, h heads, d = H / h, N labels.
 */
import * as tf from '@tensorflow/tfjs-core';

/** y = x W' + b, with the weight as PyTorch stores it. x [..., in], weight [out, in], bias [out] -> [..., out]. */
export function linear(x: tf.Tensor, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor {
  const [outSize, inSize] = weight.shape;
  const rows = tf.reshape(x, [-1, inSize]); // [R, in]
  const product = tf.matMul(rows, weight, false, true); // [R, out]
  return tf.reshape(bias ? tf.add(product, bias) : product, [...x.shape.slice(0, -1), outSize]);
}

/** Layer normalisation over the last axis. x [..., H], gamma [H], beta [H] or none (ModernBERT) -> [..., H]. */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D | undefined, epsilon: number): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  const scaled = tf.mul(normal, gamma);
  return beta ? tf.add(scaled, beta) : scaled;
}

/** Activation functions by their Hugging Face names (`hidden_act`). */
export type Activation = 'gelu' | 'gelu_new' | 'gelu_pytorch_tanh' | 'relu' | 'silu' | 'tanh';

/** Applies an activation. Exact (erf) GELU for `gelu`; the tanh form for `gelu_new` and `gelu_pytorch_tanh`. */
export function activation(x: tf.Tensor, name: Activation): tf.Tensor {
  switch (name) {
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case 'gelu_new':
    case 'gelu_pytorch_tanh': {
      const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
    }
    case 'relu':
      return tf.relu(x);
    case 'silu':
      return tf.mul(x, tf.sigmoid(x));
    case 'tanh':
      return tf.tanh(x);
  }
}

/** Rows of an embedding table. table [V, H], ids int32 [...] -> [..., H]. */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor): tf.Tensor {
  return tf.gather(table, ids);
}

/** [B, T, H] -> [B, h, T, d]. */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, length, hidden] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, heads, hidden / heads]), [0, 2, 1, 3]);
}

/** [B, h, T, d] -> [B, T, H]. */
export function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, length, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, length, heads * size]);
}

/** What {@link attention} needs besides queries, keys and values. */
export interface AttentionOptions {
  heads: number;
  /** Factor on q k'; 1 / sqrt(d) unless said. */
  scale?: number;
  /** 1 for tokens that may be attended to, 0 for padding: int32 [B, T]. */
  attentionMask: tf.Tensor2D;
  /** Added to the scores before the softmax (relative positions, local windows): [B or 1, h or 1, T, T]. */
  bias?: tf.Tensor4D;
  /** Whether the probabilities are needed (pooling by attention, the fixtures); a fused kernel cannot give them. */
  probabilities: boolean;
}

/** Multi-head attention. q, k, v [B, T, H] -> context [B, T, H], probabilities [B, h, T, T] if asked for. */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  options: AttentionOptions,
): { context: tf.Tensor3D; probabilities?: tf.Tensor4D } {
  const { heads, attentionMask, bias, probabilities } = options;
  const scale = options.scale ?? 1 / Math.sqrt((q.shape[2] as number) / heads);
  const keyBias = tf.mul(tf.sub(1, tf.cast(tf.expandDims(tf.expandDims(attentionMask, 1), 1), 'float32')), -1e9); // [B, 1, 1, T]
  let scores = tf.matMul(tf.mul(splitHeads(q, heads), scale), splitHeads(k, heads), false, true); // [B, h, T, T]
  if (bias) scores = tf.add(scores, bias);
  const weights = tf.softmax(tf.add(scores, keyBias)) as tf.Tensor4D; // [B, h, T, T]
  const context = mergeHeads(tf.matMul(weights, splitHeads(v, heads)) as tf.Tensor4D); // [B, T, H]
  return probabilities ? { context, probabilities: weights } : { context };
}
