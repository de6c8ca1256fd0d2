/**
 * Sentence embeddings on a session of a traced encoder. Light: needs no tfjs, so that a prediction from cached graphs does without.
 */

import { lengthBatches } from '../runtime/length-batches.ts';
import type { GraphSession } from '../runtime/onnx-session.ts';
import { padRows } from '../text/padded-rows.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { rowFeeds } from './sequence-feeds.ts';

/** Texts to unit vectors. */
export interface SentenceEmbedder {
  /** One unit vector [H] a text, in order. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  /** The same from ids without special tokens. */
  embedIds(ids: readonly Int32Array[]): Promise<Float32Array[]>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** What embeds on a session. */
export interface SessionEmbedderRequest {
  /** A graph of input_ids, attention_mask, positions -> embedding [B, H]. */
  session: GraphSession;
  tokenizer: Tokenizer;
  /** Longest input in tokens, special tokens included. */
  maxLength: number;
}

/** Texts in one batch at most. */
const BATCH_TEXTS = 64;

/** Makes an embedder of a session, which it owns. */
export function createSessionEmbedder({ session, tokenizer, maxLength }: SessionEmbedderRequest): SentenceEmbedder {
  const { cls, sep, pad } = tokenizer.special;

  async function embedIds(ids: readonly Int32Array[]): Promise<Float32Array[]> {
    const kept = ids.map((each) => Math.min(each.length, maxLength - 2));
    const order = ids.map((_, at) => at).sort((a, b) => kept[b] - kept[a]);
    const result: Float32Array[] = new Array(ids.length);
    const lengthOf = (text: number): number => kept[text] + 2;
    for (const rows of lengthBatches(order, lengthOf, { tokens: session.batchTokens, rows: BATCH_TEXTS })) {
      const batch = padRows(
        rows.map((text) => ids[text].subarray(0, kept[text])),
        pad,
        { before: cls, behind: sep },
      );
      const { embedding } = await session.run(rowFeeds(batch), ['embedding']);
      const width = embedding.length / rows.length;
      for (const [row, text] of rows.entries()) result[text] = (embedding as Float32Array).slice(row * width, (row + 1) * width);
    }
    return result;
  }

  return {
    embed: async (texts) => embedIds(await tokenizer.encodeBatch(texts, { atLeast: maxLength })),
    embedIds,
    dispose: () => session.dispose(),
  };
}
