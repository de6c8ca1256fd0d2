/** What a run starts from and is averaged with where a gated checkpoint goes on as one-way. */
import { join } from 'node:path';
import { GATE } from '../../src/model/gliznet.ts';
import { checkSettings } from '../../src/train/settings.ts';
import { loadAverageWith, loadStart } from '../../src/train/start.ts';
import { readCheckpointWeights } from '../../src/weights/checkpoint.ts';
import { writeSafetensors } from '../../src/weights/formats/safetensors.ts';
import { writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const BLOCKS = { labelStyle: 'marker', marker: '[MASK]', textPooling: 'mean', labelPooling: 'mean', projection: null } as const;
const oneWay = (checkpoint: string, more: object = {}) =>
  checkSettings({ checkpoint, data: ['d'], model: { cross_attention: 'one-way' }, ...more }, 'test');
const silent = () => {};

it('keeps of a gated checkpoint the gates by which labels read the text, and all other weights', async () => {
  const folder = await writeTinyCheckpoint({ ...BLOCKS, crossAttention: 'gated' });
  const gate = readCheckpointWeights(folder).get(GATE)!;
  gate.data.forEach((_, at) => {
    gate.data[at] = -at;
  });
  writeSafetensors(join(folder, 'model.safetensors'), new Map([...readCheckpointWeights(folder), [GATE, gate]]), { dtype: 'F32' });
  const before = readCheckpointWeights(folder);
  const [layers, directions] = gate.shape;
  expect(directions).toBe(3);
  const settings = oneWay(folder, { average_with: [folder] });
  const start = await loadStart(settings, silent);
  expect(start.options.crossAttention).toBe('one-way');
  expect(start.options.labelsPerGroup).toBe(50);
  const [member] = await loadAverageWith(settings, start, silent);
  for (const weights of [start.weights, member]) {
    expect([...weights.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, { shape, data }] of weights)
      if (name === GATE) {
        expect(shape).toEqual([layers, 1]);
        expect([...data]).toEqual(Array.from({ length: layers }, (_, layer) => -(3 * layer + 1)));
      } else expect(data).toEqual(before.get(name)!.data);
  }
});

it('leaves a one-way checkpoint as it is, and refuses one with free attention', async () => {
  const already = await loadStart(oneWay(await writeTinyCheckpoint({ ...BLOCKS, crossAttention: 'one-way' })), silent);
  expect(already.weights.get(GATE)!.shape[1]).toBe(1);
  const free = await writeTinyCheckpoint();
  await expect(loadStart(oneWay(free), silent)).rejects.toThrow(/only a checkpoint with gated cross-attention can be read as one-way/);
});
