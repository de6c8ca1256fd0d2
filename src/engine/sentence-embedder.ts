/**
 * Sentence embeddings of a plain encoder: mean of the last hidden states (sentence-transformers' default) or the first one, unit length. The teacher of
 * distillation, the embedding baseline of evaluation. Traced to ONNX like GliZNet.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from '../model/encoders/encoder.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { traceGraph } from '../trace/trace.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import { createGraphSession, type SessionSettings } from './onnx-session.ts';

/** Texts to unit vectors. */
export interface SentenceEmbedder {
  /** H */
  readonly dimensions: number;
  /** One unit vector [H] a text, in order. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  /** The same from ids without special tokens. */
  embedIds(ids: readonly Int32Array[]): Promise<Float32Array[]>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** What an embedder is made of. */
export interface SentenceEmbedderRequest {
  encoder: Encoder;
  /** Under their Hugging Face names. */
  weights: FloatWeights;
  tokenizer: Tokenizer;
  /** Longest input in tokens, special tokens included; 256 as sentence-transformers has it for MiniLM. */
  maxLength?: number;
  /** Mean over the tokens (default), or the first token's state. */
  pooling?: 'mean' | 'cls';
  batchSize?: number;
  session?: SessionSettings;
}

/** Makes an embedder; owns its session. */
export async function createSentenceEmbedder(request: SentenceEmbedderRequest): Promise<SentenceEmbedder> {
  const { encoder, weights, tokenizer, pooling = 'mean', batchSize = 64 } = request;
  const maxLength = Math.min(request.maxLength ?? 256, encoder.maxLength);
  const graph = traceGraph({
    inputs: [
      { name: 'input_ids', shape: ['batch', 'length'], type: 'int32' },
      { name: 'attention_mask', shape: ['batch', 'length'], type: 'int32' },
      { name: 'positions', shape: ['length'], type: 'int32' },
    ],
    constants: Object.keys(encoder.parameterShapes()).map((name) => ({ name, ...weights.get(name)! })),
    inference: true,
    run: (tensors) => {
      const inputs = {
        inputIds: tensors.input_ids as tf.Tensor2D,
        attentionMask: tensors.attention_mask as tf.Tensor2D,
        positions: tensors.positions as tf.Tensor1D,
      };
      const { hidden } = encoder.forward(tensors, inputs, false); // [B, T, H]
      const mask = tf.expandDims(tf.cast(inputs.attentionMask, 'float32'), 2); // [B, T, 1]
      const pooled =
        pooling === 'mean'
          ? tf.div(tf.sum(tf.mul(hidden, mask), 1), tf.sum(mask, 1)) // [B, H]
          : tf.gather<tf.Tensor>(hidden, tf.scalar(0, 'int32'), 1); // [B, H]
      return { embedding: tf.mul(pooled, tf.rsqrt(tf.sum(tf.square(pooled), -1, true))) };
    },
  });
  const session = await createGraphSession(graph, request.session);
  const { cls, sep, pad } = tokenizer.special;
  const width = encoder.hiddenSize;

  async function embedIds(ids: readonly Int32Array[]): Promise<Float32Array[]> {
    const kept = ids.map((each) => Math.min(each.length, maxLength - 2));
    const order = ids.map((_, at) => at).sort((a, b) => kept[a] - kept[b]);
    const result: Float32Array[] = new Array(ids.length);
    for (let at = 0; at < order.length; at += batchSize) {
      const rows = order.slice(at, at + batchSize);
      const length = kept[rows.at(-1)!] + 2;
      const shape = [rows.length, length];
      const inputIds = new Int32Array(rows.length * length).fill(pad); // [B, T]
      const mask = new Int32Array(rows.length * length); // [B, T]
      for (const [row, text] of rows.entries()) {
        const start = row * length;
        inputIds[start] = cls;
        inputIds.set(ids[text].subarray(0, kept[text]), start + 1);
        inputIds[start + kept[text] + 1] = sep;
        mask.fill(1, start, start + kept[text] + 2);
      }
      const { embedding } = await session.run(
        {
          input_ids: { data: inputIds, shape },
          attention_mask: { data: mask, shape },
          positions: { data: Int32Array.from({ length }, (_, i) => i), shape: [length] },
        },
        ['embedding'],
      );
      for (const [row, text] of rows.entries()) result[text] = (embedding as Float32Array).slice(row * width, (row + 1) * width);
    }
    return result;
  }

  return {
    dimensions: width,
    embed: async (texts) => embedIds(await tokenizer.encodeBatch(texts, { atLeast: maxLength })),
    embedIds,
    dispose: () => session.dispose(),
  };
}
