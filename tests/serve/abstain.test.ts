/** `POST /classify` with abstention, and with what `glz tune` fitted. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GliZNet } from '../../src/index.ts';
import { callGlz } from '../call-glz.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';
import { post, runServer, type ServerProcess } from './run-server.ts';

const folder = temporaryFolder();
const file = join(folder, 'thresholds.json');
const TEXTS = ['Where is my parcel? It never came', 'Mozart wrote this symphony in Vienna'];
const LABELS = ['delivery', 'billing', 'bug report'];
let server: ServerProcess;
let model: GliZNet;
beforeAll(async () => {
  const data = join(folder, 'data.csv');
  const rows = LABELS.flatMap((label) => Array.from({ length: 30 }, (_, at) => `${label} of order ${at},${label}`));
  writeFileSync(data, `text,label\n${rows.join('\n')}\n`);
  expect(await callGlz(['tune', '--threads', '1', '--data', data, '--output', file, '--quiet'])).toMatchObject({ code: 0 });
  server = await runServer(['--thresholds', file, '--timeout', '120']);
  model = await GliZNet.load(undefined, { threads: 1 });
});
afterAll(async () => {
  await model.dispose();
  expect(await server.end()).toBe(0);
});

const classify = (body: object) => post(`${server.url}/classify`, { texts: TEXTS, ...body });

it('gives no label where none fits, as the library does', async () => {
  const { status, body } = await classify({ labels: LABELS, abstain: true });
  expect(status).toBe(200);
  const ours = await model.classify(TEXTS, LABELS, { abstain: true });
  expect(body.results.map(({ labels }: { labels: string[] }) => labels)).toEqual([ours[0].labels, []]);
  for (const [at, { fit }] of ours.entries()) expect(body.results[at].fit).toBeCloseTo(fit!, 4);
  const all = await classify({ labels: LABELS, abstainBelow: 0 });
  expect(all.body.results[1].labels).toHaveLength(3);
  const [one] = (await classify({ labels: ['delivery'], abstain: true })).body.results;
  expect(one.scores[0]).toBeLessThan(1);
  expect(one.labels).toEqual(['delivery']);
  // Not asked for: not there.
  expect((await classify({ labels: LABELS })).body.results[0].fit).toBeUndefined();
});

it('uses what was fitted where a request says so, and nowhere else', async () => {
  const tuned = await classify({ thresholds: true });
  const ours = await model.classify(TEXTS, undefined, { thresholds: file });
  for (const [at, { labels, scores }] of ours.entries()) {
    expect(tuned.body.results[at].labels).toEqual(labels);
    expect(tuned.body.results[at].scores[0]).toBeCloseTo(scores[0], 4);
  }
  const { below } = JSON.parse(readFileSync(file, 'utf8')).abstain;
  expect(await (await fetch(`${server.url}/thresholds`)).json()).toEqual({
    thresholds: { labels: expect.arrayContaining(LABELS), multiLabel: false, abstainBelow: below },
  });
  const plain = await classify({ labels: LABELS });
  expect(plain.body.results[1].scores[0]).not.toBeCloseTo(tuned.body.results[1].scores[0], 4);
  expect((await classify({ thresholds: true, labels: ['a', 'b'] })).body).toMatchObject({
    error: { message: expect.stringMatching(/fitted to other labels: it does not know "a"/) },
  });
  expect((await classify({ thresholds: true, labels: ['delivery', 'billing'] })).status).toBe(422);
  expect((await classify({ thresholds: true, multiLabel: true })).status).toBe(422);
  expect((await classify({ thresholds: true, labels: [['a'], ['b']] })).status).toBe(422);
  expect((await classify({})).status).toBe(422);
  expect((await classify({ labels: LABELS, abstainBelow: 2 })).status).toBe(422);
});

it('does not start with thresholds of another checkpoint', async () => {
  const other = join(folder, 'other.json');
  writeFileSync(other, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), checkpoint: 'f'.repeat(64) }));
  await expect(runServer(['--thresholds', other])).rejects.toThrow(/ended with 2: .*fitted with another checkpoint/s);
});
