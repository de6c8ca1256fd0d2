/** What reaches the server from anybody: answers that equal the library's, bad bodies, silent connections, who may ask, how it ends. */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GliZNet } from '../../src/index.ts';
import { runGlz } from '../run-glz.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';
import { post, runServer, type ServerProcess } from './run-server.ts';

const TEXT = 'I was charged twice for one parcel';
const LABELS = ['billing', 'delivery', 'praise'];
let server: ServerProcess;
let model: GliZNet;
beforeAll(async () => {
  server = await runServer(['--max-body', '1', '--max-labels', '600']);
  model = await GliZNet.load(undefined, { threads: 1 });
});
afterAll(async () => {
  await model.dispose();
  expect(await server.end()).toBe(0);
});
const classify = (body: unknown, headers?: Record<string, string>) => post(`${server.url}/classify`, body, headers);
const systemOne = (body: unknown) => post(`${server.url}/v1/systemone`, body);

it('classifies as the library does, alone and among the requests of others', async () => {
  const texts = Array.from({ length: 12 }, (_, at) => `${TEXT}, number ${at}${' and more'.repeat(at * 4)}`);
  const ours = await model.classify(texts, LABELS);
  const { body } = await classify({ texts, labels: LABELS });
  expect(body.model).toBe('glz-mini');
  for (const [at, { labels, scores }] of body.results.entries()) {
    expect(labels).toEqual(ours[at].labels);
    for (const [k, score] of scores.entries()) expect(score).toBeCloseTo(ours[at].scores[k], 4);
  }
  const each = await Promise.all(
    texts.map((text, at) => classify({ texts: text, labels: at % 2 ? LABELS : [...LABELS].reverse(), topK: 1 })),
  );
  for (const [at, { body: one }] of each.entries()) expect(one.results[0].labels).toEqual(ours[at].labels.slice(0, 1));
  const described = await classify({
    texts,
    labels: [
      { label: 'A', description: LABELS[0] },
      { label: 'B', children: LABELS.slice(1) },
    ],
    levels: 'all',
  });
  expect(described.body.results[0]).toMatchObject({ path: expect.any(Array), joint: expect.any(Number) });
  expect([...described.body.results[0].labels].sort()).toEqual(['A', 'B', ...LABELS.slice(1)].sort());
  const named = await classify({ texts, labels: { A: LABELS[0], B: { examples: ['a parcel'] }, constructor: null } });
  const listed = await classify({
    texts,
    labels: [{ label: 'A', description: LABELS[0] }, { label: 'B', examples: ['a parcel'] }, 'constructor'],
  });
  expect([named.status, named.body]).toEqual([200, listed.body]);
  const multi = await classify({
    texts: [TEXT, TEXT],
    labels: [['billing'], ['praise', { label: 'delivery', description: 'a parcel' }]],
    multiLabel: true,
  });
  expect(multi.body.results.map(({ labels }: { labels: string[] }) => [...labels].sort())).toEqual([['billing'], ['delivery', 'praise']]);
  const foreign = await classify({ texts: [TEXT, 'Где моя посылка?'], labels: LABELS });
  expect(foreign.body.results.map(({ unknownScript }: { unknownScript?: string }) => unknownScript)).toEqual([undefined, 'Cyrillic']);
});

it('explains as the library does, whatever labels are called, and among requests that ask for no explanation', async () => {
  const [ours] = await model.classify([TEXT], LABELS, { explain: true });
  const body = { texts: [TEXT, '😀 charged'], labels: LABELS, explain: true };
  const [first, plain, named] = await Promise.all([
    classify(body),
    classify({ ...body, explain: false }),
    classify({ ...body, labels: [{ label: 'B', description: 'billing' }, 'praise'], multiLabel: true, topK: 1 }),
  ]);
  const [result, other] = first.body.results;
  expect(result.explanations.map(({ label }: { label: string }) => label)).toEqual(result.labels);
  for (const [at, { bias, words, method }] of result.explanations.entries()) {
    const own = ours.explanations![at];
    expect([method, words.map(({ word }: { word: string }) => word)]).toEqual(['exact', own.words.map(({ word }) => word)]);
    expect(bias).toBeCloseTo(own.bias, 4);
    for (const [k, { score }] of words.entries()) expect(score).toBeCloseTo(own.words[k].score, 4);
  }
  expect(other.explanations[0].words.map(({ start }: { start: number }) => start)).toEqual([0, 3]);
  expect(plain.body.results[0].explanations).toBeUndefined();
  expect(named.body.results[0].explanations.map(({ label }: { label: string }) => label)).toEqual(named.body.results[0].labels);
});

describe('refuses', () => {
  it.each<[string, unknown, number, RegExp]>([
    ['what is no JSON', '{"texts":', 400, /not JSON/],
    ['what is nested too deep', `{"texts": ${'['.repeat(5000)}${']'.repeat(5000)}, "labels": ["a"]}`, 400, /nested too deep/],
    ['NaN', '{"texts": [NaN], "labels": ["a"]}', 400, /not JSON/],
    ['no texts', { labels: LABELS }, 422, /field "texts"/],
    ['labels that are none', { texts: TEXT, labels: [1, 2] }, 422, /field "labels/],
    ['no labels', { texts: TEXT, labels: [] }, 422, /no labels/],
    ['a label twice', { texts: TEXT, labels: ['a', 'a '] }, 422, /occurs twice/],
    ['labels that are the same to the model', { texts: TEXT, labels: ['Refund', 'refund'] }, 422, /same to the model/],
    ['a label that is too long', { texts: TEXT, labels: ['word '.repeat(2000), 'a'] }, 422, /too long/],
    ['too many labels', { texts: TEXT, labels: Array.from({ length: 601 }, (_, i) => `label ${i}`) }, 422, /601 labels .* may have 600/],
    ['a field by a name like its own', { text: TEXT, labels: LABELS }, 422, /^field "text" is not known; did you mean "texts"\?$/],
    ['a field as the command calls it', { texts: TEXT, labels: LABELS, top_k: 1 }, 422, /^field "top_k" .*did you mean "topK"\?$/],
    ['a field like none', { texts: TEXT, labels: LABELS, priority: 1 }, 422, /^field "priority" is not known; there are texts, labels, /],
    [
      'labels in one text',
      { texts: TEXT, labels: 'a,b' },
      422,
      /^field "labels": must be a list of names or of objects \(.*names with what they mean/,
    ],
    ['a label by name that means a number', { texts: TEXT, labels: { a: 1 } }, 422, /^labels, "a" must be a description/],
    ['an explanation that is no yes or no', { texts: TEXT, labels: LABELS, explain: 3 }, 422, /field "explain"/],
    ['a threshold out of range', { texts: TEXT, labels: LABELS, threshold: 2 }, 422, /field "threshold"/],
    ['lists that do not fit', { texts: [TEXT, TEXT, TEXT], labels: [['a'], ['b']] }, 422, /2 label lists for 3 texts/],
    ['a body of 100 MB', `{"texts": "${'x'.repeat(100e6)}"}`, 413, /larger than/],
  ])('%s', async (_, body, status, message) => {
    const answer = await classify(body);
    expect([answer.status, answer.body.error.message]).toEqual([status, expect.stringMatching(message)]);
    expect(answer.body.error.message).not.toContain('\n');
  });

  it.each<[string, unknown, RegExp]>([
    ['no questions', { state: 'x', questions: {} }, /there are none/],
    ['equal options', { state: 'x', questions: { q: { type: 'choice', criteria: { a: null, 'a ': null } } } }, /"a" is given twice/],
    ['one option', { state: 'x', questions: { q: { type: 'choice', criteria: { a: null } } } }, /1 given/],
    [
      '10,000 options',
      {
        state: 'x',
        questions: { q: { type: 'choice', criteria: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`option ${i}`, null])) } },
      },
      /10000 labels or options/,
    ],
    ['a level of one', { state: 'x', questions: { q: { type: 'score', criteria: ['a'] } } }, /Too small/],
    ['a statement without words', { state: 'x', questions: { q: { type: 'noul' } } }, /says no statement/],
    ['a state that is a number', { state: 1, questions: { q: { type: 'noul', instructions: 'x' } } }, /Invalid input/],
  ])('questions: %s', async (_, body, message) => {
    const answer = await systemOne(body);
    expect([answer.status, answer.body.detail[0].msg]).toEqual([422, expect.stringMatching(message)]);
  });

  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const kind = 'Content-Type: application/json';
  it.each<[string, string, string, RegExp]>([
    ['of its length', `${kind}\r\nContent-Length: 24000000`, 'x'.repeat(24e6), /^HTTP\/1\.1 413 .*the body is larger than 1000000 bytes/s],
    ['in chunks', `${kind}\r\nTransfer-Encoding: chunked`, `${chunk.repeat(400)}0\r\n\r\n`, /^HTTP\/1\.1 413 .*the body is larger/s],
    ['that is not looked at', 'Content-Length: 24000000', 'x'.repeat(24e6), /^HTTP\/1\.1 415 /],
  ])('a client that looks for an answer only once all is sent reads it, and may ask again: a body %s', async (_, head, body, expected) => {
    const answers = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.pause().setEncoding('latin1').on('error', reject);
      let text = '';
      socket.write(`POST /classify HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}\r\n\r\n`);
      socket.write(body, () => {
        socket
          .on('data', (data) => {
            text += data;
          })
          .on('end', () => resolve(text))
          .resume();
        socket.write('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
      });
    });
    expect(answers).toMatch(expected);
    expect(answers).toContain('{"status":"ok"}');
  });

  it('names that every object has are labels like others', async () => {
    const { body } = await classify('{"texts": "__proto__", "labels": ["__proto__", "constructor"]}');
    expect([...body.results[0].labels].sort()).toEqual(['__proto__', 'constructor']);
    const { body: answered } = await systemOne(
      '{"state": "x", "questions": {"__proto__": {"type": "choice", "criteria": {"__proto__": null, "toString": null}}}}',
    );
    expect(JSON.stringify(answered)).toContain('"__proto__":{"type":"choice"');
  });

  it('other types, methods, paths, and names that it is not called by', async () => {
    const plain = await classify({ texts: TEXT, labels: LABELS }, { 'content-type': 'text/plain' });
    expect([plain.status, plain.body.error.message]).toEqual([415, expect.stringContaining('header content-type: application/json')]);
    const got = await fetch(`${server.url}/classify`);
    const { error } = (await got.json()) as { error: { message: string } };
    expect([got.status, got.headers.get('allow'), error.message]).toEqual([405, 'POST', 'there is no GET /classify: use POST']);
    const posted = await post(`${server.url}/metrics`, {});
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const foreign = await fetch(`${server.url}/v1/systemone`);
    expect([foreign.status, await foreign.json()]).toEqual([405, { detail: 'there is no GET /v1/systemone: use POST' }]);
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () =>
        socket.write('GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
      );
      let text = '';
      socket
        .on('data', (data) => {
          text += data;
        })
        .on('end', () => resolve(text))
        .on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
  });
});

it('serves others while two thousand connections say nothing', async () => {
  const sockets = await Promise.all(
    Array.from(
      { length: 2000 },
      () =>
        new Promise<Socket | undefined>((resolve) => {
          const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => resolve(socket));
          socket.on('error', () => resolve(undefined));
        }),
    ),
  );
  try {
    const { status } = await classify({ texts: TEXT, labels: LABELS });
    expect(status).toBe(200);
  } finally {
    for (const socket of sockets) socket?.destroy();
  }
});

/** Waits until nothing is queued, 50 ms a try. @throws Error where something stays */
async function queueEmpties(tries: number): Promise<void> {
  for (let at = 0; at < tries; at++) {
    const { waiting } = (await (await fetch(`${server.url}/ready`)).json()) as { waiting: number };
    if (waiting === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the queue does not empty');
}

it('drops what clients gave up, answers all others', async () => {
  const asked = Array.from({ length: 60 }, async (_, at) => {
    const stop = new AbortController();
    if (at % 3 === 0) setTimeout(() => stop.abort(), at % 7);
    const response = await fetch(`${server.url}/classify`, {
      ...{ method: 'POST', signal: stop.signal, headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ texts: `${TEXT} ${at}`, labels: [...LABELS, `own ${at}`] }),
    }).catch(() => undefined);
    return at % 3 === 0 ? 200 : response?.status;
  });
  expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
  await queueEmpties(100);
});

it('lets go of two hundred clients that are killed in the middle, and answers the next', async () => {
  const whole = JSON.stringify({ texts: Array.from({ length: 10 }, (_, at) => `${TEXT} ${at}`), labels: LABELS });
  const head = `POST /classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${whole.length}\r\n\r\n`;
  await Promise.all(
    Array.from(
      { length: 200 },
      (_, at) =>
        new Promise<void>((resolve) => {
          const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
          // Half of them in the middle of what they send, the others while they wait.
          socket
            .on('error', () => {})
            .write(head + (at % 2 ? whole.slice(0, 50) : whole), () => setTimeout(() => socket.destroy(), at % 20));
          socket.on('close', () => resolve());
        }),
    ),
  );
  expect((await classify({ texts: TEXT, labels: LABELS })).status).toBe(200);
  await queueEmpties(200);
});

it('answers 503 and ends with 1 where a worker dies', async () => {
  const folder = temporaryFolder();
  const [preload, mark] = [join(folder, 'preload.mjs'), join(folder, 'die')];
  writeFileSync(
    preload,
    `import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
if (!isMainThread) setInterval(() => existsSync(${JSON.stringify(mark)}) && process.exit(7), 20).unref();`,
  );
  const other = await runServer(['--batch-wait', '1000'], { NODE_OPTIONS: `--import ${pathToFileURL(preload)}` });
  const ended = new Promise((resolve) => other.child.once('close', resolve));
  let said = '';
  other.child.stderr!.on('data', (text: string) => {
    said += text;
  });
  // The labels are read at once; the text waits for others when the worker dies.
  const underWay = post(`${other.url}/classify`, { texts: TEXT, labels: LABELS });
  const waiting = async () => ((await (await fetch(`${other.url}/ready`)).json()) as { waiting: number }).waiting;
  while ((await waiting()) === 0);
  writeFileSync(mark, '');
  const { status, body, headers } = await underWay;
  expect([status, body.error.message, headers.get('retry-after')]).toEqual([503, expect.stringMatching(/about to end/), '1']);
  expect(await ended).toBe(1);
  expect(said).toMatch(/^glz: a worker died: it ended with code 7/m);
});

it('keeps label sets within their memory, and describes itself', async () => {
  for (let at = 0; at < 30; at++) await classify({ texts: TEXT, labels: [...LABELS, `new ${at}`] });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/glz_requests_total\{path="\/classify",status="200"\} \d+/);
  expect(Number(/glz_label_cache_bytes (\d+)/.exec(metrics)?.[1])).toBeLessThan(256e6);
  const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(description.paths)).toEqual(expect.arrayContaining(['/classify', '/v1/systemone', '/v1/decisions', '/metrics']));
});

it('logs requests without their texts', async () => {
  await classify({ texts: 'a very secret text', labels: ['secret label', 'other'] });
  const lines = JSON.stringify(server.log);
  expect(lines).toContain('"path":"/classify"');
  expect(lines).not.toContain('secret');
});

it('ends after what is under way, and refuses to start where it must not', async () => {
  const other = await runServer(['--batch-wait', '400']);
  const underWay = post(`${other.url}/classify`, { texts: TEXT, labels: LABELS });
  await new Promise((resolve) => setTimeout(resolve, 150));
  const ended = other.end();
  expect((await underWay).status).toBe(200);
  expect(await ended).toBe(0);
  const open = await runGlz(['serve', '--host', '0.0.0.0', '--port', '0'], { env: { GLZ_SERVE_KEY: undefined } });
  expect([open.code, open.stderr]).toEqual([
    2,
    expect.stringMatching(/^glz: 0\.0\.0\.0 can be reached by others: put a key into .*GLZ_SERVE_KEY/),
  ]);
  const taken = await runGlz(['serve', '--port', new URL(server.url).port]);
  expect([taken.code, taken.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot listen on 127\.0\.0\.1, port \d+: something listens there already/),
  ]);
  const broken = await runGlz(['serve', '--port', '0', '--checkpoint', './none']);
  expect([broken.code !== 0, broken.stderr.trim().split('\n').length]).toEqual([true, 1]);
});
