/**
 * Chooses the products that stay in float in an 8-bit graph. A few of them, most in the first layer and in front of a residual, move the
 * logits more than all others together, so that a graph without those is nearly as fast and much closer to the float one.
 */
import type { Graph } from '../../trace/graph.ts';
import { createGraphSession, type Feed } from '../onnx-session.ts';
import { quantizableProducts, quantizeGraph, SWITCHES } from './quantize.ts';
import type { ActivationRange } from './quantized-activations.ts';

/** Root mean square error of the logits that a graph may have, on made-up sequences. What it is worth is measured: docs/speed.md. */
export const ALLOWED_ERROR = 0.04;

/** The output whose error counts, and the logits that it leads to: [B, N] of its values, and of those of the graph in float. */
export interface Judged {
  output: string;
  logits(values: Float32Array, exact: Float32Array): Float32Array;
}

/** A graph whose output is its logits. */
export const LOGITS: Judged = { output: 'logits', logits: (values) => values };

/** How much a product moves the logits when it alone is made integer. */
export interface ProductError {
  /** Name of the product's output. */
  output: string;
  /** Mean square of the logits' differences. */
  error: number;
}

const meanSquare = (found: Float32Array, exact: Float32Array): number =>
  found.reduce((sum, logit, i) => sum + (logit - exact[i]) ** 2, 0) / exact.length;

/**
 * How much another form of a graph moves its logits: the mean square of their differences.
 * @param feeds as for {@link productErrors}
 */
export async function errorOf(other: Graph, graph: Graph, feeds: Record<string, Feed>, judged: Judged = LOGITS): Promise<number> {
  const values: Float32Array[] = [];
  for (const each of [graph, other]) {
    const session = await createGraphSession(each);
    try {
      values.push((await session.run(feeds, [judged.output]))[judged.output] as Float32Array);
    } finally {
      await session.dispose();
    }
  }
  const [float, found] = values;
  return meanSquare(judged.logits(found, float), judged.logits(float, float));
}

/**
 * Tries each product of {@link quantizeGraph} alone in 8 bits, in the order of the graph.
 * @param ranges as for {@link quantizeGraph}
 * @param feeds sequences to try it on, for every input of the graph
 * @param onProduct told how many products were tried, of how many
 */
export async function productErrors(
  graph: Graph,
  ranges: ReadonlyMap<string, ActivationRange>,
  feeds: Record<string, Feed>,
  judged: Judged = LOGITS,
  onProduct?: (done: number, products: number) => void,
): Promise<ProductError[]> {
  const outputs = [...quantizableProducts(graph).keys()];
  const session = await createGraphSession(quantizeGraph(graph, ranges, { switched: true }));
  try {
    const valuesWith = async (integer?: number): Promise<Float32Array> => {
      const data = new Float32Array(outputs.length);
      if (integer !== undefined) data[integer] = 1;
      const results = await session.run({ ...feeds, [SWITCHES]: { data, shape: [outputs.length] } }, [judged.output]);
      return results[judged.output] as Float32Array;
    };
    const float = await valuesWith();
    const exact = judged.logits(float, float); // [B, N]
    const errors: ProductError[] = [];
    for (const [at, output] of outputs.entries()) {
      const found = judged.logits(await valuesWith(at), float);
      errors.push({ output, error: meanSquare(found, exact) });
      onProduct?.(errors.length, outputs.length);
    }
    return errors;
  } finally {
    await session.dispose();
  }
}

/**
 * The fewest products without which the errors of the others, which add up as squares, stay under `allowed` (root mean square). Those with
 * the largest error for their time would make a graph as exact on average and 5 % faster, but with far outliers.
 */
export function chooseFloatProducts(errors: readonly ProductError[], allowed: number): Set<string> {
  const worst = [...errors].sort((a, b) => b.error - a.error);
  let rest = worst.reduce((sum, { error }) => sum + error, 0);
  const chosen = new Set<string>();
  for (const { output, error } of worst) {
    if (rest <= allowed ** 2) break;
    chosen.add(output);
    rest -= error;
  }
  return chosen;
}
