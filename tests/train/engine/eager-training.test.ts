/**
 * The eager training engine on tfjs's own CPU backend: equal to the traced one in losses, gradients, moments and parameters, and without
 * leaks. The same comparison runs on TensorFlow and WebGPU in `npm run test:tensorflow` and `npm run test:webgpu`.
 */
import '../../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { inferenceFunction } from '../../../src/classify/gliznet-graph.ts';
import { createEagerSession } from '../../../src/runtime/eager-session.ts';
import { createEagerTrainingEngine } from '../../../src/train/engine/eager-training.ts';
import { expectParity, expectSameScores, HEADS, LATE_CASES, LATE_HEADS, tinyModel } from '../../engine-parity.ts';
import { random } from '../../random.ts';
import { randomBatch } from '../../random-model.ts';

const [[, article], [, cosine]] = Object.entries(HEADS);
const STEP = { learningRate: 1e-3, betas: [0.9, 0.999] as [number, number], epsilon: 1e-8, weightDecay: 0.01, gradientScale: 1 };

describe('the eager training engine', () => {
  it.each(['bert', 'deberta-v3'] as const)('trains a tiny %s as the traced engine does', async (family) => {
    await expectParity(tinyModel(family, family === 'bert' ? cosine : article), (request) => createEagerTrainingEngine(request, 'cpu'), {
      limit: 2e-5,
      parameterLimit: 2e-4,
    });
  });

  it.each(LATE_CASES)('trains a tiny %s that reads labels once, %s, as the traced engine does', async (family, head) => {
    const limits = { limit: 2e-5, parameterLimit: 2e-4 };
    await expectParity(tinyModel(family, LATE_HEADS[head]), (request) => createEagerTrainingEngine(request, 'cpu'), limits);
  });

  it('keeps no tensor of a step, and none at all once disposed', async () => {
    tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    const engine = await createEagerTrainingEngine(tinyModel('bert', article), 'cpu');
    const held: number[] = [];
    for (let step = 1; step <= 3; step++) {
      for (let part = 0; part < 2; part++) await engine.accumulate(randomBatch(random(step), 2, 15, 3), 0.5);
      await engine.gradientNorm();
      await engine.apply({ ...STEP, step });
      await engine.download('parameters', 'moments');
      held.push(tf.memory().numTensors - before);
    }
    expect(held).toEqual(Array(3).fill(3 * engine.parameters.size));
    await engine.upload();
    expect(tf.memory().numTensors - before).toBe(held[0]);
    await engine.accumulate(randomBatch(random(1), 2, 15, 3), 1);
    await engine.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a step without gradients', async () => {
    const engine = await createEagerTrainingEngine(tinyModel('bert', article), 'cpu');
    await expect(engine.apply({ ...STEP, step: 1 })).rejects.toThrow('without accumulated gradients');
    await engine.dispose();
  });
});

describe('an eager session', () => {
  it('scores as the traced graph does, leaves the current backend to tracing, and keeps nothing', async () => {
    const model = tinyModel('bert', cosine);
    tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    await expectSameScores(createEagerSession(inferenceFunction(model, model.weights), 'cpu'), model);
    expect(tf.memory().numTensors).toBe(before);
  });
});
