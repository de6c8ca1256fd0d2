/**
 * Properties of the traced graphs: one graph serves every batch, length and number of labels and equals the eager model there, for
 * every pooling and similarity; padding, neighbours in the batch and the order of labels change nothing.
 */
import { readFileSync } from 'node:fs';
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { traceInference } from '../../src/classify/gliznet-graph.ts';
import { sequenceFeeds } from '../../src/classify/sequence-feeds.ts';
import { createEncoder } from '../../src/model/encoders/index.ts';
import { type GliZNetInputs, gliznetForward } from '../../src/model/gliznet.ts';
import { hybridLoss, type LossSettings } from '../../src/model/loss.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions, hasBlocks } from '../../src/model/options.ts';
import { createGraphSession, type GraphSession } from '../../src/runtime/onnx-session.ts';
import type { JointBatch } from '../../src/text/joint-sequence.ts';
import { createTrainingEngine } from '../../src/train/engine/training-session.ts';
import { random } from '../random.ts';
import { GATED_OPTIONS, randomBatch, randomWeights, type Weights } from '../random-model.ts';

const config = JSON.parse(readFileSync(new URL('../fixtures/encoders/bert/config.json', import.meta.url), 'utf8'));
// A small vocabulary: eager gradients of the embedding table are what makes this test slow.
const encoder = createEncoder({ ...config, vocab_size: 60 });

function eagerInputs(batch: JointBatch): GliZNetInputs {
  const int2d = (data: Int32Array) => tf.tensor2d(data, [batch.batch, batch.length], 'int32');
  return {
    inputIds: int2d(batch.inputIds),
    attentionMask: int2d(batch.attentionMask),
    labelMask: int2d(batch.labelMask),
    textMask: int2d(batch.textMask),
    positions: tf.tensor1d(
      Int32Array.from({ length: batch.length }, (_, i) => i),
      'int32',
    ),
    blockNumbers: int2d(batch.blocks!.numbers),
    positionIds: int2d(batch.blocks!.positions),
    labelNumbers: tf.tensor1d(
      Int32Array.from({ length: batch.labels }, (_, i) => i + 1),
      'int32',
    ),
  };
}

const asTensors = (weights: Weights) => Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)]));

/** Largest difference where `valid` is 1. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>, valid?: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    const each = Math.abs(actual[i] - expected[i]);
    if ((!valid || valid[i]) && !(each <= worst)) worst = each;
  }
  return worst;
}

const OPTIONS: [string, GliZNetOptions][] = [
  ['attention pooling, projection, linear', { ...ARTICLE_OPTIONS, projection: 8 }],
  ['mean pooling, cosine', { ...GATED_OPTIONS, crossAttention: 'free' }],
  ['marker pooling, bilinear', { ...ARTICLE_OPTIONS, labelPooling: 'marker', projection: 6, similarity: 'bilinear', labelStyle: 'marker' }],
  ['gated cross-attention', GATED_OPTIONS],
  ['one-way cross-attention', { ...GATED_OPTIONS, crossAttention: 'one-way' }],
  ['mean text, dot', { ...ARTICLE_OPTIONS, textPooling: 'mean', projection: null, similarity: 'dot' }],
];
const LOSS: LossSettings = {
  bceWeight: 0.7,
  marginWeight: 0.3,
  margin: 0.5,
  marginOn: 'probabilities',
  softmaxWeight: 0.2,
  distillWeight: 0.1,
};

describe.each(OPTIONS)('the traced graphs with %s', (name, options) => {
  const next = random(name.length);
  const weights = randomWeights(encoder, options, next);
  let session: GraphSession;

  beforeAll(async () => {
    tf.setBackend('cpu');
    session = await createGraphSession(traceInference({ encoder, options }, weights), { threads: 1 });
  });
  afterAll(() => session.dispose());

  const logitsOf = async (batch: JointBatch) => {
    const own = hasBlocks(options) ? batch : { ...batch, blocks: undefined };
    return (await session.run(sequenceFeeds(own), ['logits'])).logits;
  };

  it('infers as the eager model on random shapes', async () => {
    for (let trial = 0; trial < 6; trial++) {
      const labels = 1 + Math.floor(next() * 9);
      const batch = randomBatch(next, 1 + Math.floor(next() * 5), labels + 4 + Math.floor(next() * 40), labels);
      const eager = gliznetForward(encoder, options, asTensors(weights), eagerInputs(batch)).logits.dataSync();
      expect(difference(await logitsOf(batch), eager, batch.valid)).toBeLessThan(2e-5);
    }
  });

  it('trains as the eager model on random shapes: every loss term and every gradient', async () => {
    const engine = await createTrainingEngine({ encoder, options, weights, loss: LOSS, session: { threads: 1 } });
    const names = [...weights.keys()];
    for (const [size, length, labels] of [
      [3, 21, 5],
      [1, 9, 1],
      [2, 33, 7],
    ]) {
      const batch = randomBatch(next, size, length, labels);
      const matrix = (data: Float32Array) => tf.tensor2d(data, [size, labels]);
      const inputs = eagerInputs(batch);
      const lossOf = (values: Record<string, tf.Tensor>) =>
        hybridLoss(
          {
            logits: gliznetForward(encoder, options, values, inputs).logits,
            targets: matrix(batch.targets),
            valid: matrix(batch.valid),
            teacher: matrix(batch.teacher!),
          },
          LOSS,
        );
      const terms = lossOf(asTensors(weights));
      const { grads } = tf.valueAndGrads(
        (...values: tf.Tensor[]) => lossOf(Object.fromEntries(names.map((each, i) => [each, values[i]]))).loss,
      )(names.map((each) => asTensors(weights)[each]));
      const result = await engine.accumulate(hasBlocks(options) ? batch : { ...batch, blocks: undefined }, 1);
      for (const term of ['loss', 'bce', 'margin', 'softmax', 'distill'] as const)
        expect(result[term]).toBeCloseTo(terms[term]!.dataSync()[0], 5);
      names.forEach((each, i) => {
        const expected = grads[i].dataSync() as Float32Array;
        const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        const worst = difference(engine.gradients.get(each)!, expected);
        if (!(worst <= 1e-5 + 1e-4 * largest))
          throw new Error(`${each} at ${size}x${length}x${labels}: gradient differs by ${worst} of ${largest}`);
      });
      // An update of nothing ends the accumulation.
      await engine.apply({ learningRate: 0, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, gradientScale: 1, step: 1 });
    }
    await engine.dispose();
  });

  it('gives a row the same scores alone, among others and with more padding', async () => {
    const batch = randomBatch(next, 4, 30, 6);
    const together = await logitsOf(batch);
    for (let row = 0; row < batch.batch; row++) {
      const extra = 7;
      const single = randomBatch(next, 1, batch.length + extra, batch.labels);
      for (const key of ['inputIds', 'attentionMask', 'labelMask', 'textMask'] as const) {
        single[key].fill(0);
        single[key].set(batch[key].subarray(row * batch.length, (row + 1) * batch.length));
      }
      for (const key of ['numbers', 'positions'] as const) {
        single.blocks![key].fill(0);
        single.blocks![key].set(batch.blocks![key].subarray(row * batch.length, (row + 1) * batch.length));
      }
      const valid = batch.valid.subarray(row * batch.labels, (row + 1) * batch.labels);
      expect(difference(await logitsOf(single), together.subarray(row * batch.labels, (row + 1) * batch.labels), valid)).toBeLessThan(2e-5);
    }
  });
});
