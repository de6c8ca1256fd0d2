/** Parts of logits that are sums over words: they add up, whatever the similarity, the windows and the precision; words without labels and texts. */
import '../../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, ClassifierOptions } from '../../../src/classify/classifier.ts';
import { explain } from '../../../src/classify/explain/explain.ts';
import { createLateClassifier } from '../../../src/classify/late/late-classifier.ts';
import { lateFunctions } from '../../../src/classify/late/late-graphs.ts';
import { loadClassifier } from '../../../src/classify/load-classifier.ts';
import { openClassifier } from '../../../src/classify/open-classifier.ts';
import { createEncoder } from '../../../src/model/encoders/index.ts';
import type { GliZNetOptions } from '../../../src/model/options.ts';
import { createGraphSession } from '../../../src/runtime/onnx-session.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { traceGraph } from '../../../src/trace/trace.ts';
import { readEncoderFolder } from '../../../src/weights/encoder-weights.ts';
import { random } from '../../random.ts';
import { LATE_OPTIONS, randomWeights, type Weights } from '../../random-model.ts';
import { TINY_ENCODER, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

process.env.GLZ_CACHE = temporaryFolder();

const LABELS = ['red', 'the blue house', 'a', 'and', 'children'];
const LONG = 'The teacher asked the children to draw a red house, and the blue one. '.repeat(12);
const TEXTS = ['The RED house!', 'a', '', ' \n', LONG, '😀 and ☃', 'blue and red and the house of blue'];

const KINDS: [string, Partial<GliZNetOptions>][] = [
  ['a cosine', {}],
  ['a cosine of projections', { projection: 8 }],
  ['labels that read tokens', { tokenShare: 0.6, tokenSharpness: 15 }],
  ['a weighted product', { similarity: 'linear', projection: 8 }],
  ['a bilinear form', { similarity: 'bilinear', projection: 6 }],
  ['a product, labels between [CLS] and [SEP]', { similarity: 'dot', labelStyle: 'separator' }],
];

/** Checks that what words add, and one figure for all, are the logits. Gives that figure. */
async function constantOf(classifier: Classifier, options: ClassifierOptions, digits: number): Promise<number> {
  const scored = await classifier.logits(
    TEXTS.map((text) => ({ text, labels: LABELS })),
    options,
  );
  const chosen = [3, 0, 2];
  const found = await classifier.wordParts!(
    TEXTS.map((text) => ({ text, labels: LABELS, chosen })),
    options,
  );
  const constants = found.flatMap(({ parts, words }, at) => {
    if (words.length === 0) return [];
    return parts.map((part, k) => scored[at].logits[chosen[k]] - part.reduce((sum, each) => sum + each, 0));
  });
  expect(constants.length).toBe(3 * 5);
  for (const constant of constants) expect(constant).toBeCloseTo(constants[0], digits);
  return constants[0];
}

describe.each(KINDS)('of a model with %s', (name, kind) => {
  const options = { ...LATE_OPTIONS, maxLength: 32, ...kind };
  let weights: Weights;
  let classifier: Classifier;
  beforeAll(async () => {
    const tokenizer = await loadTokenizer(TINY_ENCODER);
    const encoder = createEncoder(readEncoderFolder(TINY_ENCODER).config);
    weights = randomWeights(encoder, options, random(name.length));
    classifier = await openClassifier({ encoder, options, tokenizer }, weights, async (pass) =>
      createGraphSession(traceGraph(pass), { threads: 1 }),
    );
  });
  afterAll(() => classifier.dispose());

  it.each<[string, ClassifierOptions]>([
    ['windows that are averaged', {}],
    ['the best window', { mergeWindows: 'max' }],
    ['one window', { windows: 1, batchSize: 2 }],
  ])('parts add up to the logits with %s', async (_, how) => {
    const bias = weights.get('similarity.bias')?.data[0] ?? 0;
    expect(await constantOf(classifier, how, 4)).toBeCloseTo(bias, 4);
  });
});

it('the graph of parts gives what the eager function gives, on every shape', async () => {
  await tf.setBackend('cpu');
  for (const [name, kind] of KINDS) {
    const next = random(name.length);
    const options = { ...LATE_OPTIONS, ...kind };
    const encoder = createEncoder(readEncoderFolder(TINY_ENCODER).config);
    const weights = randomWeights(encoder, options, next);
    const { parts } = lateFunctions({ encoder, options }, weights);
    const session = await createGraphSession(traceGraph(parts!), { threads: 1 });
    const constants = Object.fromEntries([...weights].map(([each, { data, shape }]) => [each, tf.tensor(data, shape)]));
    for (const [batch, length, labels] of [
      [1, 1, 1],
      [3, 7, 2],
      [2, 19, 4],
    ]) {
      const drawn = (...shape: number[]) => ({
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => next() - 0.5),
      });
      const feeds = {
        hidden: drawn(batch, length, encoder.hiddenSize),
        labels: drawn(batch, labels, options.projection ?? encoder.hiddenSize),
        text_mask: { shape: [batch, length], data: Int32Array.from({ length: batch * length }, (_, i) => Number(next() > 0.3 && i > 0)) },
      };
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([each, { data, shape }]) => [
          each,
          tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'),
        ]),
      );
      const expected = parts!.run({ ...constants, ...tensors }).parts.dataSync();
      const found = (await session.run(feeds, ['parts'])).parts;
      expect(found.length).toBe(batch * length * labels);
      for (const [at, value] of found.entries()) expect(value).toBeCloseTo(expected[at], 4);
    }
    await session.dispose();
  }
});

it.each(['fp32', 'int8'] as const)('of a checkpoint in %s they add up to the logits in that precision', async (precision) => {
  const checkpoint = await writeTinyCheckpoint({ ...LATE_OPTIONS, maxLength: 32 });
  const classifier = await loadClassifier(checkpoint, { precision, threads: 1 });
  expect(await constantOf(classifier, {}, 4)).toBeCloseTo(-5, 4);
  await classifier.dispose();
});

it('takes labels from sets of any size, each text with its own', async () => {
  const tokenizer = await loadTokenizer(TINY_ENCODER);
  const encoder = createEncoder(readEncoderFolder(TINY_ENCODER).config);
  const weights = randomWeights(encoder, LATE_OPTIONS, random(3));
  const { texts, scores, parts } = lateFunctions({ encoder, options: LATE_OPTIONS }, weights);
  const open = async (pass: typeof texts) => createGraphSession(traceGraph(pass), { threads: 1 });
  let opened = 0;
  const sessions = {
    ...{ texts: await open(texts), scores: await open(scores) },
    parts: () => {
      opened++;
      return opened === 1 ? Promise.reject(new Error('the disk is full')) : open(parts!);
    },
  };
  const classifier = await createLateClassifier(tokenizer, LATE_OPTIONS, sessions, {
    identity: 'a'.repeat(64),
    largeFrom: 4,
    blockLabels: 2,
    memory: 1,
  });
  const few = ['house', 'red'];
  const requests = [
    { text: TEXTS[0], labels: LABELS, chosen: [4, 0] },
    { text: TEXTS[6], labels: few, chosen: [1] },
    { text: TEXTS[6], labels: few, chosen: [] },
  ];
  await expect(classifier.wordParts!(requests)).rejects.toThrow('the disk is full');
  const [own, other, none] = await classifier.wordParts!(requests);
  const [{ logits: first }, { logits: second }] = await classifier.logits(requests);
  const explained = await explain(
    classifier,
    requests.map((request, at) => ({ ...request, logits: [first, second, second][at] })),
  );
  expect([own.parts.length, other.parts.length, none.parts.length]).toEqual([2, 1, 0]);
  const bias = weights.get('similarity.bias')!.data[0];
  for (const [at, logit] of [first[4], first[0], second[1]].entries()) {
    const { logit: said, bias: rest, words, method } = explained.flat()[at];
    expect(method).toBe('exact');
    expect(said).toBeCloseTo(logit, 5);
    expect(rest).toBeCloseTo(bias, 4);
    expect(rest + words.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(said, 8);
  }
  expect(explained.map((each) => each.map(({ label }) => label))).toEqual([['children', 'red'], ['red'], []]);
  expect(opened).toBe(2);
  await classifier.dispose();
  await expect(classifier.wordParts!(requests)).rejects.toThrow(/disposed/);
});
