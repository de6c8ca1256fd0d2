/**
 * Texts of all clients, batched together. A text waits a few milliseconds for others at most; the queue is bounded (text-queue.ts); a large
 * label set is read in pieces between batches (label-pieces.ts). Knows no HTTP.
 */
import type { Classifier, ClassifierOptions, ScoredRequest, ScoreRequest } from '../classify/classifier.ts';
import { type ExplainRequest, explainedAtOnce } from '../classify/explain/explain.ts';
import type { Explanation } from '../classify/library-types.ts';
import type { ReadLabel } from '../text/label-texts.ts';
import { createLabelPieces } from './label-pieces.ts';
import type { LabelSets, UsedSet } from './label-sets.ts';
import { createTextQueue, type Job } from './text-queue.ts';
import type { RemoteModel, WorkerPool } from './worker-pool.ts';

/**
 * Characters of a batch for each thread of a model: some 250 tokens, with which a thread is as fast as with more. Texts that wait the longer
 * have more of like length beside them.
 */
const CHARACTERS_A_THREAD = 1000;

/** Settings of {@link createScheduler}. */
export interface SchedulerSettings {
  /** Threads of a model. */
  threads: number;
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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Has a model score or explain a batch of one kind, and tells those that wait for its texts. */
async function runBatch(model: RemoteModel, batch: readonly Job[], windows: number): Promise<void> {
  const labelsOf = new Map(batch.map(({ set, labels }) => [set, labels]));
  try {
    const reading = { windows, mergeWindows: batch[0].merge };
    const namesOf = (set: number) => labelsOf.get(set)!;
    const explained = batch.flatMap(({ text, set, why }) => (why ? [{ text, set, ...why }] : []));
    const results = await (explained.length > 0 ? model.explain(explained, namesOf, reading) : model.score(batch, namesOf, reading));
    for (const [at, job] of batch.entries()) job.resolve(results[at]);
  } catch (error) {
    for (const job of batch) job.reject(error);
  }
}

/** Makes a scheduler over workers. */
export function createScheduler(pool: WorkerPool, sets: LabelSets, settings: SchedulerSettings): Scheduler {
  const { batchTexts, batchWait, windows } = settings;
  const bounds = {
    scored: batchTexts,
    explained: Math.min(batchTexts, explainedAtOnce(pool.options)),
    characters: CHARACTERS_A_THREAD * settings.threads,
  };
  const queue = createTextQueue(settings.maxQueue);
  const pieces = createLabelPieces(sets, dispatch);
  const idlers: (() => void)[] = [];
  // Each model twice: while it reads a batch the next one is on its way, so that it never waits for clients that were just answered.
  const slots = [...pool.models, ...pool.models];
  const free = [...slots];
  let wake: NodeJS.Timeout | undefined;
  const isIdle = (): boolean => queue.length === 0 && pieces.length === 0 && free.length === slots.length;
  const problemOf = (set: number, kept: readonly ReadLabel[]) => pool.models[0].problem(set, kept);

  /** Gives each free model what waits longest; texts and pieces of label sets by turns. */
  function dispatch(): void {
    clearTimeout(wake);
    while (free.length > 0) {
      const { oldest } = queue;
      const isDue = oldest && (queue.length >= batchTexts || performance.now() - oldest.since >= batchWait);
      if (!isDue && pieces.length === 0) {
        if (oldest) wake = setTimeout(dispatch, Math.max(0, batchWait - (performance.now() - oldest.since)));
        break;
      }
      const model = free.shift()!;
      void (async () => {
        const batch = isDue ? queue.takeBatch(bounds) : [];
        if (batch.length > 0) {
          settings.onBatch?.(batch.length);
          await runBatch(model, batch, windows);
        }
        if (pieces.length > 0) await pieces.runNext(model);
      })().finally(() => {
        free.push(model);
        if (isIdle()) for (const done of idlers.splice(0)) done();
        // In a later turn: what came while the model ran is first put into the queue.
        setImmediate(dispatch);
      });
    }
  }

  /** The label sets of requests by their arrays, once their labels are read. */
  async function readSets(requests: readonly ScoreRequest[]): Promise<Map<readonly ReadLabel[], UsedSet>> {
    const used = new Map<readonly ReadLabel[], UsedSet>();
    for (const { labels } of requests) if (!used.has(labels)) used.set(labels, sets.use(labels, problemOf, pieces.read));
    await Promise.all([...used.values()].map(({ ready }) => ready));
    return used;
  }

  /** Puts texts into the queue and waits for what comes of them. */
  async function wait<Result extends ScoredRequest | Explanation[]>(
    requests: readonly ScoreRequest[],
    { mergeWindows: merge = 'mean', signal }: Pick<ClassifierOptions, 'mergeWindows' | 'signal'> = {},
    whyOf: (at: number) => Job['why'],
  ): Promise<Result[]> {
    queue.reserve(requests.length);
    const used = await readSets(requests).catch((error: unknown) => {
      queue.release(requests.length);
      throw error;
    });
    const since = performance.now();
    const results = requests.map(
      ({ text, labels }, at) =>
        new Promise<Result>((resolve, reject) => {
          const { set, labels: kept } = used.get(labels)!;
          queue.add({ ...{ text, set, labels: kept, merge, why: whyOf(at), since, reject, signal }, resolve: resolve as Job['resolve'] });
        }),
    );
    const onAbort = (): void => queue.giveUp((each) => each === signal);
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
      return queue.waiting;
    },
    labelProblem: (labels) => sets.use(labels, problemOf).problem,
    logits: (requests, options) => wait<ScoredRequest>(requests, options, () => undefined),
    explain: (requests, options) => wait<Explanation[]>(requests, options, (at) => requests[at]),
    async idle() {
      while (!isIdle()) await Promise.race([new Promise<void>((resolve) => idlers.push(resolve)), pause(50)]);
    },
  };
}
