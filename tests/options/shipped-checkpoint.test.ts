/** Checkpoints that ship are known by their names wherever a checkpoint is named. */
import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { localCheckpoint } from '../../src/classify/load-classifier.ts';
import { GliZNet } from '../../src/index.ts';
import { SHIPPED_CHECKPOINT, SHIPPED_CHECKPOINTS, shippedFolder } from '../../src/options/shipped-checkpoint.ts';
import { readCheckpointConfig, readCheckpointWeights, WEIGHTS } from '../../src/weights/checkpoint.ts';
import { safetensorsSize } from '../../src/weights/formats/safetensors.ts';
import { looksLikeShipped, resolveModelFolder } from '../../src/weights/hub/hub.ts';
import { callGlz } from '../call-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

it.each([...SHIPPED_CHECKPOINTS])('%s is a whole checkpoint with a card, found by its name', async (name) => {
  const folder = shippedFolder(name)!;
  expect(existsSync(join(folder, 'README.md'))).toBe(true);
  expect(await resolveModelFolder(name)).toBe(folder);
  expect(await localCheckpoint(name, undefined)).toBe(folder);
  expect(readCheckpointConfig(folder).options.crossAttention).toBe('late');
  for (const { data } of readCheckpointWeights(folder).values()) expect(data.every(Number.isFinite)).toBe(true);
});

it('is glz-mini where none is named, and no folder for another name', () => {
  expect(SHIPPED_CHECKPOINT).toBe(shippedFolder('glz-mini'));
  for (const name of ['glz', 'glz-small/', './glz-small', '../checkpoints/glz-small', '']) expect(shippedFolder(name)).toBeUndefined();
});

it('is glz-small in 8 bits, of 40 MB at most', () => {
  const weights = join(shippedFolder('glz-small')!, WEIGHTS);
  expect(statSync(weights).size).toBeLessThan(40e6);
  expect(safetensorsSize(weights).types).toContain('I8');
});

it('gives way to a link that is broken: whoever made it means another checkpoint, and no model of the hub either', async () => {
  const cwd = temporaryFolder();
  for (const name of ['glz-small', 'mine/model']) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    symlinkSync('absent', join(cwd, name));
    const { code, stderr } = await callGlz(['predict', '--text', 'x', '--labels', 'a,b', '--checkpoint', name], { cwd });
    expect([code, stderr]).toEqual([1, `glz: ${name} is a link to nothing\n`]);
    await expect(resolveModelFolder(join(cwd, name))).rejects.toThrow('is a link to nothing');
  }
});

it('gives way to a folder of that name in the working directory', async () => {
  const folder = await writeTinyCheckpoint({}, join(temporaryFolder(), 'glz-small'));
  const described = async (cwd: string) => {
    const { stdout, code } = await callGlz(['info', '--checkpoint', 'glz-small', '--json'], { cwd });
    expect(code).toBe(0);
    return JSON.parse(stdout).checkpoint as { folder: string; encoder: { layers: number } };
  };
  expect((await described(temporaryFolder())).folder).toBe(shippedFolder('glz-small'));
  expect((await described(join(folder, '..'))).folder).not.toBe(shippedFolder('glz-small'));
});

describe('a misspelt name', () => {
  const empty = { cwd: temporaryFolder(), env: { HF_HOME: temporaryFolder(), HF_ENDPOINT: 'http://127.0.0.1:9' } };
  const DATA = join(ROOT, 'datasets/generated-sample/examples.jsonl');
  const SAID = 'glz-smal: no such folder; did you mean "glz-small"?';

  it.each([
    ['predict', ['--labels', 'a,b', '--text', 'hello']],
    ['info', []],
    ['eval', ['--data', DATA, '--no-cache', '--no-isolate', '--latency-calls', '0']],
    ['train', ['--data', DATA, '--output', 'run']],
    ['export', ['--output', 'out']],
  ])('is told by glz %s with the near one, and the network is not asked', async (command, others) => {
    const { code, stdout, stderr } = await callGlz([command, '--checkpoint', 'glz-smal', ...others], empty);
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain(SAID);
    expect(stderr).not.toContain('127.0.0.1');
  });

  it('is told by the library', async () => {
    await expect(GliZNet.load('glz-smal')).rejects.toThrow(new DataError(SAID));
    await expect(GliZNet.load('glz_mini')).rejects.toThrow('glz_mini: no such folder; did you mean "glz-mini"?');
    await expect(GliZNet.load('./glz-smal')).rejects.toThrow('./glz-smal: no such folder; did you mean "glz-small"?');
    // A model of the hub: asked for there, if that were allowed.
    process.env.HF_HUB_OFFLINE = '1';
    try {
      await expect(GliZNet.load('elsewhere/glz-smal')).rejects.toThrow(
        /^"elsewhere\/glz-smal" is no folder and not in the cache(?!.*did you mean)/s,
      );
    } finally {
      delete process.env.HF_HUB_OFFLINE;
    }
  });

  it.each(['glz-smal', 'GLZ-Smal', 'gliz-small', 'glz-mimi'])('%s is one', (name) => expect(looksLikeShipped(name)).toBe(true));
  it.each(['t5-small', 'glz', 'gliznet/glz-small', 'org/glz-smal', 'bert-base'])('%s is none', (name) =>
    expect(looksLikeShipped(name)).toBe(false),
  );
});
