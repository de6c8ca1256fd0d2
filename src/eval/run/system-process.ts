/**
 * The process of one system: takes a job from its parent, runs it, sends events back. A process of its own makes peak memory a property
 * of the system, and keeps a crash of one baseline from the others.
 */
import { errorMessage } from '../../base/errors.ts';
import type { SystemEvent } from '../report/result-types.ts';
import { runSystem, type SystemJob } from './run-system.ts';

/** What the child sends besides a run's events. */
export type ProcessMessage = SystemEvent | { type: 'end'; peakMemoryBytes: number; error?: string };

const send = (message: ProcessMessage): Promise<void> =>
  new Promise((resolve) => (process.connected ? process.send?.(message, undefined, {}, () => resolve()) : resolve()));

// The parent decides what an interruption means, and ends this process with its own.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(1));
process.once('message', async (job: SystemJob) => {
  let error: string | undefined;
  try {
    await runSystem(job, (event) => void send(event));
  } catch (thrown) {
    error = errorMessage(thrown);
  }
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
  await send({ type: 'end', peakMemoryBytes, ...(error === undefined ? {} : { error }) });
  process.removeAllListeners('disconnect');
  process.exit(0);
});
