/** Sessions side by side: in processes of their own, of what was built, since workers run JavaScript. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createSessionPool, runBatches, sessionsFor } from '../../src/runtime/session-pool.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const LATE = { crossAttention: 'late', upperLayers: 0, similarity: 'cosine', textPooling: 'mean', labelPooling: 'mean' } as const;

let checkpoint: string;
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint(LATE);
});

/** What becomes of a script that loads the checkpoint as `model` with some settings; `workers` has all processes that were started. */
function ran(settings: object, script: string) {
  return spawnSync(
    process.execPath,
    [
      ...['--input-type=module', '-e'],
      `import childProcess from 'node:child_process';
      import { syncBuiltinESMExports } from 'node:module';
      const workers = [];
      let ready = 0;
      const { fork } = childProcess;
      childProcess.fork = (...given) => { const child = fork(...given); workers.push(child); child.once('message', () => { ready++; }); return child; };
      syncBuiltinESMExports();
      const { loadClassifier } = await import(${JSON.stringify(pathToFileURL(join(ROOT, 'dist/classify/load-classifier.js')).href)});
      const model = await loadClassifier(${JSON.stringify(checkpoint)}, ${JSON.stringify(settings)});
      const labels = ['red', 'a house', 'blue'];
      const requests = Array.from({ length: 400 }, (_, at) => ({ text: 'the red house is red and blue '.repeat(1 + (at % 3)) + at, labels }));
      const scores = async (some = requests) => JSON.stringify((await model.logits(some)).map(({ logits }) => [...logits]));
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      /** Runs until the sessions are open. */
      const opened = async () => { for (; workers.length < 2; ) await scores(); while (ready < 2) await pause(50); };
      ${script}`,
    ],
    { encoding: 'utf8', env: { ...process.env, GLZ_CACHE: join(temporaryFolder(), 'cache') }, maxBuffer: 1 << 28, timeout: 120_000 },
  );
}

/** What such a script prints, line by line. */
function printed(settings: object, script: string): string[] {
  const { status, stdout, stderr } = ran(settings, script);
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trim().split('\n');
}

it('gives the same scores as one session, opens none for little, and keeps no process alive', () => {
  const [alone] = printed({ threads: 1 }, `console.log(await scores()); console.log(workers.length);`);
  const [few, count, first, second] = printed(
    { threads: 2 },
    `await scores(requests.slice(0, 20)); console.log(workers.length);
    await opened(); console.log(workers.length);
    console.log(await scores()); console.log(await scores());`,
  );
  expect([few, count]).toEqual(['0', '2']);
  expect(first).toBe(alone);
  expect(second).toBe(alone);
});

it('opens none where there is to be one', () => {
  expect(printed({ threads: 2, sessions: 1 }, 'for (let at = 0; at < 5; at++) await scores(); console.log(workers.length);')).toEqual([
    '0',
  ]);
});

it('loses nothing where a session dies, and ends them all when it is disposed of', () => {
  const [alone, killed, after, left] = printed(
    { threads: 2 },
    `const ended = () => new Promise((resolve) => { let count = 0; for (const each of workers) each.once('exit', () => { if (++count === 2) resolve(count); }); });
    console.log(await scores()); await opened();
    const both = ended();
    const run = scores(); await pause(5); workers[0].kill('SIGKILL'); console.log(await run);
    console.log(await scores());
    await model.dispose(); console.log(await both);`,
  );
  expect(killed).toBe(alone);
  expect(after).toBe(alone);
  expect(left).toBe('2');
});

it('that is disposed of while sessions are being opened waits for none of them', () => {
  const ended = printed(
    { threads: 2 },
    `for (; workers.length < 2; ) await scores(); const were = ready; await model.dispose(); console.log(were, workers.map(({ signalCode }) => signalCode).join(' '));`,
  );
  // The first may be open by then, the second is not.
  expect(ended).toEqual([expect.stringMatching(/^[01] SIGKILL SIGKILL$/)]);
});

it('ends with its own code where the process ends in the middle of runs, and the sessions with it', async () => {
  const begin = `await opened(); console.log(workers.map(({ pid }) => pid).join(' ')); void scores(Array(10).fill(requests).flat());`;
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  for (const [script, code] of [
    [`setTimeout(() => process.exit(7), 50);`, 7],
    [`setTimeout(() => { throw new Error('my own'); }, 50);`, 1],
    [`setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50);`, null],
  ] as const) {
    const { status, stdout, stderr } = ran({ threads: 2 }, begin + script);
    expect([script, status, stderr.includes('Napi')]).toEqual([script, code, false]);
    const pids = stdout.trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    for (let at = 0; at < 200 && pids.some(isAlive); at++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pids.filter(isAlive)).toEqual([]);
  }
});

it('goes on with the one session where others cannot be opened', async () => {
  const ran: number[] = [];
  const one = {
    batchTokens: 10,
    run: async (feeds: Record<string, { data: Int32Array | Float32Array }>) => {
      ran.push(feeds.x.data[0]);
      return { y: feeds.x.data };
    },
    dispose: async () => {},
  };
  const broken = join(temporaryFolder(), 'broken.onnx');
  writeFileSync(broken, readFileSync(join(ROOT, 'package.json')));
  const pool = createSessionPool(one, broken, 2);
  const runner = pool.runnerFor(1e6);
  const results: number[] = [];
  const run = async (at: number) => (await runner.run({ x: { data: Int32Array.of(at), shape: [1] } }, ['y'])).y[0];
  for await (const { batch, result } of runBatches(runner, [3, 1, 2], run)) results.push(batch, result);
  await pool.dispose();
  expect([results, ran]).toEqual([
    [3, 3, 1, 1, 2, 2],
    [3, 1, 2],
  ]);
});

it('hands over results in the order of the batches, so many at once, and ends with those under way', async () => {
  let underWay = 0;
  let most = 0;
  const finished: number[] = [];
  const run = async (ms: number) => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, ms));
    underWay--;
    finished.push(ms);
    if (ms === 5) throw new Error('five');
    return 2 * ms;
  };
  const runner = { atOnce: 3, run: async () => ({}) };
  const seen: number[][] = [];
  for await (const { batch, result } of runBatches(runner, [30, 1, 2, 20], run)) seen.push([batch, result]);
  expect(seen).toEqual([
    [30, 60],
    [1, 2],
    [2, 4],
    [20, 40],
  ]);
  expect([most, finished.indexOf(30) > finished.indexOf(1)]).toEqual([3, true]);
  finished.length = 0;
  await expect(async () => {
    for await (const _ of runBatches(runner, [1, 5, 40, 1], run)) finished.push(0);
  }).rejects.toThrow('five');
  expect([underWay, finished.includes(40)]).toEqual([0, true]);
});

it('is as large as threads and memory allow', () => {
  expect(sessionsFor(1e6, 1)).toBe(1);
  expect(sessionsFor(1e6, 3)).toBeLessThanOrEqual(3);
  expect(sessionsFor(1e15, 4)).toBe(1);
  expect(sessionsFor(1, 1000)).toBeLessThanOrEqual(8);
});
