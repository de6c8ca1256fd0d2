/**
 * Sentence embeddings of a plain encoder: mean of the last hidden states (sentence-transformers' default) or the first one, unit length. The teacher of
 * distillation, the embedding baseline of evaluation. Traced to ONNX like GliZNet.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from '../model/encoders/encoder.ts';
import { createGraphSession, type GraphSession, type SessionSettings } from '../runtime/onnx-session.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { Graph } from '../trace/graph.ts';
import { type TraceRequest, traceGraph } from '../trace/trace.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import { createSessionEmbedder, type SentenceEmbedder } from './session-embedder.ts';

export type { SentenceEmbedder } from './session-embedder.ts';

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
  session?: SessionSettings;
  /** Where it runs; ONNX Runtime with the settings of `session` unless given. */
  createSession?: (embedder: TraceRequest) => Promise<GraphSession>;
}

/** An encoder's embeddings: input_ids, attention_mask, positions -> `embedding` [B, H], unit rows. */
function sentenceEmbedderFunction(encoder: Encoder, weights: FloatWeights, pooling: 'mean' | 'cls' = 'mean'): TraceRequest {
  return {
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
  };
}

/** The graph of {@link sentenceEmbedderFunction}. */
export const traceSentenceEmbedder = (encoder: Encoder, weights: FloatWeights, pooling?: 'mean' | 'cls'): Graph =>
  traceGraph(sentenceEmbedderFunction(encoder, weights, pooling));

/** Makes an embedder; owns its session. */
export async function createSentenceEmbedder(request: SentenceEmbedderRequest): Promise<SentenceEmbedder> {
  const { encoder, weights, tokenizer, pooling, maxLength = 256 } = request;
  const { createSession = (embedder) => createGraphSession(traceGraph(embedder), request.session) } = request;
  const session = await createSession(sentenceEmbedderFunction(encoder, weights, pooling));
  return createSessionEmbedder({ session, tokenizer, maxLength: Math.min(maxLength, encoder.maxLength) });
}
