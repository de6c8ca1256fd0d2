/**
 * GliZNet against PyTorch (tests/fixtures/gliznet): scores, loss terms, every gradient and the parameters after three AdamW
 * steps, eagerly on tfjs's CPU backend and through the traced graphs on ONNX Runtime. Tolerances from the fixtures' README.
 */
import { readFileSync } from 'node:fs';
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { traceInference } from '../../src/classify/gliznet-graph.ts';
import { sequenceFeeds } from '../../src/classify/sequence-feeds.ts';
import { adamwUpdate } from '../../src/model/adamw.ts';
import { createEncoder } from '../../src/model/encoders/index.ts';
import { type GliZNetInputs, gliznetForward, gliznetParameterShapes } from '../../src/model/gliznet.ts';
import { ARTICLE_LOSS, hybridLoss, type LossSettings } from '../../src/model/loss.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../../src/model/options.ts';
import { createGraphSession } from '../../src/runtime/onnx-session.ts';
import { createTrainingEngine, decaysByDefault, type TrainingBatch } from '../../src/train/engine/training-session.ts';
import { readSafetensors } from '../../src/weights/formats/safetensors.ts';
import { freshState } from '../random-model.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url).pathname;
const encoder = createEncoder(JSON.parse(readFileSync(`${FIXTURES}encoders/bert/config.json`, 'utf8')));
const tensors = (path: string) => readSafetensors(`${FIXTURES}gliznet/${path}`) as Map<string, { shape: number[]; data: Float32Array }>;

function fixture(kind: 'dot' | 'linear' | 'bilinear') {
  const inputs = readSafetensors(`${FIXTURES}gliznet/${kind}/inputs.safetensors`);
  const ints = (name: string) => Int32Array.from(inputs.get(name)!.data as ArrayLike<number>);
  const [batch, length] = inputs.get('input_ids')!.shape;
  const labels = inputs.get('targets')!.shape[1];
  const sample: TrainingBatch = {
    batch,
    length,
    labels,
    inputIds: ints('input_ids'),
    attentionMask: ints('attention_mask'),
    labelMask: ints('lmask'),
    textMask: new Int32Array(batch * length),
    labelCounts: new Int32Array(batch).fill(labels),
    targets: Float32Array.from(ints('targets')),
    valid: Float32Array.from(ints('valid')),
  };
  const expected = JSON.parse(readFileSync(`${FIXTURES}gliznet/${kind}/expected.json`, 'utf8'));
  const options: GliZNetOptions = { ...ARTICLE_OPTIONS, projection: 16, similarity: kind, maxLength: 64 };
  return { kind, sample, expected, options, weights: tensors(`${kind}/weights.safetensors`) };
}

/** Largest absolute difference. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const each = Math.abs(a[i] - b[i]);
    if (!(each <= worst)) worst = each; // NaN counts
  }
  return worst;
}

/** Expected gradients or parameters agree within `limit`; key biases within 1e-6 as gradients, not at all as parameters. */
function compareAll(
  actual: (name: string) => ArrayLike<number>,
  expected: Map<string, { data: Float32Array }>,
  limit: number,
  areGradients: boolean,
) {
  for (const [name, { data }] of expected) {
    const keyBias = name.endsWith('attention.self.key.bias');
    if (keyBias && !areGradients) continue;
    const worst = difference(actual(name), data);
    if (!(worst <= (keyBias ? 1e-6 : limit))) throw new Error(`${name}: differs by ${worst}`);
  }
}

const STEP = { learningRate: 1e-3, betas: [0.9, 0.999] as [number, number], epsilon: 1e-8, weightDecay: 0.01, gradientScale: 1 };
const onLogits: LossSettings = { ...ARTICLE_LOSS, marginOn: 'logits' };

/** The model of a fixture on tfjs's CPU backend: forward pass, loss and gradients. */
function eager({ sample, options }: ReturnType<typeof fixture>) {
  const int2d = (data: Int32Array) => tf.tensor2d(data, [sample.batch, sample.length], 'int32');
  const inputs: GliZNetInputs = {
    inputIds: int2d(sample.inputIds),
    attentionMask: int2d(sample.attentionMask),
    labelMask: int2d(sample.labelMask),
    textMask: int2d(sample.textMask),
    positions: tf.tensor1d(
      Int32Array.from({ length: sample.length }, (_, i) => i),
      'int32',
    ),
    labelNumbers: tf.tensor1d(
      Int32Array.from({ length: sample.labels }, (_, i) => i + 1),
      'int32',
    ),
  };
  const targets = tf.tensor2d(sample.targets, [sample.batch, sample.labels]);
  const valid = tf.tensor2d(sample.valid, [sample.batch, sample.labels]);
  const names = Object.keys(gliznetParameterShapes(encoder, options));
  const forward = (weights: Record<string, tf.Tensor>, detachAttention = false) =>
    gliznetForward(encoder, options, weights, inputs, { detachAttention });
  const terms = (logits: tf.Tensor2D, loss: LossSettings) => hybridLoss({ logits, targets, valid }, loss);
  return {
    forward,
    terms,
    gradients(weights: Record<string, tf.Tensor>, loss: LossSettings, detachAttention = false) {
      const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
        const named = Object.fromEntries(names.map((name, i) => [name, values[i]]));
        return terms(forward(named, detachAttention).logits, loss).loss;
      })(names.map((name) => weights[name]));
      return { loss: value.dataSync()[0], gradients: new Map(names.map((name, i) => [name, grads[i]])) };
    },
  };
}

const asTensors = (weights: Map<string, { shape: number[]; data: Float32Array }>) =>
  Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)]));

describe.each(['dot', 'linear', 'bilinear'] as const)('GliZNet with %s similarity', (kind) => {
  const setup = fixture(kind);
  const { sample, expected, options, weights } = setup;
  const forward = tensors(`${kind}/forward.safetensors`);

  it('has exactly the parameters of the reference', () => {
    const shapes = gliznetParameterShapes(encoder, options);
    expect(Object.keys(shapes).sort()).toEqual([...weights.keys()].sort());
    for (const [name, { shape }] of weights) expect(shapes[name]).toEqual(shape);
    expect([...weights.keys()].filter((name) => !decaysByDefault(name)).sort()).toEqual(expected.optimizer.no_decay);
  });

  describe('eagerly', () => {
    beforeAll(() => tf.setBackend('cpu'));

    it('gives the forward values and both losses', () => {
      const model = eager(setup);
      const output = model.forward(asTensors(weights));
      const terms = model.terms(output.logits, ARTICLE_LOSS);
      const valid = sample.valid;
      const scores = output.logits.dataSync().map((score, i) => score * valid[i]);
      expect(difference(scores, forward.get('scores')!.data)).toBeLessThan(1e-5);
      expect(difference(output.text.dataSync(), forward.get('text')!.data)).toBeLessThan(1e-5);
      expect(difference(output.labels.dataSync(), forward.get('label')!.data)).toBeLessThan(1e-5);
      const shares = tf.transpose(output.tokenShares, [0, 2, 1]).dataSync();
      expect(difference(shares, forward.get('weights_in_label')!.data)).toBeLessThan(1e-5);
      expect(terms.loss.dataSync()[0]).toBeCloseTo(expected.loss_probabilities.total, 5);
      expect(terms.bce.dataSync()[0]).toBeCloseTo(expected.loss_probabilities.bce, 5);
      expect(terms.margin.dataSync()[0]).toBeCloseTo(expected.loss_probabilities.margin, 5);
      const logits = model.terms(output.logits, onLogits);
      expect(logits.loss.dataSync()[0]).toBeCloseTo(expected.loss_logits.total, 5);
      expect(logits.margin.dataSync()[0]).toBeCloseTo(expected.loss_logits.margin, 5);
    });

    it.each([
      ['probabilities', ARTICLE_LOSS, false],
      ['logits', onLogits, false],
      ['probabilities_detached', ARTICLE_LOSS, true],
    ] as const)('gives every gradient (margin on %s)', (file, loss, detached) => {
      const { gradients } = eager(setup).gradients(asTensors(weights), loss, detached);
      compareAll((name) => gradients.get(name)!.dataSync(), tensors(`${kind}/grads_${file}.safetensors`), 1e-5, true);
    });

    it('gives the parameters after three AdamW steps', () => {
      const states = new Map([...weights].map(([name, { shape, data }]) => [name, freshState(tf.tensor(data, shape))]));
      for (let step = 1; step <= 3; step++) {
        const now = Object.fromEntries([...states].map(([name, state]) => [name, state.parameter]));
        const { loss, gradients } = eager(setup).gradients(now, ARTICLE_LOSS);
        expect(loss).toBeCloseTo(expected.loss_curve_probabilities[step - 1], 4);
        for (const [name, state] of states)
          states.set(name, adamwUpdate(state, gradients.get(name)!, { ...STEP, step, weightDecay: decaysByDefault(name) ? 0.01 : 0 }));
      }
      compareAll((name) => states.get(name)!.parameter.dataSync(), tensors(`${kind}/after3_probabilities.safetensors`), 2e-5, false);
    });
  });

  describe('traced, on ONNX Runtime', () => {
    it('gives the scores', async () => {
      const session = await createGraphSession(traceInference({ encoder, options }, weights), { threads: 1 });
      const { logits } = await session.run(sequenceFeeds(sample), ['logits']);
      await session.dispose();
      expect(
        difference(
          Array.from(logits, (score, i) => score * sample.valid[i]),
          forward.get('scores')!.data,
        ),
      ).toBeLessThan(1e-5);
    });

    it.each([
      ['probabilities', ARTICLE_LOSS, false],
      ['logits', onLogits, false],
      ['probabilities_detached', ARTICLE_LOSS, true],
    ] as const)('gives the loss and every gradient (margin on %s)', async (file, loss, detachAttention) => {
      const engine = await createTrainingEngine({ encoder, options, weights, loss, detachAttention, session: { threads: 1 } });
      const result = await engine.accumulate(sample, 1);
      const reference = file === 'logits' ? expected.loss_logits : expected.loss_probabilities;
      expect(result.loss).toBeCloseTo(reference.total, 5);
      expect(result.bce).toBeCloseTo(reference.bce, 5);
      expect(result.margin).toBeCloseTo(reference.margin, 5);
      compareAll((name) => engine.gradients.get(name)!, tensors(`${kind}/grads_${file}.safetensors`), 1e-5, true);
      expect(await engine.gradientNorm()).toBeCloseTo(expected.gradient_norm[file], 4);
      await engine.dispose();
    });

    it('gives the parameters after three AdamW steps, whole or in accumulated parts', async () => {
      const after = tensors(`${kind}/after3_probabilities.safetensors`);
      for (const parts of [1, 2]) {
        const engine = await createTrainingEngine({ encoder, options, weights, loss: ARTICLE_LOSS, session: { threads: 1 } });
        for (let step = 1; step <= 3; step++) {
          for (let part = 0; part < parts; part++) {
            const { loss } = await engine.accumulate(sample, 1 / parts);
            expect(loss).toBeCloseTo(expected.loss_curve_probabilities[step - 1], 4);
          }
          await engine.apply({ ...STEP, step });
        }
        compareAll((name) => engine.parameters.get(name)!.data, after, 2e-5, false);
        await engine.dispose();
      }
    });
  });
});
