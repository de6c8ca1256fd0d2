// Labels texts that come over a queue on Valkey or Redis. As many of these as there are machines; each takes a job when it has done the last.
//
//   REDIS_URL=redis://127.0.0.1:6379 node worker.mjs
//   CHECKPOINT=runs/own THREADS=2 LOCK_MS=30000
//
// A job is {texts, labels, options}; its result is what GliZNet's classify gives. A worker that is killed shows no life; after LOCK_MS its job
// goes to another one. SIGTERM ends it after the job that runs.
import { UnrecoverableError, Worker } from 'bullmq';
import { DataError, GliZNet, UsageError } from 'gliznet';
import { Redis } from 'ioredis';

const lockDuration = Number(process.env.LOCK_MS ?? 30_000);
const threads = process.env.THREADS === undefined ? {} : { threads: Number(process.env.THREADS) };
const model = await GliZNet.load(process.env.CHECKPOINT, threads);
const connection = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null });

async function label({ data: { texts, labels, options } }) {
  try {
    return await model.classify(texts, labels, options);
  } catch (error) {
    // Would be so again: no second try.
    if (error instanceof UsageError || error instanceof DataError) throw new UnrecoverableError(error.message);
    throw error;
  }
}

const worker = new Worker(process.env.QUEUE ?? 'glz', label, {
  connection,
  // One: a job is a batch already. The next one is fetched when it is done, so what waits, waits in the queue, where any worker can take it.
  concurrency: 1,
  lockDuration,
  stalledInterval: lockDuration / 2,
  maxStalledCount: 5,
});
worker.on('error', (error) => console.error(error.message));
worker.on('failed', (job, error) => console.error(`job ${job?.id}: ${error.message}`));
await worker.waitUntilReady();
console.log('ready');

async function end() {
  await worker.close();
  await connection.quit();
  await model.dispose();
}
process.once('SIGTERM', end);
process.once('SIGINT', end);
