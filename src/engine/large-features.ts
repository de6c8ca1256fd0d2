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

/** Feeds of made-up sequences for the inference graph of a vocabulary. */
function madeUpFeeds(vocabulary: number): Record<string, Feed> {
  const size = SEQUENCES * LENGTH;
  const [ids, mask, lmask, textMask] = [new Int32Array(size), new Int32Array(size).fill(1), new Int32Array(size), new Int32Array(size)];
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    ids[i] = Math.floor((state / 2 ** 32) * vocabulary);
    const label = (i % LENGTH) - (LENGTH - LABELS * LABEL_TOKENS);
    if (label < 0) textMask[i] = 1;
    else if (label % LABEL_TOKENS > 0) lmask[i] = 1 + Math.floor(label / LABEL_TOKENS);
  }
  const sequences = [SEQUENCES, LENGTH];
  return {
    input_ids: { data: ids, shape: sequences },
    attention_mask: { data: mask, shape: sequences },
    lmask: { data: lmask, shape: sequences },
    text_mask: { data: textMask, shape: sequences },
    positions: { data: Int32Array.from({ length: LENGTH }, (_, i) => i), shape: [LENGTH] },
    label_numbers: { data: Int32Array.from({ length: LABELS }, (_, i) => i + 1), shape: [LABELS] },
  };
}

/**
 * The large features, ascending, of every value that enters a product which {@link quantizeGraph} makes integer.
 * @param vocabulary size of the embedding table
 */
export async function findLargeFeatures(graph: Graph, vocabulary: number): Promise<Map<string, Int32Array>> {
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
    const values = await session.run(madeUpFeeds(vocabulary), names);
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
