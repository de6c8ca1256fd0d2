import { createClassifier } from '../../src/engine/classifier.ts';
import { traceInference } from '../../src/engine/gliznet-graph.ts';
import { createOnnxScorer } from '../../src/engine/onnx-scorer.ts';
import { createGraphSession } from '../../src/engine/onnx-session.ts';
import { quantizeGraph } from '../../src/engine/quantize.ts';
import { createEncoder } from '../../src/model/encoders/index.ts';
import { gliznetParameterShapes } from '../../src/model/gliznet.ts';
import { loadTokenizer } from '../../src/text/tokenizer.ts';
import { checkWeights, readCheckpointConfig, readCheckpointWeights } from '../../src/weights/checkpoint.ts';
import { writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const texts = ['the train was late again', 'a film about the sea', 'he won the game in the last minute of the match', 'x'];
const labels = ['travel', 'film', 'sport', 'food and drink'];

async function both() {
  const folder = await writeTinyCheckpoint({ similarity: 'cosine', projection: null, textPooling: 'mean', labelPooling: 'mean' });
  const { options, encoder: config } = readCheckpointConfig(folder);
  const encoder = createEncoder(config);
  const weights = checkWeights(readCheckpointWeights(folder), gliznetParameterShapes(encoder, options), folder);
  const graph = traceInference({ encoder, options }, weights);
  const quantized = quantizeGraph(graph);
  const tokenizer = await loadTokenizer(folder);
  const classifiers = [];
  for (const each of [graph, quantized])
    classifiers.push(await createClassifier(tokenizer, options, createOnnxScorer(await createGraphSession(each, { threads: 1 }))));
  return { graph, quantized, exact: classifiers[0], int8: classifiers[1] };
}

describe('quantizeGraph', () => {
  it('computes with 8-bit weights, except those in front of the attention, close to float', async () => {
    const { graph, quantized, exact, int8 } = await both();
    const count = (op: string, nodes = quantized.nodes) => nodes.filter((node) => node.op === op).length;
    expect(count('MatMulIntegerToFloat')).toBeGreaterThan(0);
    expect(count('Gemm') + count('MatMulIntegerToFloat')).toBe(count('Gemm', graph.nodes));
    const kept = quantized.nodes.filter((node) => node.op === 'Gemm').map((node) => node.inputs[1]);
    expect(kept.every((name) => /query|key|value/.test(name))).toBe(true);
    const requests = texts.map((text) => ({ text, labels }));
    const [a, b] = [await exact.logits(requests), await int8.logits(requests)];
    for (const [row, { logits }] of a.entries())
      for (const [k, logit] of logits.entries()) expect(Math.abs(b[row].logits[k] - logit)).toBeLessThan(0.3);
    await exact.dispose();
    await int8.dispose();
  });

  it('gives a text the same scores whatever else is in its batch', async () => {
    const { exact, int8 } = await both();
    const together = await int8.logits(texts.map((text) => ({ text, labels })));
    for (const [row, text] of texts.entries()) {
      const [alone] = await int8.logits([{ text, labels }]);
      for (const [k, logit] of alone.logits.entries()) expect(together[row].logits[k]).toBeCloseTo(logit, 2);
    }
    await exact.dispose();
    await int8.dispose();
  });
});
