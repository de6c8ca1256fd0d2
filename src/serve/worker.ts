/** A worker of the server: a model in a thread of its own, so that requests are taken while it computes. */
import { parentPort, workerData } from 'node:worker_threads';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { explain } from '../classify/explain/explain.ts';
import { loadClassifier } from '../classify/load-classifier.ts';
import { NoScoresError } from '../classify/scorer.ts';
import type { ReadLabel } from '../text/label-texts.ts';
import { type FromWorker, packScores, type ToWorker, type WorkerSettings } from './protocol.ts';

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);

async function serve({ checkpoint, precision, threads }: WorkerSettings): Promise<void> {
  const classifier = await loadClassifier(checkpoint, { ...(precision ? { precision } : {}), threads });
  const sets = new Map<number, readonly ReadLabel[]>();
  // One after the other: a message is not looked at while the one before it runs.
  let last: Promise<void> = Promise.resolve();
  const answer = async (message: ToWorker): Promise<void> => {
    if (message.type === 'set') sets.set(message.set, message.labels);
    else if (message.type === 'drop') sets.delete(message.set);
    else if (message.type === 'end') {
      await classifier.dispose();
      port.close();
    } else {
      const { job } = message;
      try {
        if (message.type === 'problem') say({ type: 'problem', job, problem: await classifier.labelProblem(sets.get(message.set)!) });
        else if (message.type === 'explain') {
          const requests = message.requests.map(({ set, ...request }) => ({ ...request, labels: sets.get(set)! }));
          say({ type: 'explained', job, results: await explain(classifier, requests, message.reading) });
        } else {
          const requests = message.requests.map(({ text, set }) => ({ text, labels: sets.get(set)! }));
          const results = packScores(await classifier.logits(requests, { ...message.reading, shortlist: 0 }));
          port.postMessage({ type: 'scored', job, results } satisfies FromWorker, [results.logits.buffer]);
        }
      } catch (error) {
        const isRequest = (error instanceof DataError || error instanceof UsageError) && !(error instanceof NoScoresError);
        say({ type: 'error', job, message: errorMessage(error), isRequest });
      }
    }
  };
  port.on('message', (message: ToWorker) => {
    last = last.then(() => answer(message));
  });
  say({ type: 'ready', options: classifier.options, identity: classifier.identity, precision: classifier.precision });
}

serve(workerData as WorkerSettings).catch((error: unknown) => {
  say({ type: 'failed', message: errorMessage(error), isUsage: error instanceof UsageError });
  port.close();
});
