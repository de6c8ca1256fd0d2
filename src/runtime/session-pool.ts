/**
 * Sessions of one graph side by side, each in a process and with one thread: batches share the cores better than the operations of a batch do.
 * On two cores int8 gains most, and fp32 where other work runs too (docs/speed.md). They are opened once there is enough to run; until then, and
 * where that fails, the one session does it all.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { freeMemory } from '../base/free-memory.ts';
import type { Feed, FeedData, GraphSession } from './onnx-session.ts';

/** What a session's process is asked, once it has the graph. */
export interface RunRequest {
  job: number;
  feeds: Record<string, Feed>;
  outputs: string[];
}

/** What it answers: first, once, that its session is open. */
export type RunAnswer =
  | { type: 'ready' }
  | { type: 'ran'; job: number; values: Record<string, FeedData> }
  | { type: 'failed'; job: number; message: string };

/** Sessions at most, as each holds the graph. */
const MOST_SESSIONS = 8;

/** Memory of a session beside its graph's bytes: a process of Node, and what a batch makes. */
const SESSION_BYTES = 100e6;

/** How many times its graph's bytes a session takes: as read, and a part of it packed for products. */
const GRAPH_COPIES = 1.2;

/** Tokens of work with which sessions are opened: what they then save is what opening them costs. */
const OPEN_FROM = 8192;

/** Runs that a session has ahead of it, the running one included, so that it never waits. */
const AHEAD = 2;

/** How many sessions suit a graph of so many bytes: one a thread, as far as a quarter of the free memory holds them. */
export function sessionsFor(graphBytes: number, threads = availableParallelism()): number {
  const inMemory = Math.floor(freeMemory() / 4 / (SESSION_BYTES + GRAPH_COPIES * graphBytes));
  return Math.max(1, Math.min(threads, MOST_SESSIONS, inMemory));
}

/** A session's process ended before it answered. */
class SessionGoneError extends Error {}

interface OpenSession {
  child: ChildProcess;
  waiting: Map<number, { resolve: (values: Record<string, FeedData>) => void; reject: (error: Error) => void }>;
  /** Resolves once it runs what it is asked; rejected where its process ends before. */
  ready: Promise<void>;
}

/** What does something keeps this process alive; what is open and does nothing does not. */
function hold(child: ChildProcess, isHeld: boolean): void {
  for (const each of [child, child.channel]) isHeld ? each?.ref() : each?.unref();
}

/**
 * Opens a session in a process; `onGone` is called where it ends. Not in a thread: where that ends, or this process does, while ONNX Runtime
 * computes in it, all is aborted.
 * @throws the system's error where no process can be started
 */
function openSession(graph: string | Uint8Array, onGone: () => void): OpenSession {
  const file = import.meta.url.endsWith('.ts') ? './session-process.ts' : './session-process.js';
  // Not with this process's flags: some are of its own script.
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  hold(child, false);
  const waiting: OpenSession['waiting'] = new Map();
  const ready = new Promise<void>((resolve, reject) => {
    const gone = (): void => {
      const error = new SessionGoneError('a session beside others ended');
      onGone();
      reject(error);
      for (const job of waiting.values()) job.reject(error);
      waiting.clear();
    };
    child.on('error', gone);
    child.on('exit', gone);
    child.on('message', (answer: RunAnswer) => {
      if (answer.type === 'ready') return resolve();
      const job = waiting.get(answer.job);
      waiting.delete(answer.job);
      if (waiting.size === 0) hold(child, false);
      if (answer.type === 'ran') job?.resolve(answer.values);
      else job?.reject(new Error(answer.message));
    });
  });
  // What cannot be sent is told by the end of the process.
  child.send(graph, () => {});
  return { child, waiting, ready };
}

/** Ends a session's process, whatever it does. */
async function endSession({ child }: OpenSession): Promise<void> {
  // One that could not be started has no end.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // Else this process could end before that one has.
  child.ref();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** What runs batches: a session, or several. */
export interface BatchRunner {
  /** Runs that may be under way at once, so that no session waits. */
  readonly atOnce: number;
  /** As that of a session; may be called before others are done. */
  run: GraphSession['run'];
}

/** Sessions side by side for much work, and the one for little. */
export interface SessionPool {
  /** What so many tokens are run with; opens the sessions once there was enough of work that is for them. */
  runnerFor(tokens: number): BatchRunner;
  /** Ends the sessions; those that are being opened too. */
  dispose(): Promise<void>;
}

/**
 * Makes a pool beside a session of the same graph, which stays its caller's.
 * @param graph its file or bytes
 * @param size sessions side by side; with 1 there is only the one
 */
export function createSessionPool(alone: GraphSession, graph: string | Uint8Array = '', size = 1): SessionPool {
  const one: BatchRunner = { atOnce: 1, run: (feeds, outputs) => alone.run(feeds, outputs) };
  /** Those that were started and have not ended; undefined until some are. */
  let sessions: OpenSession[] | undefined;
  let isOpen = false;
  let ending: Promise<unknown> = Promise.resolve();
  let expected = 0;
  let jobs = 0;

  /** All end together, and are not opened again: where one cannot be opened or ends, memory is short, and the one session goes on alone. */
  function close(): void {
    isOpen = false;
    const own = sessions ?? [];
    sessions = [];
    if (own.length > 0) ending = Promise.all(own.map(endSession));
  }

  function open(): void {
    const own: OpenSession[] = [];
    sessions = own;
    try {
      while (own.length < size) own.push(openSession(graph, close));
    } catch {
      close();
    }
    Promise.all(own.map(({ ready }) => ready)).then(
      () => {
        isOpen = sessions === own;
      },
      () => {},
    );
  }

  const runBeside = (feeds: Record<string, Feed>, outputs: string[]): Promise<Record<string, FeedData>> => {
    const { child, waiting } = sessions!.reduce((least, each) => (each.waiting.size < least.waiting.size ? each : least));
    return new Promise((resolve, reject) => {
      const job = jobs++;
      waiting.set(job, { resolve, reject });
      hold(child, true);
      child.send({ job, feeds, outputs } satisfies RunRequest, () => {});
    });
  };

  const several: BatchRunner = {
    get atOnce() {
      return isOpen ? AHEAD * size : one.atOnce;
    },
    async run(feeds, outputs) {
      try {
        return await (isOpen ? runBeside(feeds, outputs) : one.run(feeds, outputs));
      } catch (error) {
        if (!(error instanceof SessionGoneError)) throw error;
        return one.run(feeds, outputs);
      }
    },
  };

  return {
    runnerFor(tokens) {
      // One batch, or two: the threads of one session are faster than one thread of another.
      if (size === 1 || tokens < 2 * alone.batchTokens) return one;
      expected += tokens;
      if (expected >= OPEN_FROM && !sessions) open();
      return several;
    },
    async dispose() {
      close();
      await ending;
    },
  };
}

/**
 * Runs batches, as many at once as what runs them does; what came of each, in the order of the batches.
 * @throws what a run throws, once the runs under way are over
 */
export async function* runBatches<Batch, Result>(
  runner: BatchRunner,
  batches: Iterable<Batch>,
  run: (batch: Batch, runner: BatchRunner) => Promise<Result>,
): AsyncGenerator<{ batch: Batch; result: Result }> {
  const underWay: { batch: Batch; result: Promise<Result> }[] = [];
  try {
    for (const batch of batches) {
      const result = run(batch, runner);
      result.catch(() => {});
      underWay.push({ batch, result });
      while (underWay.length >= runner.atOnce) {
        const first = underWay[0];
        yield { batch: first.batch, result: await first.result };
        underWay.shift();
      }
    }
    for (; underWay.length > 0; underWay.shift()) yield { batch: underWay[0].batch, result: await underWay[0].result };
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
