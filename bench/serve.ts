/**
 * `glz serve` under load, against `glz predict` in the same run: npm run bench -- serve [--seconds 10] [--connections 64] [--minutes 0]
 * [--flags="--workers 2 --threads 1" of the server]
 * Prints texts a second of both with the same labels and texts, p50 and p99, and what failed; one question with four options on a warm server, alone; with
 * --minutes so many minutes of mixed traffic with label sets that change and clients that go away, and the server's memory meanwhile.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    minutes: { type: 'string', default: '0' },
    texts: { type: 'string', default: '2000' },
    flags: { type: 'string', default: '' },
  },
});
const [seconds, connections, minutes, count] = [values.seconds, values.connections, values.minutes, values.texts].map(Number);
const LABELS = [
  'billing',
  'delivery',
  'returns and refunds',
  'login and account',
  'app crash',
  'praise',
  'product question',
  'cancel subscription',
  'payment methods',
  'other',
];
const WORDS =
  'the parcel never came and I was charged twice for it please send my money back or tell me when it will arrive at our new address'.split(
    ' ',
  );
const texts = Array.from({ length: count }, (_, at) => `${at} ${WORDS.slice(at % 7, 8 + (at % (WORDS.length - 8))).join(' ')}`);

const folder = mkdtempSync(join(tmpdir(), 'glz-bench-'));
const input = join(folder, 'in.jsonl');
writeFileSync(input, texts.map((text) => JSON.stringify({ text })).join('\n'));
/** Texts a second of glz predict: with all texts less with one, so that its start is not counted. */
function predictRate(): number {
  const one = join(folder, 'one.jsonl');
  writeFileSync(one, JSON.stringify({ text: texts[0] }));
  const time = (path: string): number => {
    const began = performance.now();
    const { status } = spawnSync(process.execPath, [
      'bin/glz.js',
      'predict',
      path,
      '--labels',
      LABELS.join(','),
      '--output',
      join(folder, 'out.jsonl'),
      '--quiet',
    ]);
    if (status !== 0) throw new Error('glz predict failed');
    return (performance.now() - began) / 1000;
  };
  time(one);
  return (count - 1) / (time(input) - time(one));
}

const server = spawn(process.execPath, ['bin/glz.js', 'serve', '--port', '0', ...values.flags.split(' ').filter(Boolean)], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
const url = await new Promise<string>((resolve) => {
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    const found = /"url":"([^"]+)"/.exec(text);
    if (found) resolve(found[1]);
  });
});
const headers = { 'content-type': 'application/json' };
const resident = async (): Promise<number> =>
  Number(/glz_resident_bytes (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())![1]) / 1e6;

try {
  const before = predictRate();
  const load = await autocannon({
    ...{ url, connections, duration: seconds, timeout: 30 },
    requests: texts.map((text) => ({ method: 'POST', path: '/classify', headers, body: JSON.stringify({ texts: text, labels: LABELS }) })),
  });
  const after = predictRate();
  const rate = (before + after) / 2;
  const served = load.requests.total / load.duration;
  console.log(`glz predict   ${rate.toFixed(1)} texts/s (${before.toFixed(1)}, ${after.toFixed(1)})`);
  console.log(
    `glz serve     ${served.toFixed(1)} texts/s at ${connections} connections: ${(served / rate).toFixed(2)} of predict; p50 ${load.latency.p50} ms, p99 ${load.latency.p99} ms; errors ${load.errors + load.non2xx}`,
  );
  const question = JSON.stringify({
    state: texts[5],
    questions: { topic: { type: 'choice', criteria: Object.fromEntries(LABELS.slice(0, 4).map((label) => [label, null])) } },
  });
  const took: number[] = [];
  for (let at = 0; at < 220; at++) {
    const began = performance.now();
    await (await fetch(`${url}/v1/systemone`, { method: 'POST', headers, body: question })).json();
    if (at >= 20) took.push(performance.now() - began);
  }
  took.sort((a, b) => a - b);
  console.log(`one question  p50 ${took[100].toFixed(1)} ms, p99 ${took[197].toFixed(1)} ms`);
  if (minutes > 0) {
    const end = Date.now() + 60_000 * minutes;
    let sets = 0;
    let failed = 0;
    const client = async (): Promise<void> => {
      while (Date.now() < end) {
        const labels = [...LABELS.slice(0, 3), ...Array.from({ length: 5 }, () => `label ${sets++}`)];
        const response = await fetch(`${url}/classify`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ texts: texts.slice(sets % 100, (sets % 100) + 3), labels }),
        });
        if (!response.ok) failed++;
        await response.arrayBuffer();
      }
    };
    let given = 0;
    /** Clients that go away in the middle: of nobody else may an answer be lost. */
    const quitter = async (): Promise<void> => {
      while (Date.now() < end) {
        const body = JSON.stringify({ texts: texts.slice(0, 20), labels: LABELS });
        const signal = AbortSignal.timeout(1 + (given % 60));
        await fetch(`${url}/classify`, { method: 'POST', headers, body, signal }).catch(() => given++);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    };
    const clients = Promise.all([...Array.from({ length: 8 }, client), quitter()]);
    while (Date.now() < end) {
      console.log(`memory        ${(await resident()).toFixed(0)} MB after ${sets} new labels, ${failed} failed, ${given} went away`);
      await new Promise((resolve) => setTimeout(resolve, Math.min(60_000, Math.max(1000, end - Date.now()))));
    }
    await clients;
    console.log(`memory        ${(await resident()).toFixed(0)} MB at the end`);
  }
} finally {
  server.kill('SIGTERM');
  rmSync(folder, { recursive: true });
}
