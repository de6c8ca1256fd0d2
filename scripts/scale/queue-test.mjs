// What test-queue.sh runs: a file through scale/bullmq with two workers, one of which is killed in the middle of a job; then faults.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

const [project, work] = process.argv.slice(2);
const labels = 'billing,bug report,delivery,praise';
const environment = { ...process.env, LOCK_MS: '20000', THREADS: '1', AHEAD: '6', BATCH: '32' };
const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue('glz', { connection });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const started = [];
process.on('exit', () => {
  for (const each of started) each.kill('SIGKILL');
});
async function startWorker() {
  const worker = spawn(process.execPath, ['worker.mjs'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(worker);
  await once(worker.stdout, 'data'); // ready
  return worker;
}
async function labelFile(input, output, given = labels) {
  const producer = spawn(process.execPath, ['label-file.mjs', input, given, output], { env: environment, stdio: ['ignore', 'inherit', 'pipe'] });
  started.push(producer);
  let said = '';
  producer.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const [code] = await once(producer, 'close');
  return { code, said };
}

console.log('1. a file, two workers, one of them killed');
const input = join(work, 'texts.jsonl');
let workers = [await startWorker(), await startWorker()];
const output = join(work, 'labelled.jsonl');
let most = 0;
const done = labelFile(input, output);
let isDone = false;
done.then(() => {
  isDone = true;
});
let jobs = 0;
for (let killed = false; !isDone; await pause(20)) {
  const { waiting, active, delayed } = await queue.getJobCounts('waiting', 'active', 'delayed');
  most = Math.max(most, waiting + active + delayed);
  jobs++;
  if (killed || active < 2 || jobs < 30) continue;
  killed = true;
  workers[0].kill('SIGKILL');
  console.log(`killed a worker with ${active} jobs running`);
  workers[0] = await startWorker();
}
const { code, said } = await done;
assert.equal(code, 0, said);
assert.ok(most <= 6, `${most} jobs in the queue at once`);
assert.deepEqual(await queue.getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed'), { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 0 });
const direct = join(work, 'direct.jsonl');
const glz = spawnSync(process.execPath, [join(project, 'bin/glz.js'), 'predict', input, '--labels', labels, '--output', direct, '--quiet', '--threads', '1'], { stdio: 'inherit' });
assert.equal(glz.status, 0);
const lines = (path) => readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const [queued, expected] = [lines(output), lines(direct)];
assert.equal(queued.length, expected.length);
for (const [at, { id, text, labels: best, scores }] of queued.entries()) {
  assert.deepEqual({ id, text, best }, { id: expected[at].id, text: expected[at].text, best: expected[at].labels });
  for (const [label, score] of scores.entries()) assert.ok(Math.abs(score - expected[at].scores[label]) < 1e-4);
}
console.log(`${queued.length} records, none lost, none twice, as glz predict labels them; never more than ${most} jobs in the queue`);

console.log('2. an error that comes again is not tried again');
const few = join(work, 'few.jsonl');
writeFileSync(few, '{"id":1,"text":"my parcel is late"}\n');
const wrong = await labelFile(few, join(work, 'wrong.jsonl'), 'delivery,delivery');
assert.equal(wrong.code, 1);
console.log(wrong.said.trim());
assert.ok(/twice|same/.test(wrong.said) && !readdirSync(work).some((name) => name.startsWith('wrong.jsonl')), wrong.said);
const [failed] = await queue.getFailed();
assert.equal(failed?.attemptsMade ?? 1, 1);

console.log('3. no worker: the file waits, and is done when one comes');
for (const worker of workers) {
  worker.kill('SIGTERM');
  const [status] = await once(worker, 'exit');
  assert.equal(status, 0);
}
const late = labelFile(few, join(work, 'late.jsonl'));
await pause(1000);
assert.ok(!existsSync(join(work, 'late.jsonl')));
workers = [await startWorker()];
assert.equal((await late).code, 0);
assert.equal(lines(join(work, 'late.jsonl'))[0].labels[0], 'delivery');
workers[0].kill('SIGTERM');
await once(workers[0], 'exit');
await queue.close();
connection.disconnect();
console.log('all passed');
