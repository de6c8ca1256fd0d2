/**
 * Finds how large the features of a graph's activations get, by running it once, and which are far larger than the others. In transformers
 * these are the same few for every text, so made-up token sequences find them as well as real ones, and need no files.
 */
import type { Graph } from '../../trace/graph.ts';
import { createGraphSession, type Feed } from '../onnx-session.ts';
import { quantizableProducts } from './quantize.ts';
import type { ActivationRange } from './quantized-activations.ts';

/** One of this many features is taken as large. */
const LARGE_SHARE = 24;

/**
 * The ranges of every value that enters a product which {@link quantizeGraph} makes integer.
 * @param feeds sequences to look at, for every input of the graph
 */
export async function findActivationRanges(graph: Graph, feeds: Record<string, Feed>): Promise<Map<string, ActivationRange>> {
  const sizes = new Map([...quantizableProducts(graph).values()].map(({ node, weight }) => [node.inputs[0], weight.shape[1]]));
  const names = [...sizes.keys()];
  const watched = names.map((name) => ({ name, type: 'float32' as const, shape: [`${name}.rows`, sizes.get(name)!] }));
  const session = await createGraphSession({ ...graph, outputs: watched });
  try {
    const values = await session.run(feeds, names);
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
