/** `fetch` where the package that goes through proxies is not installed: nothing goes out around a proxy, and what needs none works. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { callGlz } from '../call-glz.ts';
import type { GlzRun } from '../run-glz.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

const NO_PROXIES = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
);
const ADVICE = 'which does not come with glz: npm install undici@6 (with -g where glz was installed so)\n';

/** An installation of glz without undici. */
const root = join(temporaryFolder(), 'installed');
/** Answers everything with 404, and counts. */
let server: Server;
let asked: string[] = [];
let address = '';

beforeAll(async () => {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(ROOT, name), join(root, name), { recursive: true });
  for (const name of ['configs', 'checkpoints', 'datasets']) symlinkSync(join(ROOT, name), join(root, name));
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (name !== 'undici') symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"none"}');
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 none\r\n\r\n');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => void server.close());

const run = (args: string[], env: NonNullable<GlzRun['env']>) => callGlz(args, { root, env: { ...NO_PROXIES, ...env } });
const hub = (env: NonNullable<GlzRun['env']>) =>
  run(['predict', '--text', 'a', '--labels', 'b,c', '--checkpoint', 'org/none'], {
    HF_HOME: temporaryFolder(),
    HF_HUB_OFFLINE: undefined,
    ...env,
  });

it('a proxy of the hub without undici: one line says what to install, and nothing goes out', async () => {
  const { code, stdout, stderr } = await hub({ HTTPS_PROXY: address, HF_ENDPOINT: 'https://hub.invalid' });
  expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^(.*\n)?glz: .*\n$/)]);
  expect(stderr).toContain(`the proxy of HTTPS_PROXY needs the package undici, ${ADVICE}`);
  expect(asked).toEqual([]);
});

it('of language models too, before anything is asked or written', async () => {
  const args = ['generate', '--model', 'm', '--count', '1', '--output', join(temporaryFolder(), 'out.jsonl')];
  const env = { http_proxy: address, GROQ_API_KEY: 'k' };
  for (const [provider, more] of [
    ['groq', { GROQ_BASE_URL: 'http://groq.invalid' }],
    ['ollama', { OLLAMA_HOST: 'ollama.invalid:80' }],
  ] as const) {
    const { code, stderr } = await run([...args, '--provider', provider], { ...env, ...more });
    expect([code, stderr]).toEqual([1, `glz: the proxy of HTTP_PROXY needs the package undici, ${ADVICE}`]);
  }
  expect(asked).toEqual([]);
});

it('what no proxy leads to needs no undici: this machine, and hosts of NO_PROXY', async () => {
  const env = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' };
  const own = await hub({ ...env, HF_ENDPOINT: address });
  expect([own.code, own.stderr, asked.length]).toEqual([1, expect.not.stringContaining('undici'), expect.any(Number)]);
  expect(asked[0]).toMatch(/^GET \/api\/models\/org\/none/);
  const listed = await hub({ ...env, NO_PROXY: 'other.invalid, *.invalid:80', HF_ENDPOINT: 'http://hub.invalid' });
  expect(listed.stderr).not.toContain('undici');
  const other = await hub({ ...env, NO_PROXY: 'other.invalid, *.invalid:443', HF_ENDPOINT: 'http://hub.invalid' });
  expect(other.stderr).toContain('npm install undici@6');
});

// In a process of its own: the globals of a test are not those that Node's fetch has its connections from.
const ASK = `
const { createFetch } = await import(process.argv[1]);
const ask = (limits) => createFetch(limits)(process.argv[2]).then((answer) => answer.text(), ({ cause }) => cause.code);
console.log(JSON.stringify(await Promise.all([ask({ headersTimeout: 500 }), ask({ headersTimeout: 0, bodyTimeout: 0 }), ask({})])));
`;
it('a connection that is given time has it, without undici as well', async () => {
  const late = createServer((_, response) => void setTimeout(() => response.end('late'), 1500));
  await new Promise<void>((ready) => late.listen(0, '127.0.0.1', ready));
  try {
    const http = pathToFileURL(join(root, 'dist', 'base', 'http.js')).href;
    const url = `http://127.0.0.1:${(late.address() as AddressInfo).port}/`;
    const env = { ...process.env, ...NO_PROXIES };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', ASK, http, url], { env });
    expect(JSON.parse(stdout)).toEqual(['UND_ERR_HEADERS_TIMEOUT', 'late', 'late']);
  } finally {
    late.close();
  }
});
