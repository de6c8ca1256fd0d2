import { createClassifier } from '../../src/engine/classifier.ts';
import { traceInference } from '../../src/engine/gliznet-graph.ts';
import { findLargeFeatures } from '../../src/engine/large-features.ts';
import { createOnnxScorer } from '../../src/engine/onnx-scorer.ts';
import { createGraphSession } from '../../src/engine/onnx-session.ts';
import { quantizeGraph } from '../../src/engine/quantize.ts';
import { createEncoder } from '../../src/model/encoders/index.ts';
import { gliznetParameterShapes } from '../../src/model/gliznet.ts';
import type { GliZNetOptions } from '../../src/model/options.ts';
import { loadTokenizer } from '../../src/text/tokenizer.ts';
import type { Graph } from '../../src/trace/graph.ts';
import { checkWeights, readCheckpointConfig, readCheckpointWeights } from '../../src/weights/checkpoint.ts';
import { writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const texts = ['the train was late again', 'a film about the sea', 'he won the game in the last minute of the match', 'x'];
const labels = ['travel', 'film', 'sport', 'food and drink'];
/** A feature that is made 30 times larger in front of the first layer. */
const LOUD = 5;

/** The tiny model's graph; `loud` scales one feature of the embeddings' LayerNorm, as trained transformers have them. */
async function tinyModel(loud = 1, special: Partial<GliZNetOptions> = {}) {
  const folder = await writeTinyCheckpoint({
    similarity: 'cosine',
    projection: null,
    textPooling: 'mean',
    labelPooling: 'mean',
    ...special,
  });
  const { options, encoder: config } = readCheckpointConfig(folder);
  const encoder = createEncoder(config);
  const weights = checkWeights(readCheckpointWeights(folder), gliznetParameterShapes(encoder, options), folder);
  weights.get('encoder.embeddings.LayerNorm.weight')!.data[LOUD] *= loud;
  const graph = traceInference({ encoder, options }, weights);
  const large = await findLargeFeatures(graph, Number(config.vocab_size), options.maxLength);
  const tokenizer = await loadTokenizer(folder);
  const logits = async (each: Graph, batch: readonly string[]) => {
    const classifier = await createClassifier(tokenizer, options, createOnnxScorer(await createGraphSession(each, { threads: 1 })));
    const results = await classifier.logits(batch.map((text) => ({ text, labels })));
    await classifier.dispose();
    return results.map((result) => result.logits);
  };
  /** Largest difference of a logit from the float graph's. */
  const error = async (each: Graph) => {
    const [exact, found] = [await logits(graph, texts), await logits(each, texts)];
    return Math.max(...exact.flatMap((row, i) => [...row].map((logit, k) => Math.abs(found[i][k] - logit))));
  };
  return { graph, large, quantized: quantizeGraph(graph, large), logits, error };
}

const count = (graph: Graph, op: string) => graph.nodes.filter((node) => node.op === op).length;

describe('quantizeGraph', () => {
  it('makes every product with a constant weight an integer one, close to float', async () => {
    const { graph, quantized, error } = await tinyModel();
    expect(count(quantized, 'MatMulIntegerToFloat')).toBe(count(graph, 'Gemm'));
    const bytes = quantized.initializers.filter(({ type }) => type === 'int8').length;
    expect(bytes).toBe(count(graph, 'Gemm'));
    expect(await error(quantized)).toBeLessThan(0.2);
  });

  it('serves gated cross-attention, which has inputs of its own', async () => {
    const { quantized, error } = await tinyModel(1, { crossAttention: 'gated', labelStyle: 'marker', marker: '[MASK]' });
    expect(count(quantized, 'MatMulIntegerToFloat')).toBeGreaterThan(0);
    expect(await error(quantized)).toBeLessThan(0.2);
  });

  it('finds a feature that is far larger than the others and keeps its part of the products in float', async () => {
    const { graph, large, quantized, error } = await tinyModel(30);
    const query = graph.nodes.find(({ op, inputs }) => op === 'Gemm' && /query/.test(inputs[1]))!;
    expect([...large.get(query.inputs[0])!]).toContain(LOUD);
    const none = quantizeGraph(graph, new Map());
    expect(count(none, 'Gemm')).toBe(0);
    expect(await error(quantized)).toBeLessThan(0.6 * (await error(none)));
  });

  it('gives a text the same scores whatever else is in its batch', async () => {
    const { quantized, logits } = await tinyModel();
    const together = await logits(quantized, texts);
    for (const [row, text] of texts.entries()) {
      const [alone] = await logits(quantized, [text]);
      for (const [k, logit] of alone.entries()) expect(together[row][k]).toBeCloseTo(logit, 2);
    }
  });
});
