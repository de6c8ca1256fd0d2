import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { derivedFile } from '../../src/runtime/graph-cache.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

it('of the cache only derived files are removed', async () => {
  const folder = join(temporaryFolder(), 'onnx');
  process.env.GLZ_CACHE = join(folder, '..');
  const mine = Array.from({ length: 3 }, (_, i) => `model-${i}.onnx`);
  mkdirSync(folder);
  for (const name of mine) writeFileSync(join(folder, name), 'mine');
  const derive = (content: string) => derivedFile(content, 'fp32', async () => [Buffer.from('graph')]);
  for (let i = 0; i < 14; i++) await derive(`content ${i}`);
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), 1, 1);
  await derive('one more');
  const names = readdirSync(folder);
  expect(names.filter((name) => mine.includes(name)).sort()).toEqual(mine);
  expect(names.length - mine.length).toBe(12);
});
