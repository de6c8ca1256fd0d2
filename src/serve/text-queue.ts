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
  /** Takes out the oldest text and those of its kind that are most like it in length; drops those that were given up. */
  takeBatch(most: BatchBounds): Job[];
}

/** What a batch has at most; one text it has in any case. */
export interface BatchBounds {
  /** Texts to be scored. */
  scored: number;
  /** Texts to be explained. */
  explained: number;
  /** Characters, each text counted as the longest. */
  characters: number;
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
    takeBatch(most) {
      giveUp((signal) => signal?.aborted === true);
      const [first] = jobs;
      if (!first) return [];
      const distance = ({ text }: Job): number => Math.abs(text.length - first.text.length);
      const like = jobs.filter(({ merge, why }) => merge === first.merge && !why === !first.why).sort((a, b) => distance(a) - distance(b));
      const batch = new Set<Job>();
      let longest = 0;
      for (const job of like.slice(0, first.why ? most.explained : most.scored)) {
        longest = Math.max(longest, job.text.length);
        if (batch.size > 0 && longest * (batch.size + 1) > most.characters) break;
        batch.add(job);
      }
      jobs.splice(0, jobs.length, ...jobs.filter((job) => !batch.has(job)));
      held -= batch.size;
      return [...batch];
    },
  };
}
