/**
 * WebGPU against the CPU: run by `npm run test:webgpu`, which fetches a software driver. Not part of the ordinary tests.
 */

import { inferenceFunction } from '../../src/classify/gliznet-graph.ts';
import { openDevice } from '../../src/train/engine/devices.ts';
import { expectParity, expectSameScores, FAMILIES, HEADS, LATE_CASES, LATE_HEADS, tinyModel } from '../engine-parity.ts';

// A software driver is slow: not every head with every family.
const CASES = FAMILIES.map((family, at) => [family, Object.keys(HEADS)[at % 2]] as const);

describe('training on WebGPU', () => {
  it.each(CASES)('trains a tiny %s with %s as the CPU does', async (family, head) => {
    const device = await openDevice('webgpu');
    await expectParity(tinyModel(family, HEADS[head]), device.createTrainingEngine, { limit: 2e-5, parameterLimit: 2e-4 });
  });

  it.each(LATE_CASES)('trains a tiny %s that reads labels once, %s, as the CPU does', async (family, head) => {
    const device = await openDevice('webgpu');
    await expectParity(tinyModel(family, LATE_HEADS[head]), device.createTrainingEngine, { limit: 2e-5, parameterLimit: 2e-4 });
  });

  it('scores as the CPU does', async () => {
    const device = await openDevice('webgpu');
    const model = tinyModel('bert', {});
    await expectSameScores(await device.createSession(inferenceFunction(model, model.weights)), model);
  });
});
