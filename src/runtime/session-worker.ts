/** A worker of a pool (session-pool.ts): one session with one thread, which runs what comes, in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorMessage } from '../base/errors.ts';
import { createGraphSession } from './onnx-session.ts';
import type { RunAnswer, RunRequest } from './session-pool.ts';

const port = parentPort!;
const session = await createGraphSession(workerData as string | Uint8Array, { threads: 1 });
// One after the other: a message is not looked at while the one before it runs.
let last: Promise<void> = Promise.resolve();

async function answer({ job, feeds, outputs }: RunRequest): Promise<void> {
  try {
    const values = await session.run(feeds, outputs);
    port.postMessage(
      { type: 'ran', job, values } satisfies RunAnswer,
      Object.values(values).map(({ buffer }) => buffer as ArrayBuffer),
    );
  } catch (error) {
    port.postMessage({ type: 'failed', job, message: errorMessage(error) } satisfies RunAnswer);
  }
}

port.on('message', (request: RunRequest) => {
  last = last.then(() => answer(request));
});
port.postMessage({ type: 'ready' } satisfies RunAnswer);
