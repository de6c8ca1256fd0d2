/** The server's models, each in a worker; knows no requests of clients. */
import { Worker } from 'node:worker_threads';
import { DataError, UsageError } from '../base/errors.ts';
import type { ScoredRequest } from '../classify/classifier.ts';
import type { Explanation } from '../classify/library-types.ts';
// Before a worker starts: the environment that keeps ONNX Runtime from reporting is set in the main thread.
import '../runtime/load-runtime.ts';
import type { GliZNetOptions } from '../model/options.ts';
import type { ReadLabel } from '../text/label-texts.ts';
import {
  type FromWorker,
  type NumberedExplanation,
  type NumberedRequest,
  type Reading,
  type ToWorker,
  unpackScores,
  WorkerGoneError,
  type WorkerSettings,
} from './protocol.ts';

/** A model in a worker. One call at a time. */
export interface RemoteModel {
  /** @throws DataError for labels that cannot be read, Error where the worker is gone */
  problem(set: number, labels: readonly ReadLabel[]): Promise<string | undefined>;
  /** Logits of each request. @throws as problem */
  score(requests: readonly NumberedRequest[], labelsOf: (set: number) => readonly ReadLabel[], reading: Reading): Promise<ScoredRequest[]>;
  /** Explanations of each request. @throws as problem */
  explain(
    requests: readonly NumberedExplanation[],
    labelsOf: (set: number) => readonly ReadLabel[],
    reading: Reading,
  ): Promise<Explanation[][]>;
  /** Forgets a label set. */
  drop(set: number): void;
}

/** Models side by side. */
export interface WorkerPool {
  readonly models: readonly RemoteModel[];
  readonly options: GliZNetOptions;
  /** Identifies the checkpoint. */
  readonly identity: string;
  readonly precision: 'fp32' | 'int8';
  /** Ends all workers after what they do. */
  end(): Promise<void>;
}

interface Started extends RemoteModel {
  ready: Extract<FromWorker, { type: 'ready' }>;
  end(): Promise<void>;
}

type Waiting = { resolve: (message: FromWorker) => void; reject: (error: Error) => void };

async function start(settings: WorkerSettings, onGone: (error: Error) => void): Promise<Started> {
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url), {
    workerData: settings,
  });
  const waiting = new Map<number, Waiting>();
  const known = new Set<number>();
  let jobs = 0;
  let isEnding = false;
  let goneBy: Error | undefined;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const say = (message: ToWorker): void => worker.postMessage(message);
  const gone = (error: Error): void => {
    goneBy ??= new WorkerGoneError(`a worker died: ${error.message}`);
    for (const { reject } of waiting.values()) reject(goneBy);
    waiting.clear();
    if (!isEnding) onGone(goneBy);
  };
  const ready = await new Promise<Started['ready']>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'ready') resolve(message);
      else if (message.type === 'failed') reject(message.isUsage ? new UsageError(message.message) : new DataError(message.message));
      else {
        const job = waiting.get(message.job);
        waiting.delete(message.job);
        if (message.type === 'error') job?.reject(message.isRequest ? new DataError(message.message) : new Error(message.message));
        else job?.resolve(message);
      }
    });
    worker.on('error', (error) => {
      reject(error);
      gone(error as Error);
    });
    worker.on('exit', (code) => {
      const error = new Error(`it ended with code ${code}`);
      reject(error);
      gone(error);
    });
  });
  const ask = <Type extends FromWorker['type']>(
    make: (job: number) => ToWorker,
    _type: Type,
  ): Promise<Extract<FromWorker, { type: Type }>> =>
    new Promise((resolve, reject) => {
      // Nobody would ever answer.
      if (goneBy) throw goneBy;
      const job = jobs++;
      waiting.set(job, { resolve: resolve as Waiting['resolve'], reject });
      say(make(job));
    });
  const send = (set: number, labels: readonly ReadLabel[]): void => {
    if (known.has(set)) return;
    known.add(set);
    say({ type: 'set', set, labels });
  };
  return {
    ready,
    async problem(set, labels) {
      send(set, labels);
      return (await ask((job) => ({ type: 'problem', job, set }), 'problem')).problem;
    },
    async score(requests, labelsOf, reading) {
      for (const { set } of requests) send(set, labelsOf(set));
      // Only what the worker needs: callers may hold more beside a text.
      const numbered = requests.map(({ text, set }) => ({ text, set }));
      return unpackScores((await ask((job) => ({ type: 'score', job, requests: numbered, reading }), 'scored')).results);
    },
    async explain(requests, labelsOf, reading) {
      for (const { set } of requests) send(set, labelsOf(set));
      // A view would be sent with all of its array.
      const numbered = requests.map(({ text, set, chosen, names, logits }) => ({ text, set, chosen, names, logits: logits.slice() }));
      return (await ask((job) => ({ type: 'explain', job, requests: numbered, reading }), 'explained')).results;
    },
    drop(set) {
      if (known.delete(set)) say({ type: 'drop', set });
    },
    async end() {
      isEnding = true;
      say({ type: 'end' });
      await exited;
    },
  };
}

/** Starts `count` workers of a checkpoint. `onGone` is told where one dies. @throws DataError, UsageError as loading a checkpoint does */
export async function startWorkers(count: number, settings: WorkerSettings, onGone: (error: Error) => void): Promise<WorkerPool> {
  // The first alone: it prepares the checkpoint's graphs for the others, and finds out which precision is faster.
  const started = [await start(settings, onGone)];
  const { options, identity, precision } = started[0].ready;
  const same = { ...settings, precision };
  started.push(...(await Promise.all(Array.from({ length: count - 1 }, () => start(same, onGone)))));
  return {
    models: started,
    options,
    identity,
    precision,
    async end() {
      await Promise.all(started.map((each) => each.end()));
    },
  };
}
