/** Several processes on one empty cache, and a cache that cannot be written: the same results, and nothing half-written stays. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGlz } from '../run-glz.ts';
import { TINY_LATE, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const PROCESSES = process.env.GLZ_KILLS ? 12 : 3;

it(`${PROCESSES} first predictions at once on one cache, and those without a cache, are the same`, async () => {
  const folder = temporaryFolder();
  const checkpoint = await writeTinyCheckpoint(TINY_LATE);
  const input = join(folder, 'in.jsonl');
  writeFileSync(input, Array.from({ length: 20 }, (_, id) => `${JSON.stringify({ id, text: `the house is red ${id}` })}\n`).join(''));
  // So many that their vectors go into the cache as well.
  const labels = join(folder, 'labels.txt');
  writeFileSync(labels, Array.from({ length: 1000 }, (_, at) => `the ${'red blue house and of the'.split(' ')[at % 6]} ${at}\n`).join(''));
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  const command = ['predict', input, '--checkpoint', checkpoint, '--labels-file', labels, '--top-k', '3', '--threads', '1', '--quiet'];
  const predict = (GLZ_CACHE: string) => runGlz(command, { env: { GLZ_CACHE } });
  const results = await Promise.all([
    ...Array.from({ length: PROCESSES }, () => predict(cache)),
    // A file where the folder should be; a file system that takes no files, of root neither.
    ...[input, '/proc/self/fdinfo'].map(predict),
  ]);
  for (const { code, stdout, stderr } of results) {
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(results[0].stdout);
  }
  expect(results[0].stdout.trim().split('\n')).toHaveLength(20);
  const left = readdirSync(cache, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => /tmp|lock|incomplete/.test(name))).toEqual([]);
  for (const name of [/^onnx.+/, /^labels.+\.labels$/]) expect(left).toContainEqual(expect.stringMatching(name));
});
