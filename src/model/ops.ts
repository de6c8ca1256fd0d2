/**
 * The layers that encoders and GliZNet are made of, as plain functions of tfjs tensors.
 *
 * Each runs on any tfjs backend. Where the backend has a fused kernel of the same name (the tracing backend of src/trace registers some),
 * that one is used; elsewhere it is composed of plain tfjs ops, with the same gradient. Notation in shapes: B batch, T tokens, H hidden, h
 * heads, d = H / h, N labels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Dropout, NO_DROPOUT } from './dropout.ts';

type Kernels = Record<string, tf.Tensor>;

/** Whether the current backend has a fused kernel of this name. */
const hasKernel = (name: string): boolean => tf.getKernel(name, tf.getBackend()) !== undefined;

/** Whether the current backend takes the weights as constants, as when an inference graph is traced (it alone has this kernel). */
export const constantWeights = (): boolean => hasKernel('MultiHeadAttention');

/** Runs a fused kernel with one output. */
const runKernel = (name: string, inputs: Kernels, attributes: Record<string, unknown> = {}): tf.Tensor =>
  tf.engine().runKernel(name, inputs as unknown as tf.NamedTensorMap, attributes as tf.NamedAttrMap) as tf.Tensor;

/** Matrix product of two matrices, plus a bias for every row; one node where the backend has Gemm. No gradient of its own. */
function gemm(a: tf.Tensor2D, b: tf.Tensor2D, transposeA: boolean, transposeB: boolean, bias?: tf.Tensor1D): tf.Tensor2D {
  if (hasKernel('Gemm')) return runKernel('Gemm', bias ? { a, b, bias } : { a, b }, { transposeA, transposeB }) as tf.Tensor2D;
  const product: tf.Tensor2D = tf.matMul(a, b, transposeA, transposeB);
  return bias ? tf.add<tf.Tensor2D>(product, bias) : product;
}

/** y = x W' + b, with the weight as PyTorch stores it. x [..., in], weight [out, in], bias [out] -> [..., out]. */
export function linear(x: tf.Tensor, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor {
  const [outSize, inSize] = weight.shape;
  const rows = tf.reshape(x, [-1, inSize]) as tf.Tensor2D; // [R, in]
  const product = tf.customGrad((...args) => {
    const [input, matrix, offset] = args as unknown as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D | undefined];
    const save = args[args.length - 1] as unknown as tf.GradSaveFunc;
    save([input, matrix]);
    return {
      value: gemm(input, matrix, false, true, bias ? offset : undefined), // [R, out]
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedInput, savedMatrix] = saved as tf.Tensor2D[];
        const dProduct = dy as tf.Tensor2D; // [R, out]
        const gradients: tf.Tensor[] = [gemm(dProduct, savedMatrix, false, false), gemm(dProduct, savedInput, true, false)];
        if (bias) gradients.push(tf.sum(dProduct, 0));
        return gradients;
      },
    };
  })(...([rows, weight, ...(bias ? [bias] : [])] as tf.Tensor[]));
  return tf.reshape(product, [...x.shape.slice(0, -1), outSize]);
}

/** Layer normalisation over the last axis. x [..., H], gamma [H], beta [H] or none (ModernBERT) -> [..., H]. */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D | undefined, epsilon: number): tf.Tensor {
  return tf.customGrad((...args) => {
    const [input, scale, shift] = args as unknown as [tf.Tensor, tf.Tensor1D, tf.Tensor1D | undefined];
    const save = args[args.length - 1] as unknown as tf.GradSaveFunc;
    let value: tf.Tensor;
    let mean: tf.Tensor;
    let inverse: tf.Tensor; // 1 / standard deviation
    if (hasKernel('LayerNormalization')) {
      const inputs: Kernels = beta ? { x: input, gamma: scale, beta: shift as tf.Tensor } : { x: input, gamma: scale };
      [value, mean, inverse] = tf
        .engine()
        .runKernel('LayerNormalization', inputs as unknown as tf.NamedTensorMap, { epsilon }) as tf.Tensor[];
    } else {
      mean = tf.mean(input, -1, true);
      const centred = tf.sub(input, mean);
      inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
      const scaled = tf.mul(tf.mul(centred, inverse), scale);
      value = beta ? tf.add(scaled, shift as tf.Tensor) : scaled;
    }
    save([input, scale, mean, inverse]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedInput, savedScale, savedMean, savedInverse] = saved;
        const normal = tf.mul(tf.sub(savedInput, savedMean), savedInverse); // [..., H]
        const rowAxes = savedInput.shape.map((_, axis) => axis).slice(0, -1);
        const dNormal = tf.mul(dy, savedScale); // [..., H]
        const alongNormal = tf.mean(tf.mul(dNormal, normal), -1, true); // [..., 1]
        const dInput = tf.mul(tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), tf.mul(normal, alongNormal)), savedInverse);
        const gradients = [dInput, tf.sum(tf.mul(dy, normal), rowAxes)];
        if (beta) gradients.push(tf.sum(dy, rowAxes));
        return gradients;
      },
    };
  })(...([x, gamma, ...(beta ? [beta] : [])] as tf.Tensor[]));
}

/** Exact GELU, x * Phi(x). [...] -> [...] */
function gelu(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((...args) => {
    const [input, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const normalCdf = (t: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(t, Math.SQRT1_2)), 1), 0.5);
    save([input]);
    return {
      value: hasKernel('Gelu') ? runKernel('Gelu', { x: input }) : tf.mul(input, normalCdf(input)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [t] = saved;
        const density = tf.mul(tf.exp(tf.mul(tf.square(t), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return tf.mul(dy, tf.add(normalCdf(t), tf.mul(t, density)));
      },
    };
  })(x);
}

/** factor * a b' over the last two axes. a [..., m, k], b [..., n, k] -> [..., m, n]. */
function scaledProduct(a: tf.Tensor, b: tf.Tensor, factor: number): tf.Tensor {
  const product = (p: tf.Tensor, q: tf.Tensor, transposeA: boolean, transposeB: boolean) =>
    hasKernel('ScaledMatMul')
      ? runKernel('ScaledMatMul', { a: p, b: q }, { factor, transposeA, transposeB })
      : tf.matMul(tf.mul(p, factor), q, transposeA, transposeB);
  return tf.customGrad((...args) => {
    const [left, right, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([left, right]);
    return {
      value: product(left, right, false, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [product(dy, saved[1], false, false), product(dy, saved[0], true, false)],
    };
  })(a, b);
}

/** Activation functions by their Hugging Face names (`hidden_act`). */
export type Activation = 'gelu' | 'gelu_new' | 'gelu_pytorch_tanh' | 'relu' | 'silu' | 'tanh';

/** Applies an activation. Exact (erf) GELU for `gelu`; the tanh form for `gelu_new` and `gelu_pytorch_tanh`. */
export function activation(x: tf.Tensor, name: Activation): tf.Tensor {
  switch (name) {
    case 'gelu':
      return gelu(x);
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
  const [rows, size] = table.shape;
  // tfjs's own gradient of gather transposes the whole table, or visits it once a row; this one adds the rows that were read.
  return tf.customGrad((...args) => {
    const [values, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    save([ids]);
    return {
      value: tf.gather(values, ids),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.scatterND(tf.reshape(saved[0], [-1, 1]), tf.reshape(dy, [-1, size]), [rows, size]),
      ],
    };
  })(table);
}

/** [B, T, H] -> [B, h, T, d]. */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, length, hidden] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, heads, hidden / heads]), [0, 2, 1, 3]);
}

/** [B, h, T, d] -> [B, T, H]. */
function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
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
  /** What is dropped of the probabilities in training; nothing where absent. */
  dropout?: Dropout;
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
  const { heads, attentionMask, bias, probabilities, dropout = NO_DROPOUT } = options;
  const scale = options.scale ?? 1 / Math.sqrt((q.shape[2] as number) / heads);
  if (!probabilities && dropout === NO_DROPOUT && hasKernel('MultiHeadAttention')) {
    const inputs: Kernels = bias ? { q, k, v, attentionMask, bias } : { q, k, v, attentionMask };
    return { context: runKernel('MultiHeadAttention', inputs, { heads, scale }) as tf.Tensor3D };
  }
  const keyBias = tf.mul(tf.sub(1, tf.cast(tf.expandDims(tf.expandDims(attentionMask, 1), 1), 'float32')), -1e9); // [B, 1, 1, T]
  const scores = scaledProduct(splitHeads(q, heads), splitHeads(k, heads), scale); // [B, h, T, T]
  // The two biases first: together they are never larger than the scores, and often smaller.
  const weights = tf.softmax(tf.add(scores, bias ? tf.add(bias, keyBias) : keyBias)) as tf.Tensor4D; // [B, h, T, T]
  const context = mergeHeads(tf.matMul(dropout.attention(weights), splitHeads(v, heads)) as tf.Tensor4D); // [B, T, H]
  return probabilities ? { context, probabilities: weights } : { context };
}

/**
 * Multi-head attention of tokens that read a sequence, themselves and, where `others` says how much, each other: one softmax over all of it.
 * tokens' query, key, value [B, N, H], the sequence's key, value [B, T, H], biases sequence [B, 1, 1, T], others [B, 1, N, N] -> [B, N, H]
 */
export function attentionAcross(
  tokens: { query: tf.Tensor; key: tf.Tensor; value: tf.Tensor },
  sequence: { key: tf.Tensor; value: tf.Tensor },
  heads: number,
  biases: { sequence: tf.Tensor4D; others?: tf.Tensor4D },
): tf.Tensor3D {
  const scale = 1 / Math.sqrt((tokens.query.shape[2] as number) / heads);
  const [query, key, value] = [tokens.query, tokens.key, tokens.value].map((each) => splitHeads(each, heads)); // each [B, h, N, d]
  const ofSequence = tf.add(scaledProduct(query, splitHeads(sequence.key, heads), scale), biases.sequence); // [B, h, N, T]
  const ofTokens = biases.others
    ? tf.add(scaledProduct(query, key, scale), biases.others) // [B, h, N, N]
    : tf.mul(tf.sum(tf.mul(query, key), -1, true), scale); // [B, h, N, 1]
  // The two kinds of scores have lengths of their own, so they are not one tensor: the softmax over both is written out.
  const largest = stopGradient(tf.maximum(tf.max(ofSequence, -1, true), tf.max(ofTokens, -1, true))); // [B, h, N, 1]
  const sequenceShares = tf.exp(tf.sub(ofSequence, largest)); // [B, h, N, T]
  const tokenShares = tf.exp(tf.sub(ofTokens, largest)); // [B, h, N, N or 1]
  const sum = tf.add(tf.sum(sequenceShares, -1, true), tf.sum(tokenShares, -1, true)); // [B, h, N, 1]
  const read = tf.add(
    tf.matMul(sequenceShares, splitHeads(sequence.value, heads)),
    biases.others ? tf.matMul(tokenShares, value) : tf.mul(tokenShares, value),
  ); // [B, h, N, d]
  return mergeHeads(tf.div(read, sum) as tf.Tensor4D);
}

/** The value itself, with a gradient of zero. */
export function stopGradient(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((...args) => {
    const [value] = args as unknown as [tf.Tensor];
    return { value: tf.clone(value), gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy)] };
  })(x);
}
