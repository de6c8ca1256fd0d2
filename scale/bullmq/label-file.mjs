// Labels a file of texts through the queue of worker.mjs:
//
//   REDIS_URL=redis://127.0.0.1:6379 node label-file.mjs texts.jsonl "delivery,billing,praise" labelled.jsonl
//   AHEAD=16 BATCH=256 ATTEMPTS=3 TOP_K=3
//
// No more than AHEAD jobs of BATCH texts are in the queue at any time, however long the file is and however slow the workers are; results are
// written in order, and a job goes out of the queue once its results are written.
import { closeSync, createReadStream, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';

const [input, labelList, output] = process.argv.slice(2);
if (output === undefined) {
  console.error('usage: node label-file.mjs INPUT.jsonl "label,label" OUTPUT.jsonl');
  process.exit(2);
}
const number = (name, byDefault) => Number(process.env[name] ?? byDefault);
const [ahead, batch, attempts] = [number('AHEAD', 16), number('BATCH', 256), number('ATTEMPTS', 3)];
const options = process.env.TOP_K === undefined ? {} : { topK: Number(process.env.TOP_K) };
const labels = labelList.split(',');
const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const name = process.env.QUEUE ?? 'glz';
const connection = new Redis(url, { maxRetriesPerRequest: null });
const queue = new Queue(name, { connection });
const listening = connection.duplicate();
const events = new QueueEvents(name, { connection: listening });
await events.waitUntilReady();

const temporary = `${output}.${process.pid}.tmp`;
const file = openSync(temporary, 'w');
/** Jobs in the order of their texts. */
const waiting = [];
let written = 0;

async function add(records) {
  if (waiting.length >= ahead) await writeFirst();
  const texts = records.map(({ text }) => text);
  const job = await queue.add('label', { texts, labels, options }, { attempts, backoff: { type: 'exponential', delay: 500 } });
  waiting.push({ job, records });
}

async function writeFirst() {
  const { job, records } = waiting.shift();
  const results = await job.waitUntilFinished(events);
  writeSync(file, records.map((record, at) => `${JSON.stringify({ ...record, ...results[at] })}\n`).join(''));
  written += records.length;
  await job.remove();
}

try {
  let records = [];
  for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    records.push(JSON.parse(line));
    if (records.length < batch) continue;
    await add(records);
    records = [];
  }
  if (records.length > 0) await add(records);
  while (waiting.length > 0) await writeFirst();
  closeSync(file);
  renameSync(temporary, output);
} catch (error) {
  console.error(`${input}: ${error.message}${written > 0 ? `; the ${written} texts that are done are in ${temporary}` : ''}`);
  process.exitCode = 1;
  if (written === 0) rmSync(temporary, { force: true });
  // Nobody waits for them any more.
  for (const { job } of waiting) await job.remove().catch(() => {});
} finally {
  await events.close();
  await queue.close();
  for (const each of [listening, connection]) each.disconnect();
}
