/** Texts of all clients that wait to be read, the oldest first, within a bound. Knows no models. */
import type { ScoredRequest } from '../classify/classifier.ts';
import type { ExplainRequest } from '../classify/explain/explain.ts';
import type { Explanation } from '../classify/library-types.ts';
import type { ReadLabel } from '../text/label-texts.ts';
import type { Reading } from './protocol.ts';

/** The queue is full: try again in a moment. */
export class QueueFullError extends Error {}

/** A text that waits. */
export interface Job {
  text: string;
  set: number;
  labels: readonly ReadLabel[];
  merge: Reading['mergeWindows'];
  /** What is to be explained of it; undefined: it is to be scored. */
  why?: Pick<ExplainRequest, 'chosen' | 'names' | 'logits'>;
  /** When it came, in milliseconds of performance.now(). */
  since: number;
  resolve(result: ScoredRequest | Explanation[]): void;
  reject(error: unknown): void;
  signal?: AbortSignal;
}

/** A bounded queue. */
export interface TextQueue {
  /** Texts that can be read at once. */
  readonly length: number;
  /** Those, and the texts whose labels are read first. */
  readonly waiting: number;
  readonly oldest: Job | undefined;
  /** Takes room for texts, before their labels are read. @throws QueueFullError */
  reserve(texts: number): void;
  /** Gives back the room of texts that never come. */
  release(texts: number): void;
  /** Adds a text, for which there is room. */
  add(job: Job): void;
  /** Takes texts out, rejected, whose clients wait no longer. */
  giveUp(isOver: (signal: AbortSignal | undefined) => boolean): void;
  /** Takes out the next texts of one kind, at most so many of those to be scored or explained; drops those that were given up. */
  takeBatch(mostScored: number, mostExplained: number): Job[];
}

/** Makes a queue for at most so many texts. */
export function createTextQueue(maxQueue: number): TextQueue {
  const jobs: Job[] = [];
  let held = 0;

  function giveUp(isOver: (signal: AbortSignal | undefined) => boolean): void {
    for (let at = jobs.length - 1; at >= 0; at--)
      if (isOver(jobs[at].signal)) {
        const [job] = jobs.splice(at, 1);
        held--;
        job.reject(job.signal?.reason);
      }
  }

  return {
    get length() {
      return jobs.length;
    },
    get waiting() {
      return held;
    },
    get oldest() {
      return jobs.at(0);
    },
    reserve(texts) {
      if (held + texts > maxQueue) throw new QueueFullError('too many texts wait');
      held += texts;
    },
    release(texts) {
      held -= texts;
    },
    add: (job) => void jobs.push(job),
    giveUp,
    takeBatch(mostScored, mostExplained) {
      giveUp((signal) => signal?.aborted === true);
      const first = jobs[0];
      const most = first?.why ? mostExplained : mostScored;
      const batch: Job[] = [];
      for (let at = 0; at < jobs.length && batch.length < most; )
        if (jobs[at].merge === first.merge && !jobs[at].why === !first.why) batch.push(...jobs.splice(at, 1));
        else at++;
      held -= batch.length;
      return batch;
    },
  };
}
