/**
 * Derives the inference graph of a checkpoint. In a file of its own because it needs tfjs, which a prediction from a cached graph
 * does without.
 */
import { join } from 'node:path';
import { DataError, UsageError } from '../base/errors.ts';
import type { Encoder } from '../model/encoders/encoder.ts';
import { createEncoder } from '../model/encoders/index.ts';
import { ENCODER_PREFIX, gliznetParameterShapes } from '../model/gliznet.ts';
import { findActivationRanges } from '../runtime/int8/activation-ranges.ts';
import { withBlockTables } from '../runtime/int8/block-tables.ts';
import { ALLOWED_ERROR, chooseFloatProducts, errorOf, type Judged, productErrors } from '../runtime/int8/float-products.ts';
import { quantizeGraph } from '../runtime/int8/quantize.ts';
import { withHalfWeights, withSmallTables } from '../runtime/int8/small-weights.ts';
import type { Feed } from '../runtime/onnx-session.ts';
import type { Graph } from '../trace/graph.ts';
import { onnxChunks } from '../trace/onnx-proto.ts';
import { traceGraph } from '../trace/trace.ts';
import { type CheckpointConfig, checkWeights, type FloatWeights, readCheckpointWeights } from '../weights/checkpoint.ts';
import { traceInference } from './gliznet-graph.ts';
import { lateFunctions } from './late/late-graphs.ts';
import { madeUpFeeds } from './made-up-feeds.ts';
import { traceSentenceEmbedder } from './sentence-embedder.ts';

/** The graphs that are derived from a checkpoint; of a model that reads labels once `fp32` and `int8` are the graph of its texts. */
export type GraphKind = 'fp32' | 'int8' | 'embedding' | 'labels' | 'scores' | 'readings' | 'parts';

/** Vectors of texts judged by the logits that they would have with each other in the place of labels: [B, B]. */
function textsAsLogits(batch: number, weights: FloatWeights): Judged {
  const scale = weights.get('similarity.scale')?.data[0] ?? 1;
  return {
    output: 'text',
    logits(values, exact) {
      const size = values.length / batch;
      return Float32Array.from({ length: batch * batch }, (_, at) => {
        const [text, label] = [Math.floor(at / batch) * size, (at % batch) * size];
        let product = 0;
        for (let i = 0; i < size; i++) product += values[text + i] * exact[label + i];
        return scale * product;
      });
    },
  };
}

/** What is known while a graph is made: how many of its products were tried in 8 bits. */
export type DerivationProgress = (done: number, products: number) => void;

/** An inference graph in 8 bits, whose logits are off by no more than `allowed` (root mean square) on made-up sequences. */
async function int8Graph(
  graph: Graph,
  feeds: Record<string, Feed>,
  judged: Judged | undefined,
  allowed: number,
  onProduct?: DerivationProgress,
): Promise<Graph> {
  const ranges = await findActivationRanges(graph, feeds);
  // Tables that would take over half of what is allowed stay float16.
  const small = withSmallTables(graph);
  const ofTables = await errorOf(small, graph, feeds, judged);
  const isSmall = ofTables < allowed ** 2 / 2;
  const start = isSmall ? small : graph;
  // To try each product takes a minute, and mostly none has to stay in float.
  const whole = quantizeGraph(start, ranges);
  if ((await errorOf(whole, graph, feeds, judged)) <= allowed ** 2) return withHalfWeights(whole);
  const errors = await productErrors(graph, ranges, feeds, judged, onProduct);
  // Errors add up as squares: what the tables take is taken off the products.
  const inFloat = chooseFloatProducts(errors, Math.sqrt(allowed ** 2 - (isSmall ? ofTables : 0)));
  return withHalfWeights(quantizeGraph(start, ranges, { inFloat }));
}

/**
 * Traces a checkpoint to an ONNX file's chunks.
 * @param allowedError root mean square error of the logits that int8 may have on made-up sequences
 * @param onProduct told of an int8 graph how far it is
 * @throws DataError naming the tensor that is missing or of the wrong shape, or the configuration's field that is wrong
 */
export async function deriveInferenceGraph(
  folder: string,
  config: CheckpointConfig,
  kind: GraphKind,
  allowedError = ALLOWED_ERROR,
  onProduct?: DerivationProgress,
): Promise<Uint8Array[]> {
  let encoder: Encoder;
  try {
    encoder = createEncoder(config.encoder);
  } catch (error) {
    throw error instanceof UsageError ? new DataError(`${join(folder, 'config.json')}: ${error.message}`) : error;
  }
  const weights = checkWeights(readCheckpointWeights(folder), gliznetParameterShapes(encoder, config.options), folder);
  if (kind === 'embedding') {
    const own = new Map([...weights].map(([name, tensor]) => [name.replace(ENCODER_PREFIX, ''), tensor]));
    return onnxChunks(traceSentenceEmbedder(encoder, own));
  }
  const model = { encoder, options: config.options };
  const late = config.options.crossAttention === 'late' ? lateFunctions(model, weights) : undefined;
  if (late && (kind === 'labels' || kind === 'scores' || kind === 'readings' || kind === 'parts'))
    return onnxChunks(traceGraph(late[kind]!));
  const graph = withBlockTables(late ? traceGraph(late.texts) : traceInference(model, weights));
  if (kind === 'fp32') return onnxChunks(graph);
  const feeds = madeUpFeeds(
    graph.inputs.map(({ name }) => name),
    Number(config.encoder.vocab_size),
    config.options.maxLength,
  );
  const judged = late && textsAsLogits(feeds.input_ids.shape[0], weights);
  return onnxChunks(await int8Graph(graph, feeds, judged, allowedError, onProduct));
}
