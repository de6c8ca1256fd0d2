/** Feeds of made-up token sequences: what a model does with its numbers can be looked at without any text or tokenizer at hand. */
import type { Graph } from '../trace/graph.ts';
import type { Feed } from './onnx-session.ts';

const SEQUENCES = 16;
const LENGTH = 64;
/** Sequences end in labels of three tokens and a token between them. */
const LABELS = 4;
const LABEL_TOKENS = 4;

/**
 * Feeds for every input that an inference graph has: 16 sequences of up to 64 random tokens, the last 16 of them four labels.
 * @param vocabulary size of the embedding table
 * @param maxLength longest sequence of the model
 */
export function madeUpFeeds(graph: Graph, vocabulary: number, maxLength: number): Record<string, Feed> {
  const length = Math.min(LENGTH, maxLength);
  const size = SEQUENCES * length;
  const empty = () => new Int32Array(size);
  const [ids, lmask, textMask, blocks, positions] = [empty(), empty(), empty(), empty(), empty()];
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    ids[i] = Math.floor((state / 2 ** 32) * vocabulary);
    const place = (i % length) - (length - LABELS * LABEL_TOKENS);
    const label = 1 + Math.floor(place / LABEL_TOKENS);
    positions[i] = place < 0 ? i % length : place % LABEL_TOKENS;
    if (place < 0) textMask[i] = 1;
    else {
      blocks[i] = label;
      if (place % LABEL_TOKENS > 0) lmask[i] = label;
    }
  }
  const shape = [SEQUENCES, length];
  const all: Record<string, Feed> = {
    input_ids: { data: ids, shape },
    attention_mask: { data: empty().fill(1), shape },
    lmask: { data: lmask, shape },
    text_mask: { data: textMask, shape },
    positions: { data: Int32Array.from({ length }, (_, i) => i), shape: [length] },
    label_numbers: { data: Int32Array.from({ length: LABELS }, (_, i) => i + 1), shape: [LABELS] },
    block_numbers: { data: blocks, shape },
    position_ids: { data: positions, shape },
  };
  return Object.fromEntries(graph.inputs.map(({ name }) => [name, all[name]]));
}
