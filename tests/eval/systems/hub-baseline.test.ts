/** A baseline by hub id, over HTTP from a hub on this machine: weights, tokenizer and the pooling's settings arrive and are used. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALIASES, BASELINES } from '../../../src/eval/systems/index.ts';
import { parseSystemSpec } from '../../../src/eval/systems/system-spec.ts';
import { resolveModelFolder } from '../../../src/weights/hub/hub.ts';
import { startHub } from '../../weights/hub/hub-server.ts';
import { largestDifference, modelFolder } from './model-folders.ts';

it.each([
  ['mean', true],
  ['cls', false],
])('embeds with the %s pooling that the hub names', async (pooling, sameAsGolden) => {
  const { folder, golden } = modelFolder<{ tokenizer: string; texts: string[]; labels: string[]; cosines: number[] }>('embeddings-bert');
  const home = mkdtempSync(join(tmpdir(), 'glz-hub-'));
  const files = new Map(
    readdirSync(folder)
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
  const settings = { pooling_mode_mean_tokens: pooling === 'mean', pooling_mode_cls_token: pooling === 'cls' };
  files.set('1_Pooling/config.json', Buffer.from(JSON.stringify(settings)));
  files.set('onnx/config.json', Buffer.from('no need'));
  files.set('sentence_bert_config.json', Buffer.from('{"max_seq_length": 40}'));
  const hub = await startHub({ 'sentence-transformers/all-MiniLM-L6-v2': files });
  try {
    const spec = parseSystemSpec('all-MiniLM-L6-v2', BASELINES, ALIASES);
    const model = await resolveModelFolder(spec.model as string, { env: { HF_HOME: home, HF_ENDPOINT: hub.url } });
    const system = await BASELINES.get(spec.kind)!.create({ spec, model, threads: 1 });
    try {
      expect(system.notes).toMatchObject({ pooling, 'longest input': 40 });
      const { each } = await system.score(golden.texts, golden.labels, {});
      expect(largestDifference(each, golden.cosines) < 1e-5).toBe(sameAsGolden);
    } finally {
      await system.dispose();
    }
  } finally {
    await hub.close();
    for (const each of [home, folder]) rmSync(each, { recursive: true });
  }
});
