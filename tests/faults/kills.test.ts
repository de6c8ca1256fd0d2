/**
 * `kill -9` at any moment of generate, predict and eval (training: tests/cli/train/kill.test.ts): nothing that was there is lost or doubled, no half file
 * stands under a final name, and the next run ends with what a run gives that nobody killed. A few kills in the ordinary tests;
 * `npm run test:faults` kills fifty times each (GLZ_KILLS).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../call-glz.ts';
import { startFaultServer } from '../generate/providers/fault-server.ts';
import { random } from '../random.ts';
import { runGlz } from '../run-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const KILLS = Number(process.env.GLZ_KILLS ?? 2);
const SEED = Number(process.env.GLZ_SEED ?? 1);
const TIME = 60_000 + 10_000 * KILLS;
const readIf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Kills a command again and again, each time after other milliseconds. `after` looks at what each left. */
async function killAgainAndAgain(args: readonly string[], env: Record<string, string>, most: number, after: () => void): Promise<void> {
  const next = random(SEED);
  for (let kills = 0; kills < KILLS; kills++) {
    const wait = most * next();
    const began = performance.now();
    const { signal, code, stderr } = await runGlz(args, { env, killWhen: () => performance.now() - began > wait });
    if (signal !== 'SIGKILL' && code !== 0) throw new Error(`seed ${SEED}, kill ${kills}, after ${Math.round(wait)} ms: ${stderr}`);
    after();
  }
}

it(
  `generate killed ${KILLS} times loses and doubles nothing`,
  async () => {
    const server = await startFaultServer({
      share: 0.3,
      faults: ['429', '500', 'hang up', 'half answer', 'garbage', 'cut array', 'fenced'],
      seed: SEED,
    });
    try {
      const output = join(temporaryFolder(), 'out.jsonl');
      const args = (count: number) => [
        'generate',
        '--provider',
        'groq',
        '--model',
        'm',
        '--back-off',
        '0.01',
        '--output',
        output,
        '--count',
        String(count),
        '--concurrency',
        '8',
        // Of this one nobody checks whether made-up words are its own.
        '--languages',
        'Esperanto',
      ];
      const env = { GROQ_API_KEY: 'k', GROQ_BASE_URL: server.url };
      let before: string[] = [];
      await killAgainAndAgain(args(100_000), env, 1500, () => {
        const lines = readIf(output).split('\n').slice(0, -1);
        // Of the answer that was being written a part may be asked for again: one at most, of some examples.
        const kept = before.slice(0, Math.max(0, before.length - 10));
        expect(lines.slice(0, kept.length)).toEqual(kept);
        before = lines;
      });
      const texts = before.map((line) => (JSON.parse(line) as { text: string }).text);
      expect(new Set(texts).size).toBe(texts.length);
      const journal = readIf(`${output}.journal`)
        .split('\n')
        .slice(1, -1)
        .map((line) => JSON.parse(line) as { request: number });
      expect(new Set(journal.map(({ request }) => request)).size).toBe(journal.length);
    } finally {
      await server.close();
    }
  },
  TIME,
);

it(
  `predict killed ${KILLS} times leaves no half output, and then gives what it gives`,
  async () => {
    const folder = temporaryFolder();
    const checkpoint = await writeTinyCheckpoint();
    const input = join(folder, 'in.jsonl');
    writeFileSync(input, Array.from({ length: 3000 }, (_, i) => JSON.stringify({ id: i, text: `text number ${i} of many` })).join('\n'));
    const args = (output: string) => [
      'predict',
      input,
      '--checkpoint',
      checkpoint,
      '--labels',
      'red,green',
      '--output',
      output,
      '--threads',
      '1',
      '--quiet',
    ];
    const straight = join(folder, 'straight.jsonl');
    expect(await callGlz(args(straight))).toMatchObject({ code: 0 });
    const whole = readFileSync(straight, 'utf8');
    const own = join(folder, 'killed');
    mkdirSync(own);
    const output = join(own, 'out.jsonl');
    await killAgainAndAgain(args(output), {}, 2000, () => expect(['', whole]).toContain(readIf(output)));
    expect(await callGlz(args(output))).toMatchObject({ code: 0 });
    expect(readIf(output)).toBe(whole);
    expect(readdirSync(own)).toEqual(['out.jsonl']);
  },
  TIME,
);

it(
  `eval killed ${KILLS} times goes on with what was measured`,
  async () => {
    const folder = temporaryFolder();
    const checkpoint = await writeTinyCheckpoint();
    for (const set of ['one', 'two', 'three']) {
      mkdirSync(join(folder, 'sets', set), { recursive: true });
      writeFileSync(
        join(folder, 'sets', set, 'test.jsonl'),
        Array.from({ length: 20 }, (_, i) => JSON.stringify({ text: `${set} text ${i}`, labels: [i % 2 ? 'odd' : 'even'] })).join('\n'),
      );
      writeFileSync(join(folder, 'sets', set, 'labels.json'), '["odd", "even"]');
    }
    const args = (output: string) => [
      'eval',
      '--checkpoint',
      checkpoint,
      '--data',
      join(folder, 'sets'),
      '--json',
      output,
      '--no-isolate',
      '--latency-calls',
      '0',
      '--resamples',
      '20',
      '--threads',
      '1',
      '--quiet',
    ];
    const scores = (path: string) =>
      (JSON.parse(readFileSync(path, 'utf8')) as { results: { set: string; metrics: unknown }[] }).results.map(({ set, metrics }) => ({
        set,
        metrics,
      }));
    const straight = join(folder, 'straight.json');
    expect(await callGlz(args(straight), { env: { GLZ_CACHE: join(folder, 'cache-1') } })).toMatchObject({ code: 0 });
    const output = join(folder, 'out.json');
    const env = { GLZ_CACHE: join(folder, 'cache-2') };
    await killAgainAndAgain(args(output), env, 2500, () => {
      if (existsSync(output)) expect(scores(output)).toEqual(scores(straight));
    });
    expect(await callGlz(args(output), { env })).toMatchObject({ code: 0 });
    expect(scores(output)).toEqual(scores(straight));
  },
  TIME,
);
