/**
 * Texts of all clients, batched together. A text waits a few milliseconds for others at most; the queue is bounded; a large label set is read in
 * pieces between batches, so that nobody waits for all of it. Knows no HTTP.
 */
import type { Classifier, ClassifierOptions, ScoredRequest, ScoreRequest } from '../classify/classifier.ts';
import { type ExplainRequest, explainedAtOnce } from '../classify/explain/explain.ts';
import type { Explanation } from '../classify/library-types.ts';
import type { ReadLabel } from '../text/label-texts.ts';
import type { LabelSets } from './label-sets.ts';
import type { Reading } from './protocol.ts';
import type { RemoteModel, WorkerPool } from './worker-pool.ts';

/** The queue is full: try again in a moment. */
export class QueueFullError extends Error {}

/** Settings of {@link createScheduler}. */
export interface SchedulerSettings {
  /** Texts of a batch at most. */
  batchTexts: number;
  /** Milliseconds that a text waits for others at most. */
  batchWait: number;
  /** Texts that wait at most. */
  maxQueue: number;
  windows: number;
  /** Told of each batch. */
  onBatch?: (texts: number) => void;
}

/** What is asked of the model, in batches. */
export interface Scheduler extends Pick<Classifier, 'logits' | 'labelProblem' | 'options'> {
  /** Explanations of texts that were scored. @throws as logits */
  explain(requests: readonly ExplainRequest[], options?: Pick<ClassifierOptions, 'mergeWindows' | 'signal'>): Promise<Explanation[][]>;
  /** Texts that wait. */
  readonly waiting: number;
  /** Resolves once nothing waits and nothing runs. */
  idle(): Promise<void>;
}

interface Job {
  text: string;
  set: number;
  labels: readonly ReadLabel[];
  merge: Reading['mergeWindows'];
  /** What is to be explained of it; undefined: it is to be scored. */
  why?: Pick<ExplainRequest, 'chosen' | 'names' | 'logits'>;
  since: number;
  resolve(result: ScoredRequest | Explanation[]): void;
  reject(error: unknown): void;
  signal?: AbortSignal;
}

/** Labels that are read between two batches: some 20 ms of short ones. */
const LABELS_AT_ONCE = 32;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes a scheduler over workers. */
export function createScheduler(pool: WorkerPool, sets: LabelSets, settings: SchedulerSettings): Scheduler {
  const queue: Job[] = [];
  const idlers: (() => void)[] = [];
  /** Labels that are to be read before a set is scored with. */
  const pieces: { labels: readonly ReadLabel[]; done(): void; failed(error: unknown): void }[] = [];
  // Each model twice: while it reads a batch the next one is on its way, so that it never waits for clients that were just answered.
  const slots = [...pool.models, ...pool.models];
  const free = [...slots];
  let wake: NodeJS.Timeout | undefined;
  /** Texts that wait, in the queue or for their labels. */
  let held = 0;

  /** Takes texts out of the queue whose clients wait no longer. */
  function giveUp(isOver: (signal: AbortSignal | undefined) => boolean): void {
    for (let at = queue.length - 1; at >= 0; at--)
      if (isOver(queue[at].signal)) {
        const [job] = queue.splice(at, 1);
        held--;
        job.reject(job.signal?.reason);
      }
  }

  /** The next texts of one kind; those that were given up are dropped. */
  function nextBatch(): Job[] {
    giveUp((signal) => signal?.aborted === true);
    const first = queue[0];
    const most = first?.why ? Math.min(settings.batchTexts, explainedAtOnce(pool.options)) : settings.batchTexts;
    const batch: Job[] = [];
    for (let at = 0; at < queue.length && batch.length < most; )
      if (queue[at].merge === first.merge && !queue[at].why === !first.why) batch.push(...queue.splice(at, 1));
      else at++;
    held -= batch.length;
    return batch;
  }

  async function runBatch(model: RemoteModel, batch: readonly Job[]): Promise<void> {
    settings.onBatch?.(batch.length);
    const labelsOf = new Map(batch.map(({ set, labels }) => [set, labels]));
    try {
      const reading = { windows: settings.windows, mergeWindows: batch[0].merge };
      const namesOf = (set: number) => labelsOf.get(set)!;
      const explained = batch.flatMap(({ text, set, why }) => (why ? [{ text, set, ...why }] : []));
      const results = await (explained.length > 0 ? model.explain(explained, namesOf, reading) : model.score(batch, namesOf, reading));
      for (const [at, job] of batch.entries()) job.resolve(results[at]);
    } catch (error) {
      for (const job of batch) job.reject(error);
    }
  }

  async function runPiece(model: RemoteModel): Promise<void> {
    const piece = pieces.shift()!;
    const set = sets.temporary();
    try {
      await model.score([{ text: '', set }], () => piece.labels, { windows: 1, mergeWindows: 'mean' });
      piece.done();
    } catch (error) {
      piece.failed(error);
    } finally {
      model.drop(set);
    }
  }

  /** Gives each free model what waits longest; texts and pieces of label sets by turns. */
  function dispatch(): void {
    clearTimeout(wake);
    while (free.length > 0) {
      const oldest = queue[0];
      const isDue = oldest && (queue.length >= settings.batchTexts || performance.now() - oldest.since >= settings.batchWait);
      if (!isDue && pieces.length === 0) {
        if (oldest) wake = setTimeout(dispatch, Math.max(0, settings.batchWait - (performance.now() - oldest.since)));
        break;
      }
      const model = free.shift()!;
      void (async () => {
        if (isDue) {
          const batch = nextBatch();
          if (batch.length > 0) await runBatch(model, batch);
        }
        if (pieces.length > 0) await runPiece(model);
      })().finally(() => {
        free.push(model);
        if (queue.length === 0 && pieces.length === 0 && free.length === slots.length) for (const done of idlers.splice(0)) done();
        // In a later turn: what came while the model ran is first put into the queue.
        setImmediate(dispatch);
      });
    }
  }

  /** Reads the labels of a set that is new, in pieces. Every worker reads them for itself, the others when they first meet them. */
  function prepare(labels: readonly ReadLabel[]): Promise<void> {
    if (labels.length <= LABELS_AT_ONCE) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let left = Math.ceil(labels.length / LABELS_AT_ONCE);
      const done = (): void => {
        left--;
        if (left === 0) resolve();
      };
      for (let at = 0; at < labels.length; at += LABELS_AT_ONCE)
        pieces.push({ labels: labels.slice(at, at + LABELS_AT_ONCE), done, failed: reject });
      dispatch();
    });
  }

  /** Puts texts into the queue and waits for what comes of them. */
  async function wait<Result extends ScoredRequest | Explanation[]>(
    requests: readonly ScoreRequest[],
    { mergeWindows: merge = 'mean', signal }: Pick<ClassifierOptions, 'mergeWindows' | 'signal'> = {},
    whyOf: (at: number) => Job['why'],
  ): Promise<Result[]> {
    if (held + requests.length > settings.maxQueue) throw new QueueFullError('too many texts wait');
    held += requests.length;
    const used = new Map<readonly ReadLabel[], ReturnType<LabelSets['use']>>();
    for (const { labels } of requests)
      if (!used.has(labels))
        used.set(
          labels,
          sets.use(labels, (set, kept) => pool.models[0].problem(set, kept), prepare),
        );
    await Promise.all([...used.values()].map(({ ready }) => ready)).catch((error: unknown) => {
      held -= requests.length;
      throw error;
    });
    const since = performance.now();
    const results = requests.map(
      ({ text, labels }, at) =>
        new Promise<Result>((resolve, reject) => {
          const { set, labels: kept } = used.get(labels)!;
          queue.push({ ...{ text, set, labels: kept, merge, why: whyOf(at), since, reject, signal }, resolve: resolve as Job['resolve'] });
        }),
    );
    const onAbort = (): void => giveUp((each) => each === signal);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    dispatch();
    try {
      return await Promise.all(results);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  return {
    options: pool.options,
    get waiting() {
      return held;
    },
    labelProblem: (labels) => sets.use(labels, (set, kept) => pool.models[0].problem(set, kept)).problem,
    logits: (requests, options) => wait<ScoredRequest>(requests, options, () => undefined),
    explain: (requests, options) => wait<Explanation[]>(requests, options, (at) => requests[at]),
    async idle() {
      while (queue.length > 0 || pieces.length > 0 || free.length < slots.length) {
        await Promise.race([new Promise<void>((resolve) => idlers.push(resolve)), pause(50)]);
      }
    },
  };
}
