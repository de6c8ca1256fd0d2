// What test-kubernetes.sh runs: the commands of scale/kubernetes as they are, but for their paths.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const [project, work] = process.argv.slice(2);
const image = ['/usr/bin/node', '/app/bin/glz.js']; // scale/Dockerfile
const moved = (word) => word.replace('/usr/bin/node', process.execPath).replaceAll('/app/', `${project}/`).replaceAll('/data/', `${work}/`);

/** The only container of a manifest's first document. */
function containerOf(name) {
  const [{ spec }] = parseAllDocuments(readFileSync(join(project, 'scale/kubernetes', name), 'utf8')).map((each) => each.toJS());
  const [{ command = image, args, env = [], ...rest }] = spec.template.spec.containers;
  const [program, ...words] = [...command, ...args].map(moved);
  return { spec, program, words, env: Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'a-key'])), ...rest };
}
function run({ program, words, env }, more = {}) {
  const { status, stderr } = spawnSync(program, words, { env: { ...process.env, ...env, ...more }, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const label = containerOf('label-job.yaml');
assert.equal(label.env.SHARDS, String(label.spec.completions));
for (let index = 0; index < label.spec.completions; index++) run(label, { JOB_COMPLETION_INDEX: String(index) });
run(containerOf('merge-job.yaml'));
run({
  program: process.execPath,
  words: [join(project, 'bin/glz.js'), 'predict', join(work, 'texts.jsonl'), '--labels-file', join(work, 'labels.txt'), '--output', join(work, 'one.jsonl'), '--quiet'],
  env: {},
});
assert.ok(readFileSync(join(work, 'labelled.jsonl')).equals(readFileSync(join(work, 'one.jsonl'))));
console.log(`${label.spec.completions} indices and the merge: the same bytes as one run`);

const serve = containerOf('serve.yaml');
const port = serve.ports[0].containerPort;
const words = serve.words.map((word) => (word === '0.0.0.0' ? '127.0.0.1' : word === String(port) ? '0' : word));
const server = spawn(serve.program, words, { env: { ...process.env, ...serve.env }, stdio: ['ignore', 'pipe', 'pipe'] });
let said = '';
for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
const address = await new Promise((resolve, reject) => {
  const timer = setInterval(() => {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (found) resolve(found);
    if (found) clearInterval(timer);
  }, 50);
  server.on('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
});
for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
  const { status } = await fetch(address + serve[probe].httpGet.path);
  console.log(`${probe} ${serve[probe].httpGet.path}: ${status}`);
  assert.equal(status, 200);
}
const ask = (headers) =>
  fetch(`${address}/classify`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"texts":["late parcel"],"labels":["delivery","praise"]}' });
assert.equal((await ask({})).status, 401);
assert.equal((await ask({ authorization: 'Bearer a-key' })).status, 200);
server.removeAllListeners('exit');
server.kill('SIGTERM');
const [code] = await once(server, 'exit');
assert.equal(code, 0);
console.log('all passed');
