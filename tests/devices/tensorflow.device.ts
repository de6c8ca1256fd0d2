/**
 * TensorFlow against the CPU: run by `npm run test:tensorflow`, which installs it. Not part of the ordinary tests.
 */
import * as tf from '@tensorflow/tfjs-core';
import { inferenceFunction } from '../../src/classify/gliznet-graph.ts';
import { openDevice } from '../../src/train/engine/devices.ts';
import { expectParity, expectSameScores, FAMILIES, HEADS, LATE_CASES, LATE_HEADS, tinyModel } from '../engine-parity.ts';

const CASES = FAMILIES.flatMap((family) => Object.keys(HEADS).map((head) => [family, head] as const));

describe('training on TensorFlow', () => {
  it.each(CASES)('trains a tiny %s with %s as the CPU does', async (family, head) => {
    const device = await openDevice('tensorflow');
    await expectParity(tinyModel(family, HEADS[head]), device.createTrainingEngine, { limit: 2e-5, parameterLimit: 2e-4 });
  });

  it.each(LATE_CASES)('trains a tiny %s that reads labels once, %s, as the CPU does', async (family, head) => {
    const device = await openDevice('tensorflow');
    await expectParity(tinyModel(family, LATE_HEADS[head]), device.createTrainingEngine, { limit: 2e-5, parameterLimit: 2e-4 });
  });

  it('scores as the CPU does and keeps no tensor', async () => {
    const device = await openDevice('tensorflow');
    const model = tinyModel('bert', {});
    const before = tf.memory().numTensors;
    await expectSameScores(await device.createSession(inferenceFunction(model, model.weights)), model);
    expect(tf.memory().numTensors).toBe(before);
  });
});
