/**
 * Attention between blocks in every family that has it: with the gate shut, text and labels are encoded as if each stood alone; open, they
 * see each other, and the order of labels still does not matter; one-way, a label's score is the same in any company. Eagerly and through ONNX.
 */
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { traceInference } from '../../src/classify/gliznet-graph.ts';
import { sequenceFeeds } from '../../src/classify/sequence-feeds.ts';
import { ENCODER_PREFIX, GATE, gliznetForward, gliznetParameterShapes } from '../../src/model/gliznet.ts';
import type { GliZNetOptions } from '../../src/model/options.ts';
import { createGraphSession } from '../../src/runtime/onnx-session.ts';
import { buildJointSequence, type JointLayout, padBatch } from '../../src/text/joint-sequence.ts';
import { GATED_OPTIONS } from '../random-model.ts';
import { FOLDERS, inputsOf, loadFixture, tensorsOf } from './encoders/encoder-fixtures.ts';

const [CLS, SEP, PAD] = [5, 6, 1];
const none = new Int32Array(0);
const LAYOUT = {
  ...{ labelStyle: 'marker', token: '[CLS]', labelMaskOn: 'label', blocks: true, maxLength: 40 },
  ...{ separatorIds: none, markerIds: Int32Array.of(CLS), capacity: 37, textShare: 18, labelLimit: 18 },
  special: { cls: CLS, sep: SEP, pad: PAD },
} as unknown as JointLayout;
const TEXTS = [
  [20, 31, 42, 53, 64],
  [70, 81],
];
const LABELS = [[30], [41, 52, 63], [74, 15]];

const families = FOLDERS.filter((folder) => loadFixture(folder).encoder.readsBlocks);

it('is there for the families with absolute positions and for MPNet', () => {
  expect(families).toEqual(['bert', 'distilbert', 'roberta', 'xlm-roberta', 'mpnet', 'electra', 'albert']);
  const { encoder } = loadFixture('modernbert');
  expect(() => gliznetParameterShapes(encoder, GATED_OPTIONS)).toThrow(/not there for modernbert/);
});

it('one-way needs a label pooling that does not go by attention to labels', () => {
  const { encoder } = loadFixture('bert');
  expect(() => gliznetParameterShapes(encoder, { ...GATED_OPTIONS, crossAttention: 'one-way', labelPooling: 'attention' })).toThrow(
    /one-way cross-attention needs label pooling "mean" or "marker"/,
  );
});

const ONE_WAY: GliZNetOptions = { ...GATED_OPTIONS, crossAttention: 'one-way' };

describe.each(families)('attention between blocks of %s', (folder) => {
  const { encoder, values } = loadFixture(folder);
  /** `gate` is repeated for every layer: one value for each direction, or one for all. */
  const weightsWith = (gate: readonly number[], options: GliZNetOptions) =>
    new Map(
      Object.entries(gliznetParameterShapes(encoder, options)).map(([name, shape]) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const own = name.startsWith(ENCODER_PREFIX) ? values[name.slice(ENCODER_PREFIX.length)] : undefined;
        const fresh = (at: number) => (name === GATE ? gate[at % gate.length] : name === 'similarity.scale' ? 10 : 0);
        return [name, { shape, data: own ?? Float32Array.from({ length: size }, (_, at) => fresh(at)) }];
      }),
    );

  const computed = new Map<string, Promise<number[][]>>();
  /** Logits of every text and label. */
  function logits(gate: readonly number[], labels: number[][], options = GATED_OPTIONS): Promise<number[][]> {
    const key = JSON.stringify([gate, labels, options]);
    const result = computed.get(key) ?? compute(gate, labels, options);
    computed.set(key, result);
    return result;
  }

  /** Logits eagerly and through ONNX, which have to agree. */
  async function compute(gate: readonly number[], labels: number[][], options: GliZNetOptions): Promise<number[][]> {
    const weights = weightsWith(gate, options);
    const batch = padBatch(
      TEXTS.map((text) => buildJointSequence(LAYOUT, text, labels)),
      PAD,
    );
    const session = await createGraphSession(traceInference({ encoder, options }, weights), { threads: 1 });
    const traced = (await session.run(sequenceFeeds(batch), ['logits'])).logits;
    await session.dispose();
    tf.setBackend('cpu');
    const int2d = (data: Int32Array) => tf.tensor2d(data, [batch.batch, batch.length], 'int32');
    const eager = gliznetForward(
      encoder,
      options,
      Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)])),
      {
        inputIds: int2d(batch.inputIds),
        attentionMask: int2d(batch.attentionMask),
        labelMask: int2d(batch.labelMask),
        textMask: int2d(batch.textMask),
        positions: tf.range(0, batch.length, 1, 'int32'),
        labelNumbers: tf.range(1, batch.labels + 1, 1, 'int32'),
        blockNumbers: int2d(batch.blocks!.numbers),
        positionIds: int2d(batch.blocks!.positions),
      },
    ).logits.arraySync();
    for (const [at, value] of eager.flat().entries()) expect(traced[at]).toBeCloseTo(value, 3);
    return eager;
  }

  it('encodes text and labels as if each stood alone while the gate is shut', async () => {
    const joint = await logits([-1e4], LABELS);
    const tensors = tensorsOf(encoder, values);
    const embedding = (ids: number[], from: number, to: number): tf.Tensor1D => {
      const { hidden } = encoder.forward(tensors, inputsOf({ input_ids: [ids], attention_mask: [ids.map(() => 1)] }), false);
      const mean = tf.mean(tf.slice(hidden, [0, from, 0], [1, to - from, -1]), 1);
      return tf.squeeze(tf.div(mean, tf.norm(mean)));
    };
    for (const [row, text] of TEXTS.entries())
      for (const [k, label] of LABELS.entries()) {
        const own = embedding([CLS, ...text, SEP], 1, 1 + text.length);
        const cosine = tf.dot(own, embedding([CLS, ...label], 1, 1 + label.length)).dataSync()[0];
        expect(joint[row][k]).toBeCloseTo(10 * cosine, 2);
      }
  });

  it('lets them see each other when it is open, in any order of labels', async () => {
    const [shut, open, turned] = [await logits([-1e4], LABELS), await logits([0], LABELS), await logits([0], [...LABELS].reverse())];
    for (const row of TEXTS.keys()) {
      expect(Math.max(...LABELS.map((_, k) => Math.abs(open[row][k] - shut[row][k])))).toBeGreaterThan(1e-3);
      for (const k of LABELS.keys()) expect(turned[row][LABELS.length - 1 - k]).toBeCloseTo(open[row][k], 2);
    }
  });

  it('one-way: lets labels read the text and nothing else, so that a label scores the same alone and beside others', async () => {
    const [shut, oneWay] = [await logits([-1e4], LABELS), await logits([-1], LABELS, ONE_WAY)];
    // What gated attention comes to with two of its three directions shut.
    const gated = await logits([-1e4, -1, -1e4], LABELS);
    const alone = await Promise.all(LABELS.map((label) => logits([-1], [label], ONE_WAY)));
    for (const row of TEXTS.keys())
      for (const k of LABELS.keys()) {
        expect(oneWay[row][k]).toBeCloseTo(gated[row][k], 3);
        expect(alone[k][row][0]).toBeCloseTo(oneWay[row][k], 3);
        expect(Math.abs(oneWay[row][k] - shut[row][k])).toBeGreaterThan(1e-4);
      }
  });
});
