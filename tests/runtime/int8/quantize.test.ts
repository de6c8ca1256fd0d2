import { createClassifier } from '../../../src/classify/classifier.ts';
import { traceInference } from '../../../src/classify/gliznet-graph.ts';
import { madeUpFeeds } from '../../../src/classify/made-up-feeds.ts';
import { createOnnxScorer } from '../../../src/classify/onnx-scorer.ts';
import { createEncoder } from '../../../src/model/encoders/index.ts';
import { gliznetParameterShapes } from '../../../src/model/gliznet.ts';
import type { GliZNetOptions } from '../../../src/model/options.ts';
import { findActivationRanges } from '../../../src/runtime/int8/activation-ranges.ts';
import { chooseFloatProducts, errorOf, productErrors } from '../../../src/runtime/int8/float-products.ts';
import { quantizeGraph } from '../../../src/runtime/int8/quantize.ts';
import { withHalfWeights, withSmallTables } from '../../../src/runtime/int8/small-weights.ts';
import { createGraphSession } from '../../../src/runtime/onnx-session.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import type { Graph } from '../../../src/trace/graph.ts';
import { checkWeights, readCheckpointConfig, readCheckpointWeights } from '../../../src/weights/checkpoint.ts';
import { writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

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
  const feeds = madeUpFeeds(
    graph.inputs.map(({ name }) => name),
    Number(config.vocab_size),
    options.maxLength,
  );
  const ranges = await findActivationRanges(graph, feeds);
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
  const errors = () => productErrors(graph, ranges, feeds);
  return { graph, feeds, ranges, quantized: quantizeGraph(graph, ranges), logits, error, errors };
}

const count = (graph: Graph, op: string) => graph.nodes.filter((node) => node.op === op).length;

describe('quantizeGraph', () => {
  it('makes every product with a constant weight an integer one, close to float', async () => {
    const { graph, quantized, error } = await tinyModel();
    expect(count(quantized, 'MatMulIntegerToFloat')).toBe(count(graph, 'Gemm'));
    const bytes = quantized.initializers.filter(({ type, shape }) => type === 'int8' && shape.length === 2).length;
    expect(bytes).toBe(count(graph, 'Gemm'));
    expect(await error(quantized)).toBeLessThan(0.2);
  });

  it('leaves no pair of weights that overflows 16 bits with the largest activations, as processors without 8-bit dot products add them', async () => {
    const { quantized } = await tinyModel(30);
    let largest = 0;
    for (const { type, shape, data } of quantized.initializers) {
      if (type !== 'int8' || shape.length !== 2) continue;
      const [inSize, outSize] = shape;
      const sizeAt = (i: number, row: number) => (i < inSize ? Math.abs(data[i * outSize + row] as number) : 0);
      for (let i = 0; i < inSize; i += 2)
        for (let row = 0; row < outSize; row++) largest = Math.max(largest, sizeAt(i, row) + sizeAt(i + 1, row));
    }
    expect(255 * largest).toBeLessThan(2 ** 15);
    expect(largest).toBeGreaterThan(120); // the range is used
  });

  it('quantizes what enters several products once', async () => {
    const { graph, quantized } = await tinyModel();
    const source = (name: string): string => {
      const node = graph.nodes.find(({ outputs }) => outputs.includes(name));
      return node?.op === 'Reshape' ? source(node.inputs[0]) : name;
    };
    const entering = new Set(graph.nodes.filter(({ op }) => op === 'Gemm').map(({ inputs }) => source(inputs[0])));
    expect(entering.size).toBeLessThan(count(graph, 'Gemm'));
    expect(count(quantized, 'QuantizeLinear')).toBe(entering.size);
  });

  it.each(['gated', 'one-way'] as const)('serves %s cross-attention, which has inputs of its own', async (crossAttention) => {
    const { quantized, error } = await tinyModel(1, { crossAttention, labelStyle: 'marker', marker: '[MASK]' });
    expect(count(quantized, 'MatMulIntegerToFloat')).toBeGreaterThan(0);
    expect(await error(quantized)).toBeLessThan(0.2);
  });

  it('finds a feature that is far larger than the others and keeps its part of the products in float', async () => {
    const { graph, ranges, quantized, error } = await tinyModel(30);
    const query = graph.nodes.find(({ op, inputs }) => op === 'Gemm' && /query/.test(inputs[1]))!;
    expect([...ranges.get(query.inputs[0])!.large]).toContain(LOUD);
    const none = quantizeGraph(
      graph,
      new Map([...ranges].map(([name, { largest }]) => [name, { large: new Int32Array(), largest: largest.map(() => 1) }])),
    );
    expect(count(none, 'Gemm')).toBe(0);
    expect(await error(quantized)).toBeLessThan(0.6 * (await error(none)));
  });

  it('divides features by what makes them even: one that is loud costs little even if it is not kept in float', async () => {
    const { graph, ranges, error } = await tinyModel(30);
    const evened = (change: (largest: Float32Array) => Float32Array) =>
      quantizeGraph(
        graph,
        new Map([...ranges].map(([name, { largest }]) => [name, { large: new Int32Array(), largest: change(largest) }])),
      );
    expect(await error(evened((largest) => largest))).toBeLessThan(0.5 * (await error(evened((largest) => largest.map(() => 1)))));
  });

  it('keeps the products in float that it is told to', async () => {
    const { graph, ranges, error } = await tinyModel();
    const products = graph.nodes.filter(({ op }) => op === 'Gemm').map(({ outputs }) => outputs[0]);
    const half = quantizeGraph(graph, ranges, { inFloat: new Set(products.slice(0, 4)) });
    expect(count(half, 'MatMulIntegerToFloat')).toBe(products.length - 4);
    expect(await error(quantizeGraph(graph, ranges, { inFloat: new Set(products) }))).toBe(0);
  });

  it('measures what each product alone does to the logits; the worst ones in float leave less error', async () => {
    const { graph, feeds, ranges, quantized, errors } = await tinyModel(30);
    const measured = await errors();
    expect(measured.map(({ output }) => output)).toEqual(graph.nodes.filter(({ op }) => op === 'Gemm').map(({ outputs }) => outputs[0]));
    expect(Math.min(...measured.map((each) => each.error))).toBeGreaterThan(0);
    const sum = measured.reduce((total, each) => total + each.error, 0);
    const inFloat = chooseFloatProducts(measured, 0.5 * Math.sqrt(sum));
    expect(inFloat.size).toBeLessThan(measured.length);
    const left = await errorOf(quantizeGraph(graph, ranges, { inFloat }), graph, feeds);
    expect(left).toBeLessThan(0.5 * (await errorOf(quantized, graph, feeds)));
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

describe('small weights', () => {
  const bytes = ({ initializers }: Graph) => initializers.reduce((sum, { data }) => sum + data.byteLength, 0);

  it('are int8 for tables that are looked up, float16 for the other matrices: less than a third of the space, close to float', async () => {
    const { graph, feeds, error } = await tinyModel();
    const tables = withSmallTables(graph, 1024);
    const types = (each: Graph) => each.initializers.filter(({ data }) => data.length >= 1024).map(({ name, type }) => [name, type]);
    expect(types(tables).filter(([, type]) => type === 'int8').length).toBeGreaterThanOrEqual(1);
    expect(
      types(tables)
        .filter(([name]) => /embedding/.test(name))
        .every(([, type]) => type === 'int8'),
    ).toBe(true);
    expect(await error(tables)).toBeLessThan(0.1);
    expect(await errorOf(tables, graph, feeds)).toBeGreaterThan(0);
    const halves = withHalfWeights(graph);
    expect(await error(halves)).toBeLessThan(0.01);
    expect(await errorOf(graph, graph, feeds)).toBe(0);
    const both = withHalfWeights(tables);
    expect(bytes(both)).toBeLessThan(bytes(halves));
    expect(bytes(halves)).toBeLessThan(0.6 * bytes(graph));
    expect(await error(both)).toBeLessThan(0.1);
  });

  it('stay floats where the matrix is used otherwise, is small, or holds what float16 cannot', () => {
    const floats = (name: string, value: number) => {
      const data = new Float32Array(2048).fill(value);
      return { name, type: 'float32' as const, shape: [128, 16], data };
    };
    const node = (op: string, inputs: string[]) => ({ op, domain: '' as const, inputs, outputs: [`${inputs[0]}.out`], attributes: {} });
    const graph: Graph = {
      nodes: [node('Gather', ['tied', 'rows']), node('Gemm', ['x', 'tied']), node('Gemm', ['x', 'huge']), node('Gather', ['zero', 'rows'])],
      initializers: [floats('tied', 0.5), floats('huge', 1e6), floats('zero', 0)],
      ...{ inputs: [], outputs: [] },
    };
    const made = Object.fromEntries(withHalfWeights(withSmallTables(graph, 1024)).initializers.map(({ name, type }) => [name, type]));
    expect(made).toEqual({ 'tied.float16': 'float16', huge: 'float32', 'zero.int8': 'int8', 'zero.scales': 'float32' });
  });
});

describe('chooseFloatProducts', () => {
  const errors = [
    { output: 'a', error: 1 },
    { output: 'b', error: 9 },
    { output: 'c', error: 4 },
  ];

  it('takes the worst first, and no more than needed', () => {
    expect([...chooseFloatProducts(errors, Math.sqrt(14))]).toEqual([]);
    expect([...chooseFloatProducts(errors, Math.sqrt(13.9))]).toEqual(['b']);
    expect([...chooseFloatProducts(errors, 1)]).toEqual(['b', 'c']);
    expect([...chooseFloatProducts(errors, 0)]).toEqual(['b', 'c', 'a']);
  });
});
