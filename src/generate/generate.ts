/**
 * A generation run: asks for what the plan says, checks every example, puts what is good on disk, and goes on until there is enough.
 * Knows providers, plan, quality and journal; no terminal.
 */
import { type Accepted, type Asked, sumOf, tally } from './accept/asking.ts';
import { acceptExamples, type RunSoFar } from './accept/examples.ts';
import { acceptNegatives } from './accept/negatives.ts';
import type { GeneratedRecord, Journal } from './journal.ts';
import { type RecordsMode, requestCount, wantedCount } from './mode.ts';
import { createNearDuplicates } from './near-duplicates.ts';
import { leaks } from './quality.ts';
import { askSideBySide } from './requester.ts';

/** What a run needs. */
export interface GenerateRequest extends Asked {
  mode: RecordsMode;
  journal: Journal;
  /** Questions at once. */
  concurrency: number;
  signal: AbortSignal;
  onProgress?: (progress: { kept: number; dropped: number }) => void;
  /** A question that had no usable answer: it is asked for again in a later run. */
  onFailure?: (message: string) => void;
}

/** How a run ended. */
export interface GenerationEnd {
  kept: number;
  /** Examples whose text contains a true label. */
  leaked: number;
  /** Questions that never had an answer. */
  failed: number;
}

/** Requests that yield nothing, one after the other, before a run gives up: the model does not do what it is asked. */
const GIVE_UP = 40;

/** How many examples each label gets: the same number, the first ones one more where it does not come out even. */
function quotas(labels: readonly string[], count: number): ReadonlyMap<string, number> {
  const least = Math.floor(count / labels.length);
  return new Map(labels.map((label, at) => [label, least + (at < count % labels.length ? 1 : 0)]));
}

/** The examples that a run has: how many, and which of further ones it still wants. */
function createCollection({ settings, mode, journal }: GenerateRequest) {
  const run: RunSoFar = { nearDuplicates: createNearDuplicates(), kept: 0, leaked: 0, drafts: 0 };
  const wanted = wantedCount(settings, mode);
  const quota = mode.kind === 'texts' ? quotas(mode.labels, settings.count) : undefined;
  const perLabel = new Map<string, number>();
  const isFull = (label: string): boolean => quota !== undefined && (perLabel.get(label) ?? 0) >= quota.get(label)!;
  const remember = (record: GeneratedRecord) => {
    if (mode.kind !== 'negatives') run.nearDuplicates.add(record.text);
    if (record.labels.some((label) => leaks(record.text, label))) run.leaked++;
    for (const label of record.labels) perLabel.set(label, (perLabel.get(label) ?? 0) + 1);
    run.kept++;
  };
  for (const record of journal.records) remember(record);
  return {
    run,
    wanted,
    isFull,
    /** Takes what is still wanted of an answer: those that were open together may repeat each other, and the last ones may be more than enough. */
    take({ records, dropped }: Accepted): GeneratedRecord[] {
      return records.filter((record) => {
        if (mode.kind !== 'negatives' && run.nearDuplicates.has(record.text)) {
          tally(dropped, 'near-duplicate');
          return false;
        }
        if (run.kept >= wanted || record.labels.some(isFull)) return false;
        remember(record);
        return true;
      });
    },
  };
}

/** Runs until enough examples are on disk. @throws DataError when the run cannot go on; what is kept stays. */
export async function generateExamples(request: GenerateRequest): Promise<GenerationEnd> {
  const { settings, mode, requester, journal, signal } = request;
  const { run, wanted, isFull, take } = createCollection(request);
  let dropped = sumOf(journal.dropped);
  request.onProgress?.({ kept: run.kept, dropped });
  let number = 0;
  let fruitless = 0;
  const limit = mode.kind === 'negatives' ? requestCount(settings, mode) : Number.POSITIVE_INFINITY;
  const isIn = () => journal.done.has(number) || (mode.kind === 'texts' && isFull(mode.labels[number % mode.labels.length]));
  const goesOn = () => number < limit && (mode.kind === 'negatives' || run.kept < wanted) && fruitless < GIVE_UP;
  const failed = await askSideBySide({
    requester,
    concurrency: request.concurrency,
    signal,
    next() {
      while (goesOn() && isIn()) number++;
      return goesOn() ? number++ : undefined;
    },
    async askOne(asked) {
      const result =
        mode.kind === 'negatives' ? await acceptNegatives(request, mode, asked) : await acceptExamples(request, mode, asked, run);
      const records = take(result);
      journal.add(asked, records, result.dropped, result.mended);
      dropped += sumOf(result.dropped);
      fruitless = records.length ? 0 : fruitless + 1;
      request.onProgress?.({ kept: run.kept, dropped });
    },
    onNoAnswer(asked, message) {
      fruitless++;
      request.onFailure?.(`request ${asked}: ${message}`);
    },
  });
  if (fruitless >= GIVE_UP && run.kept < wanted && !signal.aborted) {
    const why = run.drafts
      ? ` (${run.drafts} answers were thinking only: take a model that does not think, or raise max_tokens in the settings)`
      : '';
    request.onFailure?.(`${GIVE_UP} requests in a row gave nothing usable; stopped${why}`);
  }
  return { kept: run.kept, leaked: run.leaked, failed };
}
