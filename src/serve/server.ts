/** A server on a port: workers, queue and routes put together, and ended in order. */
import type { Server } from 'node:http';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { freeMemory } from '../base/free-memory.ts';
import { tunedOf } from '../classify/tuning/thresholds-file.ts';
import type { Tuned } from '../classify/tuning/tuned.ts';
import type { Filled } from '../options/declaration.ts';
import type { SERVE_FLAGS } from '../options/serve.ts';
import { createApp } from './app.ts';
import { drainUnread } from './body-bytes.ts';
import { createLabelSets } from './label-sets.ts';
import { createMetrics } from './metrics.ts';
import { readPage } from './page-files.ts';
import { createScheduler } from './scheduler.ts';
import { startWorkers } from './worker-pool.ts';

/** How a server is started. */
export interface ServerSettings extends Filled<typeof SERVE_FLAGS> {
  key?: string;
  version: string;
  /** Told of each answer, and of what goes wrong. */
  log(entry: Readonly<Record<string, string | number>>): void;
}

/** A server that runs. */
export interface RunningServer {
  /** `http://127.0.0.1:8077` */
  readonly url: string;
  /** Precision that the model computes with. */
  readonly precision: 'fp32' | 'int8';
  /** Rejected where a worker dies: the server is of no use then. */
  readonly failed: Promise<never>;
  /** Takes no more requests, answers those under way, ends the workers. */
  end(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Workers at most unless said: with one thread each they use cores best, and each holds the model. */
const MOST_WORKERS = 8;

/** Memory of a worker, about. */
const WORKER_BYTES = 250e6;

/** Workers that suit the machine: one a core, as far as half of the free memory holds them. */
const workersFor = (cores: number): number => Math.max(1, Math.min(cores, MOST_WORKERS, Math.floor(freeMemory() / 2 / WORKER_BYTES)));

/** Milliseconds in which a client has to send its head; those that send nothing are let go of. */
const HEAD_TIME = 5000;

/** Bytes of a label's vector, about: of models with upper layers as well. */
const vectorBytes = 4 * 384;

const megabytes = (count: number): number => count * 1e6;

/** A listening socket for the routes. @throws DataError where the port is taken */
function listen({ fetch }: Hono, { host, port, timeout }: ServerSettings): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        // Its own way of taking in what is left of a body cuts clients off after half a second.
        ...{ fetch, hostname: host, port, autoCleanupIncoming: false },
        serverOptions: { headersTimeout: HEAD_TIME, requestTimeout: 1000 * timeout, connectionsCheckingInterval: 1000 },
      },
      () => resolve(server),
    ) as Server;
    server.keepAliveTimeout = 15_000;
    server.on('request', drainUnread);
    server.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something listens there already' : errorMessage(error);
      reject(new DataError(`cannot listen on ${host}, port ${port}: ${why}`));
    });
  });
}

/** Starts a server. @throws UsageError for an address that others reach without a key; DataError where the port is taken or the checkpoint broken */
export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const { host, port, key, log } = settings;
  const isLoopback = LOOPBACK.has(host) || (isIP(host) === 4 && host.startsWith('127.'));
  if (!isLoopback && key === undefined)
    throw new UsageError(`${host} can be reached by others: put a key into the environment variable GLZ_SERVE_KEY, or listen on 127.0.0.1`);
  const cores = availableParallelism();
  const count = settings.workers ?? workersFor(cores);
  const threads = settings.threads ?? Math.max(1, Math.floor(cores / count));
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const { checkpoint, precision } = settings;
  const pool = await startWorkers(count, { checkpoint, precision, threads }, (error) => fail(error));
  let tuned: Tuned | undefined;
  try {
    if (settings.thresholds !== undefined) tuned = tunedOf(settings.thresholds, pool.identity);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const sets = createLabelSets(megabytes(settings.labelMemory), vectorBytes, (set) => {
    for (const model of pool.models) model.drop(set);
  });
  const metrics = createMetrics({
    waiting: () => scheduler.waiting,
    labelHits: () => sets.hits,
    labelMisses: () => sets.misses,
    labelBytes: () => sets.bytes,
  });
  const scheduler = createScheduler(pool, sets, { ...settings, threads, onBatch: metrics.batch });
  let isEnding = false;
  const app = createApp({
    ...settings,
    ...{ scheduler, metrics, model: basename(checkpoint), tuned, isEnding: () => isEnding, page: readPage() },
    ...(isLoopback ? { hosts: new Set([...LOOPBACK, '[::1]', host]) } : {}),
    maxBodyBytes: megabytes(settings.maxBody),
    timeoutMs: 1000 * settings.timeout,
  });
  const server = await listen(app, settings).catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return {
    url: `http://${name}:${actual}`,
    precision: pool.precision,
    failed,
    async end() {
      isEnding = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await scheduler.idle();
      // Answers that are ready go out; connections that only wait are let go of.
      const idle = setInterval(() => server.closeIdleConnections(), 20);
      const last = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearInterval(idle);
      clearTimeout(last);
      await pool.end();
      log({ level: 'info', message: 'ended' });
    },
  };
}
