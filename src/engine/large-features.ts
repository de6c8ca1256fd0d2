/**
 * Finds the features of a graph's activations that are far larger than the others, by running it once. In transformers these are
 * the same few for every text, so made-up token sequences find them as well as real ones, and need no files.
 */
import type { Graph } from '../trace/graph.ts';
import { createGraphSession, type Feed } from './onnx-session.ts';
import { quantizableWeight } from './quantize.ts';

/** One of this many features is taken as large. */
const LARGE_SHARE = 24;
const SEQUENCES = 8;
const LENGTH = 64;
/** Sequences end in labels of three tokens and a token between them. */
const LABELS = 4;
const LABEL_TOKENS = 4;

/** Feeds of made-up sequences, for every input that an inference graph may have. */
function madeUpFeeds(vocabulary: number, length: number): Record<string, Feed> {
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
  return {
    input_ids: { data: ids, shape },
    attention_mask: { data: empty().fill(1), shape },
    lmask: { data: lmask, shape },
    text_mask: { data: textMask, shape },
    positions: { data: Int32Array.from({ length }, (_, i) => i), shape: [length] },
    label_numbers: { data: Int32Array.from({ length: LABELS }, (_, i) => i + 1), shape: [LABELS] },
    block_numbers: { data: blocks, shape },
    position_ids: { data: positions, shape },
  };
}

/**
 * The large features, ascending, of every value that enters a product which {@link quantizeGraph} makes integer.
 * @param vocabulary size of the embedding table
 * @param maxLength longest sequence of the model
 */
export async function findLargeFeatures(graph: Graph, vocabulary: number, maxLength: number): Promise<Map<string, Int32Array>> {
  const initializers = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const sizes = new Map<string, number>();
  for (const node of graph.nodes) {
    const weight = quantizableWeight(node, initializers);
    if (weight) sizes.set(node.inputs[0], weight.shape[1]);
  }
  const names = [...sizes.keys()];
  const watched = names.map((name) => ({ name, type: 'float32' as const, shape: [`${name}.rows`, sizes.get(name)!] }));
  const session = await createGraphSession({ ...graph, outputs: watched });
  try {
    const feeds = madeUpFeeds(vocabulary, Math.min(LENGTH, maxLength));
    const own = Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]]));
    const values = await session.run(own, names);
    return new Map(
      names.map((name) => {
        const features = sizes.get(name)!;
        const largest = new Float32Array(features);
        for (let i = 0; i < values[name].length; i++) largest[i % features] = Math.max(largest[i % features], Math.abs(values[name][i]));
        const order = [...largest.keys()].sort((a, b) => largest[b] - largest[a] || a - b);
        return [name, Int32Array.from(order.slice(0, Math.round(features / LARGE_SHARE))).sort()];
      }),
    );
  } finally {
    await session.dispose();
  }
}
