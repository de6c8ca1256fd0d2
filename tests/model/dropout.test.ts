/** Dropout: what its masks look like, where each encoder family drops, and that the traced graph drops what the eager model drops. */
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { createDropout, type Dropout, dropoutSizes } from '../../src/model/dropout.ts';
import { dropoutNumbers } from '../../src/train/dropout-numbers.ts';
import { createEagerTrainingEngine } from '../../src/train/engine/eager-training.ts';
import { createTrainingEngine } from '../../src/train/engine/training-session.ts';
import { FAMILIES, HEADS, tinyModel } from '../engine-parity.ts';
import { random } from '../random.ts';
import { randomBatch } from '../random-model.ts';
import { FOLDERS, goldenBatch, inputsOf, loadFixture, tensorsOf } from './encoders/encoder-fixtures.ts';

const SIZES = { layers: 2, hiddenSize: 64 };
const [BATCH, LENGTH, HEADS_COUNT] = [4, 40, 6];

function dropoutOf(rate: number, pass = 1, encoder = SIZES, batch = BATCH, length = LENGTH): Dropout {
  const { rows, columns, keys } = dropoutNumbers(encoder, 7, pass, batch, length);
  const { places, columns: width, layers } = dropoutSizes(encoder);
  return createDropout(rate, {
    rows: tf.tensor3d(rows, [places, batch, length]),
    columns: tf.tensor2d(columns, [places, width]),
    keys: tf.tensor2d(keys, [layers, length]),
  });
}

/** 1 where the element was kept. */
const kept = (dropped: tf.Tensor): number[] => Array.from(dropped.dataSync(), (value) => Number(value !== 0));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Correlation of two lists of 0 and 1. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, i) => (value - ma) * (b[i] - mb)));
  return covariance / Math.sqrt(ma * (1 - ma) * mb * (1 - mb));
}

describe('dropout', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each([0.1, 0.5])('drops a share of %f and scales the rest', (rate) => {
    const ones = tf.ones([BATCH, LENGTH, SIZES.hiddenSize]);
    const dropout = dropoutOf(rate);
    const values = dropout.hidden(ones).dataSync();
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    // 10,240 elements: four standard deviations.
    expect(Math.abs(mean(Array.from(values, (value) => Number(value === 0))) - rate)).toBeLessThan(
      4 * Math.sqrt((rate * (1 - rate)) / values.length),
    );
    const probabilities = tf.ones([BATCH, HEADS_COUNT, LENGTH, LENGTH]) as tf.Tensor4D;
    const attended = kept(dropout.attention(probabilities));
    expect(Math.abs(1 - mean(attended) - rate)).toBeLessThan(0.015);
  });

  it('has masks that tell nothing of each other: places, rows, columns, heads, passes', () => {
    const ones = tf.ones([BATCH, LENGTH, SIZES.hiddenSize]);
    const dropout = dropoutOf(0.3);
    const [first, second] = [kept(dropout.hidden(ones)), kept(dropout.hidden(ones))];
    const otherPass = kept(dropoutOf(0.3, 2).hidden(ones));
    const width = SIZES.hiddenSize;
    // Of 10,000 independent pairs, four standard deviations are 0.04.
    for (const other of [second, otherPass]) expect(Math.abs(correlation(first, other))).toBeLessThan(0.04);
    expect(Math.abs(correlation(first.slice(width), first.slice(0, -width)))).toBeLessThan(0.04);
    expect(Math.abs(correlation(first.slice(1), first.slice(0, -1)))).toBeLessThan(0.04);
    const heads = kept(dropout.attention(tf.ones([BATCH, HEADS_COUNT, LENGTH, LENGTH]) as tf.Tensor4D));
    const size = LENGTH * LENGTH;
    expect(Math.abs(correlation(heads.slice(size), heads.slice(0, -size)))).toBeLessThan(0.04);
    // No row and no column is dropped as a whole more often than chance has it.
    const perRow = Array.from({ length: BATCH * LENGTH }, (_, row) => mean(first.slice(row * width, (row + 1) * width)));
    expect(Math.min(...perRow)).toBeGreaterThan(0.4);
    expect(Math.max(...perRow)).toBeLessThan(0.97);
  });

  it.each(FOLDERS)('happens in %s after the embeddings, and in each layer after attention, feed-forward and softmax', (folder) => {
    const { encoder, values } = loadFixture(folder);
    const calls = { hidden: 0, attention: 0 };
    const counting: Dropout = {
      hidden(x) {
        calls.hidden++;
        expect(x.shape[2]).toBeLessThanOrEqual(encoder.hiddenSize);
        return x;
      },
      attention(probabilities) {
        calls.attention++;
        return probabilities;
      },
    };
    tf.tidy(
      () => encoder.forward(tensorsOf(encoder, values), { ...inputsOf(goldenBatch(folder, 'single')), dropout: counting }, false).hidden,
    );
    expect(calls).toEqual({ hidden: 1 + 2 * encoder.layers, attention: encoder.layers });
    expect(dropoutSizes(encoder)).toMatchObject({ places: calls.hidden + calls.attention, layers: calls.attention });
  });

  it.each(FAMILIES)('gives the same losses and gradients in the traced graph of a tiny %s as in the eager model', async (family) => {
    const request = { ...tinyModel(family, Object.values(HEADS)[0]), dropout: 0.2 };
    const batch = randomBatch(random(3), 3, 14, 3);
    const without = await createTrainingEngine({ ...request, dropout: 0, session: { threads: 1 } });
    const traced = await createTrainingEngine({ ...request, session: { threads: 1 } });
    const eager = await createEagerTrainingEngine(request, 'cpu');
    try {
      const plain = await without.accumulate(batch, 1);
      batch.dropout = dropoutNumbers(request.encoder, 1, 1, batch.batch, batch.length);
      const [one, other] = [await traced.accumulate(batch, 1), await eager.accumulate(batch, 1)];
      expect(Math.abs(one.loss - other.loss)).toBeLessThan(1e-5);
      expect(Math.abs(one.loss - plain.loss)).toBeGreaterThan(1e-4);
      await eager.download('gradients');
      for (const [name, gradient] of eager.gradients) {
        const found = traced.gradients.get(name)!;
        let worst = 0;
        for (let i = 0; i < gradient.length; i++) worst = Math.max(worst, Math.abs(found[i] - gradient[i]) / (1 + Math.abs(gradient[i])));
        expect([name, worst < 2e-5]).toEqual([name, true]);
      }
      // The numbers alone decide: the same again, and others with other numbers.
      await traced.gradientNorm();
      expect((await traced.accumulate(batch, 1)).loss).toBe(one.loss);
      batch.dropout = dropoutNumbers(request.encoder, 1, 2, batch.batch, batch.length);
      expect((await traced.accumulate(batch, 1)).loss).not.toBe(one.loss);
    } finally {
      for (const engine of [without, traced, eager]) await engine.dispose();
    }
  });
});
