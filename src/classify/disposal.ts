/** What may be disposed of while it is used: native memory that is released under a call that runs takes the process with it. */
import { UsageError } from '../base/errors.ts';
import type { Classifier } from './classifier.ts';

/** The same classifier, whose disposal waits for the calls that run, and which refuses later ones with a UsageError. */
export function withSafeDisposal(classifier: Classifier): Classifier {
  const running = new Set<Promise<unknown>>();
  let disposal: Promise<void> | undefined;
  async function run<Result>(start: () => Promise<Result>): Promise<Result> {
    if (disposal) throw new UsageError('the classifier is disposed: load it again');
    const call = start();
    running.add(call);
    try {
      return await call;
    } finally {
      running.delete(call);
    }
  }
  const { wordParts } = classifier;
  return {
    ...classifier,
    logits: (requests, options) => run(() => classifier.logits(requests, options)),
    ...(wordParts ? { wordParts: (requests, options) => run(() => wordParts(requests, options)) } : {}),
    dispose() {
      disposal ??= Promise.allSettled(running).then(() => classifier.dispose());
      return disposal;
    },
  };
}
