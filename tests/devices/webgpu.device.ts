/**
 * WebGPU against the CPU: run by `npm run test:webgpu`, which fetches a software driver. Not part of the ordinary tests.
 */
import { openDevice } from '../../src/engine/devices.ts';
import { inferenceFunction, traceInference } from '../../src/engine/gliznet-graph.ts';
import { createGraphSession } from '../../src/engine/onnx-session.ts';
import { sequenceFeeds } from '../../src/engine/sequence-feeds.ts';
import { expectParity, FAMILIES, HEADS, tinyModel } from '../engine-parity.ts';
import { random } from '../random.ts';
import { randomBatch } from '../random-model.ts';

// A software driver is slow: not every head with every family.
const CASES = FAMILIES.map((family, at) => [family, Object.keys(HEADS)[at % 2]] as const);

describe('training on WebGPU', () => {
  it.each(CASES)('trains a tiny %s with %s as the CPU does', async (family, head) => {
    const device = await openDevice('webgpu');
    await expectParity(tinyModel(family, HEADS[head]), device.createTrainingEngine, { limit: 2e-5, parameterLimit: 2e-4 });
  });

  it('scores as the CPU does', async () => {
    const device = await openDevice('webgpu');
    const model = tinyModel('bert', {});
    const session = await device.createSession(inferenceFunction(model, model.weights));
    const traced = await createGraphSession(traceInference(model, model.weights));
    const batch = randomBatch(random(3), 4, 25, 6);
    const actual = await session.run(sequenceFeeds(batch), ['logits']);
    const expected = await traced.run(sequenceFeeds(batch), ['logits']);
    for (const [at, valid] of batch.valid.entries()) if (valid) expect(actual.logits[at]).toBeCloseTo(expected.logits[at], 4);
    await session.dispose();
    await traced.dispose();
  });
});
