/**
 * Derives the inference graph of a checkpoint. In a file of its own because it needs tfjs, which a prediction from a cached graph
 * does without.
 */
import { createEncoder } from '../model/encoders/index.ts';
import { gliznetParameterShapes } from '../model/gliznet.ts';
import { onnxChunks } from '../trace/onnx-proto.ts';
import { type CheckpointConfig, checkWeights, readCheckpointWeights } from '../weights/checkpoint.ts';
import { traceInference } from './gliznet-graph.ts';
import { quantizeGraph } from './quantize.ts';

/** Traces a checkpoint to an ONNX file's chunks. @throws DataError naming the tensor that is missing or of the wrong shape. */
export async function deriveInferenceGraph(folder: string, config: CheckpointConfig, precision: 'fp32' | 'int8'): Promise<Uint8Array[]> {
  const encoder = createEncoder(config.encoder);
  const weights = checkWeights(readCheckpointWeights(folder), gliznetParameterShapes(encoder, config.options), folder);
  const graph = traceInference({ encoder, options: config.options }, weights);
  return onnxChunks(precision === 'int8' ? quantizeGraph(graph) : graph);
}
