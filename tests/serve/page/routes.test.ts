/** The page as it is served: its headers, its files, what it says with a key and without, and its client against the real server. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GliZNet } from '../../../src/index.ts';
import { AnswerError, createClient } from '../../../src/serve/page/pure/client.ts';
import { readPage } from '../../../src/serve/page-files.ts';
import { ROOT, temporaryFolder } from '../../tiny-checkpoint.ts';
import { post, runServer, type ServerProcess } from '../run-server.ts';

const KEY = 'a key of some length';
const TEXT = 'I was charged twice for one parcel';
const { signal } = new AbortController();
let server: ServerProcess;
beforeAll(async () => {
  // Part of npm run build; where only the compiler ran, it is not there.
  if (!existsSync(join(ROOT, 'dist/serve/page/index.html')))
    expect(spawnSync(process.execPath, [join(ROOT, 'scripts/build-page.mjs')], { stdio: 'inherit' }).status).toBe(0);
  server = await runServer(['--max-labels', '100'], { GLZ_SERVE_KEY: KEY });
});
afterAll(async () => {
  expect(await server.end()).toBe(0);
});

it('serves the page and its files without a key, and lets them load nothing from elsewhere', async () => {
  const page = await fetch(server.url);
  const html = await page.text();
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = page.headers.get('content-security-policy')!;
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  for (const [name, value] of [
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['x-frame-options', 'DENY'],
    ['cache-control', 'no-store'],
    ['cross-origin-opener-policy', 'same-origin'],
  ])
    expect([name, page.headers.get(name)]).toEqual([name, value]);
  const named = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path);
  expect(named).toEqual(expect.arrayContaining(['/page/page.js', '/page/page.css', '/page/icon.svg']));
  expect(named.filter((path) => !path.startsWith('/') || path.startsWith('//'))).toEqual([]);
  // Nothing inline: the policy would refuse it.
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
  for (const [path, type, most] of [
    ['/page/page.js', 'text/javascript; charset=utf-8', 250_000],
    ['/page/page.css', 'text/css; charset=utf-8', 40_000],
    ['/page/icon.svg', 'image/svg+xml', 2000],
  ] as const) {
    const file = await fetch(`${server.url}${path}`);
    const text = await file.text();
    expect([path, file.status, file.headers.get('content-type')]).toEqual([path, 200, type]);
    expect(text.length).toBeLessThan(most);
    expect(text).not.toMatch(/url\(["']?(?:https?:)?\/\/|@import/);
  }
  expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${server.url}/page/other.js`)).status).toBe(401);
});

it('says that the page was not built where it was not', () => {
  expect(readPage(pathToFileURL(`${temporaryFolder()}/`))).toEqual(new Map());
});

it('asks for the key until it is right, once for all requests, and answers as the library does', async () => {
  const asked: boolean[] = [];
  const keys = ['wrong', KEY];
  const client = createClient(
    async (wasWrong) => {
      asked.push(wasWrong);
      return keys.shift()!;
    },
    (path, init) => fetch(`${server.url}${path}`, init),
  );
  const labels = ['billing', 'delivery', 'praise'];
  const questions = { angry: { type: 'predicate', instructions: 'angry' } } as const;
  const [[labelled], [answered], name, fitted] = await Promise.all([
    client.classify({ texts: [TEXT], labels, multiLabel: false, explain: true }, signal),
    client.decide([TEXT], questions, signal),
    client.model(),
    client.fitted(),
  ]);
  expect([asked, name, fitted]).toEqual([[false, true], 'glz-mini', undefined]);
  const model = await GliZNet.load(undefined, { threads: 1 });
  try {
    const [ours] = await model.classify([TEXT], labels);
    expect(labelled.labels).toEqual(ours.labels);
    for (const [at, score] of labelled.scores.entries()) expect(score).toBeCloseTo(ours.scores[at], 4);
    const { angry } = await model.decide(TEXT, questions);
    expect((answered.angry as typeof angry).probability).toBeCloseTo(angry.probability, 4);
  } finally {
    await model.dispose();
  }
  const many = Array.from({ length: 101 }, (_, at) => `label ${at}`);
  await expect(client.classify({ texts: [TEXT], labels: many, multiLabel: false, explain: true }, signal)).rejects.toThrow(
    expect.objectContaining({ status: 422, message: expect.stringMatching(/101 labels/) }),
  );
  const gone = new AbortController();
  gone.abort();
  await expect(client.classify({ texts: [TEXT], labels, multiLabel: false }, gone.signal)).rejects.not.toBeInstanceOf(AnswerError);
  const nobody = createClient(
    async () => '',
    () => Promise.reject(new TypeError('fetch failed')),
  );
  await expect(nobody.model()).rejects.toThrow('The server does not answer');
});

it('asks a busy server again after the time that it names', async () => {
  let asked = 0;
  const client = createClient(
    async () => '',
    async () => {
      asked++;
      return asked < 3
        ? Response.json({}, { status: 503, headers: { 'retry-after': '0' } })
        : Response.json({ data: [{ id: 'glz-mini' }] });
    },
  );
  expect([await client.model(), asked]).toEqual(['glz-mini', 3]);
});

it.each<[string, unknown, RegExp]>([
  ['no questions', { texts: TEXT, questions: {} }, /there are none/],
  ['questions that are a word', { texts: TEXT, questions: 'x' }, /field "questions": must be an object/],
  ['a question that cannot be asked', { texts: TEXT, questions: { q: { type: 'choice', options: ['a'] } } }, /"q".*1 given/],
  ['no texts', { questions: { q: { type: 'noul', instructions: 'x' } } }, /field "texts"/],
  ['an unknown field', { texts: TEXT, questions: {}, labels: [] }, /labels/],
  [
    'too many options',
    { texts: TEXT, questions: { q: { type: 'choice', options: Array.from({ length: 101 }, (_, i) => `o${i}`) } } },
    /101 labels or options/,
  ],
])('POST /decide refuses %s', async (_, body, message) => {
  const { status, body: answer } = await post(`${server.url}/decide`, body, { 'x-api-key': KEY });
  expect([status, answer.error?.message]).toEqual([422, expect.stringMatching(message)]);
});
