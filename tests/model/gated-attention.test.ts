/**
 * Gated cross-attention in every family that has it: with the gate shut, text and labels are encoded as if each stood alone; open, they
 * see each other, and the order of labels still does not matter. Eagerly and through ONNX.
 */
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { traceInference } from '../../src/engine/gliznet-graph.ts';
import { createGraphSession } from '../../src/engine/onnx-session.ts';
import { sequenceFeeds } from '../../src/engine/sequence-feeds.ts';
import { ENCODER_PREFIX, GATE, gliznetForward, gliznetParameterShapes } from '../../src/model/gliznet.ts';
import { buildJointSequence, type JointLayout, padBatch } from '../../src/text/joint-sequence.ts';
import { GATED_OPTIONS } from '../random-model.ts';
import { FOLDERS, inputsOf, loadFixture, tensorsOf } from './encoder-fixtures.ts';

const [CLS, SEP, PAD] = [5, 6, 1];
const none = new Int32Array(0);
const LAYOUT = {
  ...{ labelStyle: 'marker', token: '[CLS]', lmaskOn: 'label', blocks: true, maxLength: 40 },
  ...{ separatorIds: none, markerIds: Int32Array.of(CLS), window: 37, textShare: 18, labelLimit: 18 },
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

describe.each(families)('gated cross-attention of %s', (folder) => {
  const { encoder, values } = loadFixture(folder);
  const weightsWith = (gate: number) =>
    new Map(
      Object.entries(gliznetParameterShapes(encoder, GATED_OPTIONS)).map(([name, shape]) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const own = name.startsWith(ENCODER_PREFIX) ? values[name.slice(ENCODER_PREFIX.length)] : undefined;
        const scalar = name === GATE ? gate : name === 'similarity.scale' ? 10 : 0;
        return [name, { shape, data: own ?? new Float32Array(size).fill(scalar) }];
      }),
    );

  /** Logits of every text and label, eagerly and through ONNX, which have to agree. */
  async function logits(gate: number, labels: number[][]): Promise<number[][]> {
    const weights = weightsWith(gate);
    const batch = padBatch(
      TEXTS.map((text) => buildJointSequence(LAYOUT, text, labels)),
      PAD,
    );
    const session = await createGraphSession(traceInference({ encoder, options: GATED_OPTIONS }, weights));
    const traced = (await session.run(sequenceFeeds(batch), ['logits'])).logits;
    await session.dispose();
    tf.setBackend('cpu');
    const int2d = (data: Int32Array) => tf.tensor2d(data, [batch.batch, batch.length], 'int32');
    const eager = gliznetForward(
      encoder,
      GATED_OPTIONS,
      Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)])),
      {
        inputIds: int2d(batch.inputIds),
        attentionMask: int2d(batch.attentionMask),
        labelMask: int2d(batch.lmask),
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
    const joint = await logits(-1e4, LABELS);
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
    const [shut, open, turned] = [await logits(-1e4, LABELS), await logits(0, LABELS), await logits(0, [...LABELS].reverse())];
    for (const row of TEXTS.keys()) {
      expect(Math.max(...LABELS.map((_, k) => Math.abs(open[row][k] - shut[row][k])))).toBeGreaterThan(1e-3);
      for (const k of LABELS.keys()) expect(turned[row][LABELS.length - 1 - k]).toBeCloseTo(open[row][k], 2);
    }
  });
});
