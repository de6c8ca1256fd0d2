/**
 * `glz serve` under load, against `glz predict` in the same run, by turns:
 *   npm run bench -- serve [--seconds 6] [--rounds 3] [--connections 64] [--per 1,8] [--minutes 0] [--flags="--workers 2 --threads 1" of the server]
 *     [--other CHECKOUT]: another build of glz, whose server takes part in each round
 * Prints texts a second of all with the same labels and texts, medians of the rounds, p50 and p99, and what failed; on Linux the processor time that
 * a text costs in each process: where all cores are busy, rates are as these are. A server of Node alone that answers as many bytes shows what HTTP and
 * the client cost. Then one question with four options on a warm server, alone; with --minutes so many minutes of mixed traffic with label sets
 * that change and clients that go away, and the server's memory meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { createChangingTraffic } from './serve/changing-traffic.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    per: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '0' },
    texts: { type: 'string', default: '3000' },
    flags: { type: 'string', default: '' },
    other: { type: 'string' },
  },
});
const [seconds, rounds, connections, minutes, count] = [
  values.seconds,
  values.rounds,
  values.connections,
  values.minutes,
  values.texts,
].map(Number);
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
const headers = { 'content-type': 'application/json' };

/** Milliseconds of processor time of a process, or with `field` 15 of its children that ended; of systems that do not tell, none. */
function processorTime(pid: number | 'self', field: 13 | 15 = 13): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 10 * (Number(fields[field - 2]) + Number(fields[field - 1]));
  } catch {
    return Number.NaN;
  }
}

const median = (some: readonly number[]): number => [...some].sort((a, b) => a - b)[some.length >> 1];
const clocked = (ms: number): string => (Number.isNaN(ms) ? '' : `, ${ms.toFixed(2)} ms of processor time a text`);

const folder = mkdtempSync(join(tmpdir(), 'glz-bench-'));
const [input, one] = ['in.jsonl', 'one.jsonl'].map((name) => join(folder, name));
writeFileSync(input, texts.map((text) => JSON.stringify({ text })).join('\n'));
writeFileSync(one, JSON.stringify({ text: texts[0] }));

/** Texts a second of glz predict, and the processor's milliseconds for one: with all texts less with one, so that its start is not counted. */
async function predict(): Promise<{ rate: number; processor: number }> {
  const time = async (path: string): Promise<{ seconds: number; processor: number }> => {
    const [began, before] = [performance.now(), processorTime('self', 15)];
    const flags = ['--labels', LABELS.join(','), '--output', join(folder, 'out.jsonl'), '--quiet'];
    const [code] = await once(spawn(process.execPath, ['bin/glz.js', 'predict', path, ...flags]), 'close');
    if (code !== 0) throw new Error('glz predict failed');
    return { seconds: (performance.now() - began) / 1000, processor: processorTime('self', 15) - before };
  };
  const [start, all] = [await time(one), await time(input)];
  return { rate: (count - 1) / (all.seconds - start.seconds), processor: (all.processor - start.processor) / (count - 1) };
}

/** Answers as many bytes as glz does, and computes nothing. */
const BARE = `
  const answer = JSON.stringify({ model: 'glz-mini', results: [{ labels: ${JSON.stringify(LABELS)}, scores: Array(10).fill(0.123456) }] });
  const server = require('node:http').createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
  });
  server.listen(0, '127.0.0.1', () => console.error(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })));`;

/** A server that runs. */
interface Running {
  name: string;
  url: string;
  child: ChildProcess;
}

async function start(name: string, args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${name} did not start`)));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const found = /"url":"([^"]+)"/.exec(text);
      if (found) resolve(found[1]);
    });
  });
  return { name, url, child };
}

/** What came of a load. */
interface Load {
  rate: number;
  p50: number;
  p99: number;
  failed: number;
  /** Processor's milliseconds for a text. */
  server: number;
  client: number;
}

/** Asks a server for so many seconds, with so many texts a request. */
async function load({ url, child }: Running, per: number, duration = seconds): Promise<Load> {
  const bodies = Array.from({ length: Math.ceil(count / per) }, (_, at) => {
    const some = texts.slice(at * per, (at + 1) * per);
    return JSON.stringify({ texts: per === 1 ? some[0] : some, labels: LABELS });
  });
  let sent = 0;
  const before = [processorTime(child.pid!), processorTime('self')];
  const {
    requests: answered,
    duration: took,
    latency,
    errors,
    non2xx,
  } = await autocannon({
    ...{ url: `${url}/classify`, method: 'POST', headers, connections, duration, timeout: 30 },
    // Not as a list of requests: each connection would first make all of them, a second in which nothing is asked.
    setupClient(client) {
      const send = () => client.setBody(bodies[sent++ % bodies.length]);
      send();
      client.on('response', send);
    },
  });
  const done = answered.total * per;
  const [server, client] = [processorTime(child.pid!), processorTime('self')].map((now, at) => (now - before[at]) / done);
  return { rate: done / took, p50: latency.p50, p99: latency.p99, failed: errors + non2xx, server, client };
}

const serveArgs = (root: string): string[] => [
  join(root, 'bin/glz.js'),
  'serve',
  '--port',
  '0',
  ...values.flags.split(' ').filter(Boolean),
];
const server = await start('glz serve', serveArgs('.'));
const servers = [
  ...(values.other === undefined ? [] : [await start(`serve of ${values.other}`, serveArgs(values.other))]),
  server,
  await start('bare server', ['-e', BARE]),
];

/** One question with four options, on a server that does nothing else: p50 and p99 in milliseconds. */
async function questionTimes(): Promise<[number, number]> {
  const body = JSON.stringify({
    state: texts[5],
    questions: { topic: { type: 'choice', criteria: Object.fromEntries(LABELS.slice(0, 4).map((label) => [label, null])) } },
  });
  const took: number[] = [];
  for (let at = 0; at < 220; at++) {
    const began = performance.now();
    await (await fetch(`${server.url}/v1/systemone`, { method: 'POST', headers, body })).json();
    if (at >= 20) took.push(performance.now() - began);
  }
  took.sort((a, b) => a - b);
  return [took[100], took[197]];
}

try {
  for (const each of servers) await load(each, 1, 2);
  for (const per of values.per.split(',').map(Number)) {
    const predicted: Awaited<ReturnType<typeof predict>>[] = [];
    const loads = servers.map((): Load[] => []);
    for (let round = 0; round < rounds; round++) {
      predicted.push(await predict());
      for (const [at, each] of servers.entries()) loads[at].push(await load(each, per));
    }
    const rate = median(predicted.map((each) => each.rate));
    console.log(`${per} text${per > 1 ? 's' : ''} a request, ${connections} connections, medians of ${rounds}:`);
    console.log(`glz predict   ${rate.toFixed(1)} texts/s${clocked(median(predicted.map(({ processor }) => processor)))}`);
    for (const [at, { name }] of servers.entries()) {
      const of = (field: keyof Load): number => median(loads[at].map((each) => each[field]));
      // Rounds that were disturbed disturb both of a pair.
      const ratio = median(loads[at].map((each, round) => each.rate / predicted[round].rate));
      const failed = loads[at].reduce((sum, each) => sum + each.failed, 0);
      console.log(
        `${name.padEnd(13)} ${of('rate').toFixed(1)} texts/s: ${ratio.toFixed(2)} of predict; p50 ${of('p50')} ms, p99 ${of('p99')} ms; errors ${failed}${clocked(of('server'))}, the client ${of('client').toFixed(2)}`,
      );
    }
  }
  const [p50, p99] = await questionTimes();
  console.log(`one question  p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  if (minutes > 0) await createChangingTraffic(server.url, texts, LABELS).run(minutes, (line) => console.log(line));
} finally {
  for (const { child } of servers) child.kill('SIGTERM');
  rmSync(folder, { recursive: true });
}
