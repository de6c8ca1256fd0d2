/**
 * Models that read labels once: the graphs equal the eager model on every shape, training equals eager gradients, and a score does not depend on
 * the order, the number and the packing of labels (with set attention: on their order).
 */
import { readFileSync } from 'node:fs';
import '../../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../../src/classify/classifier.ts';
import { inferenceFunction, trainingFunction } from '../../../src/classify/gliznet-graph.ts';
import { createLateClassifier } from '../../../src/classify/late/late-classifier.ts';
import { lateFunctions } from '../../../src/classify/late/late-graphs.ts';
import { MOST_READERS } from '../../../src/classify/late/late-scores.ts';
import { openClassifier } from '../../../src/classify/open-classifier.ts';
import { sequenceFeeds } from '../../../src/classify/sequence-feeds.ts';
import { createEncoder } from '../../../src/model/encoders/index.ts';
import { GATE, gliznetParameterShapes } from '../../../src/model/gliznet.ts';
import type { LossSettings } from '../../../src/model/loss.ts';
import type { GliZNetOptions } from '../../../src/model/options.ts';
import { createGraphSession } from '../../../src/runtime/onnx-session.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { traceGraph } from '../../../src/trace/trace.ts';
import { createTrainingEngine, type LateTrainingBatch, trainingFeeds } from '../../../src/train/engine/training-session.ts';
import { random } from '../../random.ts';
import { LATE_OPTIONS, randomLateBatch, randomWeights, type Weights } from '../../random-model.ts';
import { TINY_ENCODER } from '../../tiny-checkpoint.ts';

const configOf = (family: string) =>
  JSON.parse(readFileSync(new URL(`../../fixtures/encoders/${family}/config.json`, import.meta.url), 'utf8'));
const config = configOf('bert');
const encoder = createEncoder({ ...config, vocab_size: 60 });
const LOSS: LossSettings = {
  ...{ bceWeight: 0.7, marginWeight: 0.3, margin: 0.5, marginOn: 'probabilities' as const },
  ...{ softmaxWeight: 0.2, distillWeight: 0.1 },
};

const KINDS: [string, Partial<GliZNetOptions>][] = [
  ['two vectors', {}],
  ['two vectors, projection, linear', { projection: 8, similarity: 'linear', textPooling: 'cls' }],
  ['two vectors, bilinear, labels between [CLS] and [SEP]', { projection: 6, similarity: 'bilinear', labelStyle: 'separator' }],
  ['labels that read tokens', { textPooling: 'mean', similarity: 'cosine', tokenShare: 0.6, tokenSharpness: 12 }],
  ['labels that read projected tokens', { textPooling: 'mean', similarity: 'cosine', projection: 8, tokenShare: 1, tokenSharpness: 5 }],
  ['one upper layer', { upperLayers: 1 }],
  ['one upper layer with set attention', { upperLayers: 1, setAttention: true, projection: 8, similarity: 'dot' }],
];

/** Gates wide open, so that what passes shows. */
function weightsOf(options: GliZNetOptions, next: () => number, of = encoder): Weights {
  const weights = randomWeights(of, options, next);
  weights.get(GATE)?.data.fill(-0.5);
  return weights;
}

const tensorsOf = (feeds: Record<string, { data: Float32Array | Int32Array; shape: number[] }>) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'),
    ]),
  );

const batchOf = (
  next: () => number,
  options: GliZNetOptions,
  texts: number,
  length: number,
  labels: number,
  areBlocks = true,
): LateTrainingBatch =>
  randomLateBatch(next, { ...{ texts, length, read: labels + 2, shown: options.upperLayers > 0 ? labels : undefined }, areBlocks });

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>, counts?: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    const each = Math.abs(actual[i] - expected[i]);
    if ((!counts || counts[i]) && !(each <= worst)) worst = each;
  }
  return worst;
}

describe.each(KINDS)('a late model with %s', (name, kind) => {
  const options = { ...LATE_OPTIONS, ...kind };
  const next = random(name.length);
  const weights = weightsOf(options, next);
  beforeAll(() => tf.setBackend('cpu'));

  it('infers as the eager model on random shapes', async () => {
    const request = inferenceFunction({ encoder, options }, weights);
    const session = await createGraphSession(traceGraph(request), { threads: 1 });
    const constants = tensorsOf(Object.fromEntries(weights));
    for (let trial = 0; trial < 5; trial++) {
      const batch = batchOf(next, options, 1 + Math.floor(next() * 5), 4 + Math.floor(next() * 30), 1 + Math.floor(next() * 8));
      const feeds = sequenceFeeds(batch);
      const expected = request.run({ ...constants, ...tensorsOf(feeds) }).logits.dataSync();
      const { logits } = await session.run(feeds, ['logits']);
      expect(largestDifference(logits, expected, batch.choice)).toBeLessThan(2e-5);
    }
    await session.dispose();
  });

  it('trains as the eager model: every loss term and every gradient', async () => {
    const model = { encoder, options };
    const engine = await createTrainingEngine({ ...model, weights, loss: LOSS, session: { threads: 1 } });
    const eager = trainingFunction(model, { loss: LOSS });
    for (const [texts, length, labels] of [
      [3, 21, 5],
      [1, 9, 1],
    ]) {
      const batch = batchOf(next, options, texts, length, labels);
      const feeds = { ...trainingFeeds(batch, 1), ...Object.fromEntries(weights) };
      const expected = eager.run(tensorsOf(feeds));
      const result = await engine.accumulate(batch, 1);
      for (const term of ['loss', 'bce', 'margin', 'softmax', 'distill'] as const)
        expect(result[term]).toBeCloseTo(expected[term].dataSync()[0], 5);
      for (const each of weights.keys()) {
        const gradient = expected[`gradient.${each}`].dataSync() as Float32Array;
        const largest = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        const worst = largestDifference(engine.gradients.get(each)!, gradient);
        if (!(worst <= 1e-5 + 1e-4 * largest)) throw new Error(`${each}: gradient differs by ${worst} of ${largest}`);
      }
      await engine.apply({ learningRate: 0, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, gradientScale: 1, step: 1 });
    }
    await engine.dispose();
  });

  it('gives what the three graphs of prediction give together', async () => {
    const tokenizer = await loadTokenizer(TINY_ENCODER);
    const whole = createEncoder(config);
    const own = weightsOf(options, next, whole);
    const open = () =>
      openClassifier({ encoder: whole, options, tokenizer }, own, async (pass) => createGraphSession(traceGraph(pass), { threads: 1 }));
    const classifier = await open();
    const labels = ['red', 'the blue house', 'a'];
    const texts = ['the red house', 'a', 'blue and red and the house of blue'];
    const scored = await classifier.logits(texts.map((text) => ({ text, labels })));
    const single = await classifier.logits([{ text: texts[1], labels }]);
    expect(largestDifference(single[0].logits, scored[1].logits)).toBeLessThan(1e-5);
    expect(new Set(scored.flatMap(({ logits }) => [...logits])).size).toBeGreaterThan(6);

    const turned = await classifier.logits(texts.map((text) => ({ text, labels: [...labels].reverse() })));
    for (const [at, { logits }] of turned.entries()) expect(largestDifference([...logits].reverse(), scored[at].logits)).toBeLessThan(1e-5);

    const more = await classifier.logits([{ text: texts[0], labels: [...labels, 'house', 'and', 'of the'] }]);
    const change = largestDifference(more[0].logits.slice(0, 3), scored[0].logits);
    if (options.setAttention) expect(change).toBeGreaterThan(1e-6);
    else expect(change).toBeLessThan(1e-5);

    const mixed = await classifier.logits(texts.map((text, at) => ({ text, labels: [labels[at], 'of'] })));
    if (!options.setAttention)
      for (const [at, { logits }] of mixed.entries()) expect(Math.abs(logits[0] - scored[at].logits[at])).toBeLessThan(1e-5);
    await classifier.dispose();
  });
});

describe('a late model', () => {
  it('runs with every encoder as two vectors, and with upper layers where layers can be run one by one', () => {
    for (const family of ['bert', 'distilbert', 'roberta', 'mpnet', 'electra', 'albert', 'deberta-v3', 'modernbert']) {
      const one = createEncoder(configOf(family));
      expect(gliznetParameterShapes(one, LATE_OPTIONS)[GATE]).toBeUndefined();
      const withUpper = () => gliznetParameterShapes(one, { ...LATE_OPTIONS, upperLayers: 1 })[GATE];
      if (one.readAcross) expect(withUpper()).toEqual([1, 1]);
      else expect(withUpper).toThrow(/upper layers is not there for/);
    }
  });

  it.each(['distilbert', 'roberta', 'mpnet', 'electra', 'albert'])('reads through an upper layer of %s as eager', async (family) => {
    const options = { ...LATE_OPTIONS, upperLayers: 1, setAttention: true };
    const one = createEncoder({ ...configOf(family), vocab_size: 60 });
    const next = random(family.length);
    const weights = weightsOf(options, next, one);
    const request = inferenceFunction({ encoder: one, options }, weights);
    const session = await createGraphSession(traceGraph(request), { threads: 1 });
    const batch = batchOf(next, options, 3, 14, 4);
    const expected = request.run({ ...tensorsOf(Object.fromEntries(weights)), ...tensorsOf(sequenceFeeds(batch)) }).logits.dataSync();
    const { logits } = await session.run(sequenceFeeds(batch), ['logits']);
    expect(largestDifference(logits, expected, batch.choice)).toBeLessThan(2e-5);
    await session.dispose();
  });

  it.each([
    ['bert', 0],
    ['bert', 1],
    ['distilbert', 0],
    ['roberta', 1],
    ['mpnet', 0],
    ['electra', 0],
    ['albert', 1],
  ])('of %s with %i upper layers learns the same from labels that share rows as from one in each', async (family, upperLayers) => {
    const options = { ...LATE_OPTIONS, upperLayers };
    const packing = createEncoder({ ...configOf(family), vocab_size: 60 });
    const weights = weightsOf(options, random(4), packing);
    const found = [];
    for (const areBlocks of [true, false]) {
      const encoder = { ...packing, readsBlocks: areBlocks };
      const batch = batchOf(random(8), options, 3, 14, 12, areBlocks);
      const engine = await createTrainingEngine({ encoder, options, weights, loss: LOSS, session: { threads: 1 } });
      const { logits, loss } = await engine.accumulate(batch, 1);
      found.push({ logits, loss, gradients: engine.gradients, packed: batch.packedLabels, choice: batch.choice });
      await engine.dispose();
    }
    const [shared, single] = found;
    expect([shared.packed.rows < 6, single.packed.rows, single.packed.perRow]).toEqual([true, 14, 1]);
    expect(largestDifference(shared.logits, single.logits, shared.choice)).toBeLessThan(2e-5);
    expect(Math.abs(shared.loss - single.loss)).toBeLessThan(1e-5);
    for (const [name, gradient] of shared.gradients) {
      const expected = single.gradients.get(name)!;
      const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const worst = largestDifference(gradient, expected);
      if (!(worst <= 1e-5 + 1e-4 * largest)) throw new Error(`${name}: gradient differs by ${worst} of ${largest}`);
    }
  });

  it('refuses more upper layers than leave labels one of their own, and attention pooling', () => {
    expect(() => gliznetParameterShapes(encoder, { ...LATE_OPTIONS, upperLayers: encoder.layers })).toThrow(/leave none/);
    expect(() => gliznetParameterShapes(encoder, { ...LATE_OPTIONS, labelPooling: 'attention' })).toThrow(/needs label pooling/);
  });

  it('refuses labels that read tokens where text and label are no vectors with a cosine', () => {
    const reading = { ...LATE_OPTIONS, textPooling: 'mean' as const, similarity: 'cosine' as const, tokenShare: 0.5 };
    expect(() => gliznetParameterShapes(encoder, reading)).not.toThrow();
    for (const other of [{ upperLayers: 1 }, { similarity: 'dot' }, { textPooling: 'cls' }, { crossAttention: 'one-way' }] as const)
      expect(() => gliznetParameterShapes(encoder, { ...reading, ...other })).toThrow(/^a token share needs late cross-attention/);
  });

  it('reads tokens for some texts at a time, and for none of a set that is too large, as alone', async () => {
    const tokenizer = await loadTokenizer(TINY_ENCODER);
    const options = { ...LATE_OPTIONS, textPooling: 'mean' as const, similarity: 'cosine' as const, tokenShare: 0.7, tokenSharpness: 9 };
    const whole = createEncoder(config);
    const own = weightsOf(options, random(3), whole);
    const open = (of: GliZNetOptions) =>
      openClassifier({ encoder: whole, options: of, tokenizer }, own, async (pass) => createGraphSession(traceGraph(pass), { threads: 1 }));
    const [reading, vectors] = [await open(options), await open({ ...options, tokenShare: 0 })];
    const labels = Array.from({ length: MOST_READERS + 1 }, (_, i) => `label ${i}`);
    const texts = ['the red house', 'a blue one', 'and the house of blue and red'];
    const ask = (classifier: Classifier, count: number, of = texts) =>
      classifier.logits(of.map((text) => ({ text, labels: labels.slice(0, count) })));
    // Of the largest set that is read a few texts fill a run.
    const [most, few] = [await ask(reading, MOST_READERS), await ask(reading, 50)];
    for (const [at, { logits }] of few.entries()) expect(largestDifference(most[at].logits.slice(0, 50), logits)).toBeLessThan(1e-5);
    expect(largestDifference(few[0].logits, (await ask(vectors, 50))[0].logits)).toBeGreaterThan(1e-3);
    const [all, plain] = [await ask(reading, MOST_READERS + 1), await ask(vectors, MOST_READERS + 1)];
    for (const [at, { logits }] of all.entries()) expect(largestDifference(logits, plain[at].logits)).toBeLessThan(1e-5);
    const mixed = await reading.logits([
      { text: texts[0], labels: labels.slice(0, 50) },
      { text: texts[0], labels },
    ]);
    for (const [at, { logits }] of mixed.entries()) expect(largestDifference(logits, [few, all][at][0].logits)).toBeLessThan(1e-5);
    await Promise.all([reading.dispose(), vectors.dispose()]);
  });

  it('scores in blocks of labels as all at once', async () => {
    const tokenizer = await loadTokenizer(TINY_ENCODER);
    const options = { ...LATE_OPTIONS, upperLayers: 1 };
    const whole = createEncoder(config);
    const own = weightsOf(options, random(3), whole);
    const functions = lateFunctions({ encoder: whole, options }, own);
    const session = (pass: (typeof functions)['texts']) => createGraphSession(traceGraph(pass), { threads: 1 });
    const classifier = await createLateClassifier(tokenizer, options, {
      texts: await session(functions.texts),
      labels: await session(functions.labels!),
      scores: await session(functions.scores),
    });
    const labels = Array.from({ length: 300 }, (_, i) => `label ${i}`);
    const [all] = await classifier.logits([{ text: 'the red house', labels }]);
    const [some] = await classifier.logits([{ text: 'the red house', labels: labels.slice(200, 210) }]);
    expect(largestDifference(all.logits.slice(200, 210), some.logits)).toBeLessThan(1e-5);
    await classifier.dispose();
  });
});
