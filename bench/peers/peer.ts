/** What bench/peers.ts measures: a system that classifies texts, in this process or in one of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Times of one call. */
export interface Times {
  /** By the clock, in ms: of all texts at once, or of each by itself. */
  ms: number[];
  /** Of the processor, in ms, all threads of the process together. */
  cpu: number;
}

/** A system that is ready. */
export interface Peer {
  name: string;
  /** Classifies texts, all in one call or one a call. */
  classify(texts: readonly string[], labels: readonly string[], oneByOne: boolean): Promise<Times>;
  dispose(): Promise<void>;
}

/** A system of this process. `run` gives its answer in full, as a user would get it. */
export function peerOf(
  name: string,
  run: (texts: readonly string[], labels: readonly string[]) => Promise<unknown>,
  dispose: () => Promise<void>,
): Peer {
  return {
    name,
    async classify(texts, labels, oneByOne) {
      const ms: number[] = [];
      const used = process.cpuUsage();
      for (const part of oneByOne ? texts.map((text) => [text]) : [texts]) {
        const start = performance.now();
        await run(part, labels);
        ms.push(performance.now() - start);
      }
      const { user, system } = process.cpuUsage(used);
      return { ms, cpu: (user + system) / 1000 };
    },
    dispose,
  };
}

/**
 * A system in a process of its own, which prints one JSON line when it is ready ({"error": why} where it cannot be) and then one with {@link Times}
 * for each line {"texts", "labels", "oneByOne"} that it is given. @throws Error with what it says is missing
 */
export async function childPeer(name: string, command: string, args: readonly string[], threads: number): Promise<Peer> {
  const many = String(threads);
  const child: ChildProcess = spawn(command, args, {
    stdio: ['pipe', 'pipe', process.env.DEBUG ? 'inherit' : 'ignore'],
    env: { ...process.env, OMP_NUM_THREADS: many, MKL_NUM_THREADS: many, RAYON_NUM_THREADS: many },
  });
  const closed = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
  });
  failed.catch(() => {});
  child.stdin!.on('error', () => {});
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const answer = async (): Promise<Partial<Times> & { error?: string }> => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error('its process ended (DEBUG=1 shows what it said)');
    return JSON.parse(value) as Partial<Times> & { error?: string };
  };
  const { error } = await answer();
  if (error) {
    child.stdin!.end();
    await closed;
    throw new Error(error);
  }
  return {
    name,
    async classify(texts, labels, oneByOne) {
      child.stdin!.write(`${JSON.stringify({ texts, labels, oneByOne })}\n`);
      const { ms, cpu, error } = await answer();
      if (error || !ms || cpu === undefined) throw new Error(`${name}: ${error ?? 'no times'}`);
      return { ms, cpu };
    },
    dispose() {
      child.stdin!.end();
      return closed;
    },
  };
}
