/** A process of a pool (session-pool.ts): one session with one thread, which runs what comes, in order. */
import { errorMessage } from '../base/errors.ts';
import { createGraphSession } from './onnx-session.ts';
import type { RunAnswer, RunRequest } from './session-pool.ts';

// Ctrl-C reaches every process at a terminal; what is to be ended the one that started this one decides.
process.on('SIGINT', () => {});
// It is gone, or has no more use for this one.
process.on('disconnect', () => process.exit());

const say = (answer: RunAnswer): void => void process.send!(answer);
const [graph] = await new Promise<[string | Uint8Array]>((resolve) =>
  process.once('message', (first) => resolve([first as string | Uint8Array])),
);
const session = await createGraphSession(graph, { threads: 1 });
// One after the other: a message is not looked at while the one before it runs.
let last: Promise<void> = Promise.resolve();

async function answer({ job, feeds, outputs }: RunRequest): Promise<void> {
  try {
    say({ type: 'ran', job, values: await session.run(feeds, outputs) });
  } catch (error) {
    say({ type: 'failed', job, message: errorMessage(error) });
  }
}

process.on('message', (request: RunRequest) => {
  last = last.then(() => answer(request));
});
say({ type: 'ready' });
