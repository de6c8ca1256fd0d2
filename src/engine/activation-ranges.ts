/**
 * Finds how large the features of a graph's activations get, by running it once, and which are far larger than the others. In transformers
 * these are the same few for every text, so made-up token sequences find them as well as real ones, and need no files.
 */
import type { Graph } from '../trace/graph.ts';
import { madeUpFeeds } from './made-up-feeds.ts';
import { createGraphSession } from './onnx-session.ts';
import { type ActivationRange, quantizableWeight } from './quantize.ts';

/** One of this many features is taken as large. */
const LARGE_SHARE = 24;

/**
 * The ranges of every value that enters a product which {@link quantizeGraph} makes integer.
 * @param vocabulary size of the embedding table
 * @param maxLength longest sequence of the model
 */
export async function findActivationRanges(graph: Graph, vocabulary: number, maxLength: number): Promise<Map<string, ActivationRange>> {
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
    const values = await session.run(madeUpFeeds(graph, vocabulary, maxLength), names);
    return new Map(
      names.map((name) => {
        const features = sizes.get(name)!;
        const largest = new Float32Array(features);
        for (let i = 0; i < values[name].length; i++) largest[i % features] = Math.max(largest[i % features], Math.abs(values[name][i]));
        const order = [...largest.keys()].sort((a, b) => largest[b] - largest[a] || a - b);
        return [name, { large: Int32Array.from(order.slice(0, Math.round(features / LARGE_SHARE))).sort(), largest }];
      }),
    );
  } finally {
    await session.dispose();
  }
}
