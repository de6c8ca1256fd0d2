/** What a run starts from and is averaged with where a checkpoint goes on with another kind of cross-attention. */
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

const late = (checkpoint: string, model: object, more: object = {}) =>
  checkSettings({ checkpoint, data: ['d'], model: { cross_attention: 'late', gate: -7, ...model }, ...more }, 'test');

/** A checkpoint whose gates are 0, -1, -2, ... */
async function countedGates(options: Parameters<typeof writeTinyCheckpoint>[0]) {
  const folder = await writeTinyCheckpoint({ ...BLOCKS, ...options });
  const gate = readCheckpointWeights(folder).get(GATE)!;
  gate.data.forEach((_, at) => {
    gate.data[at] = -at;
  });
  writeSafetensors(join(folder, 'model.safetensors'), new Map([...readCheckpointWeights(folder), [GATE, gate]]), { dtype: 'F32' });
  return { folder, layers: gate.shape[0] };
}

it('goes on as late from one-way and gated checkpoints, with the gates of the upper layers', async () => {
  const oneWayStart = await countedGates({ crossAttention: 'one-way' });
  const vectors = await loadStart(late(oneWayStart.folder, {}), silent);
  expect(vectors.options).toMatchObject({ crossAttention: 'late', upperLayers: 0, setAttention: false, labelsPerGroup: null });
  expect(vectors.weights.has(GATE)).toBe(false);
  const last = oneWayStart.layers - 1;
  const one = await loadStart(late(oneWayStart.folder, { upper_layers: 1, set_attention: true }), silent);
  expect([...one.weights.get(GATE)!.data]).toEqual([-last, -7]);
  const gated = await countedGates({ crossAttention: 'gated' });
  const fromGated = await loadStart(late(gated.folder, { upper_layers: 1, set_attention: true }), silent);
  expect([...fromGated.weights.get(GATE)!.data]).toEqual([-(3 * last + 1), -(3 * last + 2)]);
  for (const [name, { data }] of readCheckpointWeights(gated.folder))
    if (name !== GATE) expect(fromGated.weights.get(name)!.data).toEqual(data);
});

it('keeps a late checkpoint, gives it other upper layers where asked, and averages what is alike', async () => {
  const folder = await writeTinyCheckpoint({ ...BLOCKS, crossAttention: 'late', upperLayers: 1 });
  const same = await loadStart(late(folder, { upper_layers: 1 }, { average_with: [folder] }), silent);
  expect([...same.weights.get(GATE)!.data]).toEqual([-1]);
  const [member] = await loadAverageWith(late(folder, { upper_layers: 1 }, { average_with: [folder] }), same, silent);
  expect(member.get(GATE)).toEqual(same.weights.get(GATE));
  const kept = await loadStart(checkSettings({ checkpoint: folder, data: ['d'] }, 'test'), silent);
  expect(kept.options.upperLayers).toBe(1);
  const none = await loadStart(late(folder, {}), silent);
  expect(none.weights.has(GATE)).toBe(false);
  await expect(loadStart(late(await writeTinyCheckpoint(), {}), silent)).rejects.toThrow(/can be read as late; this one's is free/);
});
