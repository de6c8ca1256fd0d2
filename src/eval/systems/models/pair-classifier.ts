/**
 * A sequence classifier on ONNX Runtime: logits of pairs of texts, tokenized, ordered by length and batched. Traced like GliZNet; knows
 * nothing of entailment, labels or templates.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { rowFeeds } from '../../../classify/sequence-feeds.ts';
import { lengthBatches } from '../../../runtime/length-batches.ts';
import { createGraphSession, type SessionSettings } from '../../../runtime/onnx-session.ts';
import { padRows } from '../../../text/padded-rows.ts';
import type { EncodedPair } from '../../../text/tokenizer/encoded-pair.ts';
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts';
import { traceGraph } from '../../../trace/trace.ts';
import type { FloatWeights } from '../../../weights/checkpoint.ts';
import type { SequenceClassifier } from './sequence-classifier.ts';

/** Scores pairs of texts. */
export interface PairClassifier {
  /** Classes, C. */
  readonly classes: number;
  readonly classNames: readonly string[];
  /** Logits of each pair: [pairs, C], row-major. A missing second text makes a single sequence. `onPart` is told after each batch. */
  logits(pairs: readonly (readonly [string, string?])[], onPart?: (done: number, total: number) => void): Promise<Float32Array>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** What a pair classifier is made of. */
export interface PairClassifierRequest {
  model: SequenceClassifier;
  /** Under the names of `model.parameterShapes()`. */
  weights: FloatWeights;
  tokenizer: Tokenizer;
  session?: SessionSettings;
}

/** Pairs in one batch at most. */
const BATCH_PAIRS = 32;

/** Pairs as a model reads them. */
export function pairFeeds(pairs: readonly EncodedPair[], pad: number) {
  const batch = padRows(
    pairs.map(({ ids }) => ids),
    pad,
  );
  const types = padRows(
    pairs.map(({ typeIds }) => typeIds),
    0,
  );
  return { ...rowFeeds(batch), token_type_ids: { data: types.inputIds, shape: [batch.batch, batch.length] } };
}

/** Traces the model and makes its session; owns it. */
export async function createPairClassifier({
  model,
  weights,
  tokenizer,
  session: settings,
}: PairClassifierRequest): Promise<PairClassifier> {
  const graph = traceGraph({
    inputs: [
      { name: 'input_ids', shape: ['batch', 'length'], type: 'int32' },
      { name: 'attention_mask', shape: ['batch', 'length'], type: 'int32' },
      { name: 'token_type_ids', shape: ['batch', 'length'], type: 'int32' },
      { name: 'positions', shape: ['length'], type: 'int32' },
    ],
    constants: Object.keys(model.parameterShapes()).map((name) => ({ name, ...weights.get(name)! })),
    inference: true,
    run: (tensors) => ({
      logits: model.forward(tensors, {
        inputIds: tensors.input_ids as tf.Tensor2D,
        attentionMask: tensors.attention_mask as tf.Tensor2D,
        tokenTypeIds: tensors.token_type_ids as tf.Tensor2D,
        positions: tensors.positions as tf.Tensor1D,
      }),
    }),
  });
  const session = await createGraphSession(graph, settings);
  const maxLength = Math.min(model.maxLength, tokenizer.modelMaxLength);

  async function run(batch: readonly EncodedPair[]): Promise<Float32Array> {
    const { logits } = await session.run(pairFeeds(batch, tokenizer.special.pad), ['logits']);
    return logits as Float32Array;
  }

  return {
    classes: model.classes,
    classNames: model.classNames,
    async logits(pairs, onPart) {
      const encoded = await Promise.all(pairs.map(([first, second]) => tokenizer.encodePair(first, second, { maxLength, keepPair: true })));
      const order = [...encoded.keys()].sort((a, b) => encoded[b].ids.length - encoded[a].ids.length);
      const result = new Float32Array(pairs.length * model.classes);
      let done = 0;
      for (const rows of lengthBatches(order, (pair) => encoded[pair].ids.length, { tokens: session.batchTokens, rows: BATCH_PAIRS })) {
        const logits = await run(rows.map((pair) => encoded[pair])); // [B, C]
        for (const [row, pair] of rows.entries())
          result.set(logits.subarray(row * model.classes, (row + 1) * model.classes), pair * model.classes);
        done += rows.length;
        onPart?.(done, pairs.length);
      }
      return result;
    },
    dispose: () => session.dispose(),
  };
}
