/**
 * A generation run: asks for what the plan says, checks every example, puts what is good on disk, and goes on until there is enough.
 * Knows providers, plan, quality and journal; no terminal.
 */
import { errorMessage } from '../errors.ts';
import { exampleSchema, negativesSchema, parseAnswer, textSchema, verifiedSchema } from './answer.ts';
import type { GeneratedRecord, Journal } from './journal.ts';
import { createNearDuplicates } from './near-duplicates.ts';
import { type PlannedRequest, plannedRequest } from './plan.ts';
import { examplesPrompt, labelPrompt, negativesPrompt, type Prompt, verifyPrompt } from './prompts.ts';
import { type CheckedExample, checkExample, languageCode, leaks, sameMeaning } from './quality.ts';
import type { Requester } from './requester.ts';
import type { GenerateSettings } from './settings.ts';

/** What is generated. */
export type Mode =
  | { kind: 'examples' }
  /** Hard negatives for records that are there. */
  | { kind: 'negatives'; records: readonly GeneratedRecord[] }
  /** Texts for given labels, the same number for each. */
  | { kind: 'texts'; labels: readonly string[] };

/** What a run needs. */
export interface GenerateRequest {
  settings: GenerateSettings;
  mode: Mode;
  requester: Requester;
  journal: Journal;
  /** Questions at once. */
  concurrency: number;
  /** Asks a second time whether labels hold. */
  verifier?: Requester;
  /** Drops what a model finds trivially easy or contradicts: reasons by example, undefined where it stays. */
  filter?: (examples: readonly CheckedExample[]) => Promise<(string | undefined)[]>;
  signal: AbortSignal;
  onProgress?: (progress: { kept: number; dropped: number }) => void;
  /** A question that had no usable answer: it is asked for again in a later run. */
  onFailure?: (message: string) => void;
}

/** How a run ended. */
export interface GenerateResult {
  kept: number;
  leaked: number;
  /** Questions that never had an answer. */
  failed: number;
}

/** Requests that yield nothing, one after the other, before a run gives up: the model does not do what it is asked. */
const GIVE_UP = 40;

/** How many requests a run needs if every example is kept. */
export function requestCount(settings: GenerateSettings, mode: Mode): number {
  const wanted = mode.kind === 'negatives' ? mode.records.length : settings.count;
  return Math.ceil(wanted / settings.examples_per_request);
}

/** The question of a planned request. */
export function promptOf(settings: GenerateSettings, mode: Mode, number: number): { prompt: Prompt; planned: PlannedRequest } {
  const planned = plannedRequest(settings, number);
  if (mode.kind === 'examples') return { prompt: examplesPrompt(planned), planned };
  if (mode.kind === 'texts') return { prompt: labelPrompt(mode.labels[number % mode.labels.length], mode.labels, planned), planned };
  const size = settings.examples_per_request;
  return { prompt: negativesPrompt(mode.records.slice(number * size, (number + 1) * size), Math.max(1, settings.not_labels[1])), planned };
}

/** Runs until enough examples are on disk. @throws DataError when the run cannot go on; what is kept stays. */
export async function generate(request: GenerateRequest): Promise<GenerateResult> {
  const { settings, mode, requester, journal, verifier, filter, signal } = request;
  const wanted = mode.kind === 'negatives' ? mode.records.length : settings.count;
  const nearDuplicates = createNearDuplicates();
  const perLabel = new Map<string, number>();
  let kept = 0;
  let leaked = 0;
  const remember = (record: GeneratedRecord) => {
    if (mode.kind !== 'negatives') nearDuplicates.add(record.text);
    if (record.labels.some((label) => leaks(record.text, label))) leaked++;
    for (const label of record.labels) perLabel.set(label, (perLabel.get(label) ?? 0) + 1);
    kept++;
  };
  for (const record of journal.records) remember(record);
  let dropped = Object.values(journal.dropped).reduce((sum, count) => sum + count, 0);
  request.onProgress?.({ kept, dropped });

  async function verified(examples: CheckedExample[]): Promise<(CheckedExample | undefined)[]> {
    const { system, prompt, schema } = verifyPrompt(
      examples.map(({ text, labels, not_labels: not }) => ({ text, candidates: [...labels, ...not].sort() })),
    );
    const answer = await verifier!.ask({ system, prompt, schema, maxTokens: settings.max_tokens, temperature: 0, seed: 1 });
    const found = parseAnswer(answer.text, verifiedSchema).examples;
    return examples.map((example, at) => {
      const opinion = found.find(({ number }) => number === at + 1);
      if (!opinion) return undefined;
      const holds = (label: string) => opinion.true.some((other) => sameMeaning(other, label));
      const labels = example.labels.filter(holds);
      return labels.length ? { ...example, labels, not_labels: example.not_labels.filter((label) => !holds(label)) } : undefined;
    });
  }

  /** The examples of one answer as records, and what was dropped. */
  async function accept(number: number): Promise<{ records: GeneratedRecord[]; reasons: Record<string, number> }> {
    const { prompt, planned } = promptOf(settings, mode, number);
    const { text: answer } = await requester.ask({
      ...prompt,
      maxTokens: settings.max_tokens,
      temperature: settings.temperature,
      seed: planned.seed,
    });
    const reasons: Record<string, number> = {};
    const drop = (reason: string, times = 1) => {
      if (times > 0) reasons[reason] = (reasons[reason] ?? 0) + times;
    };
    if (mode.kind === 'negatives') {
      const size = settings.examples_per_request;
      const items = mode.records.slice(number * size, (number + 1) * size);
      const { examples } = parseAnswer(answer, negativesSchema);
      // A record whose negatives are unusable is kept as it came: the user's data is never lost.
      const records = items.map((record, at) => {
        const proposed = examples.find((each) => each.number === at + 1)?.not_labels ?? [];
        const checked = proposed
          .map((label) => label.trim())
          .filter((label) => label && !record.labels.some((truth) => sameMeaning(truth, label)));
        drop('hard negative that is true', proposed.length - checked.length);
        const all = [...new Set([...(record.not_labels ?? []), ...checked])];
        return { ...record, not_labels: all };
      });
      return { records, reasons };
    }
    const parsed =
      mode.kind === 'examples'
        ? parseAnswer(answer, exampleSchema)
        : (() => {
            const label = mode.labels[number % mode.labels.length];
            const { examples, malformed } = parseAnswer(answer, textSchema);
            return { examples: examples.map(({ text }) => ({ text, labels: [label], not_labels: [] as string[] })), malformed };
          })();
    drop('malformed', parsed.malformed);
    if (parsed.examples.length + parsed.malformed === 0) drop('unreadable answer');
    let good: CheckedExample[] = [];
    for (const raw of parsed.examples) {
      const result = checkExample(raw, {
        language: languageCode(planned.language),
        promptParts: [prompt.system, ...prompt.prompt.split('\n')],
        nearDuplicates,
        allowLeakage: leaked + 1 <= settings.max_leakage * (kept + good.length + 1),
        fixedLabels: mode.kind === 'texts',
      });
      if ('dropped' in result) drop(result.dropped);
      else good.push(result.example);
    }
    if (verifier && good.length) {
      const opinions = await verified(good);
      drop('labels not confirmed', opinions.filter((each) => !each).length);
      good = opinions.filter((each) => each !== undefined);
    }
    if (filter && good.length) {
      const verdicts = await filter(good);
      for (const verdict of verdicts) if (verdict) drop(verdict);
      good = good.filter((_, at) => !verdicts[at]);
    }
    const { domain, topic, task, language } = planned;
    const records = good.map((example) => ({ ...example, ...(mode.kind === 'examples' ? { task, domain, topic } : {}), language }));
    return { records, reasons };
  }

  let next = 0;
  let failed = 0;
  let fruitless = 0;
  const limit = mode.kind === 'negatives' ? requestCount(settings, mode) : Number.POSITIVE_INFINITY;
  const share = mode.kind === 'texts' ? Math.ceil(settings.count / mode.labels.length) : 0;
  const stop = new AbortController();
  async function worker(): Promise<void> {
    while (!signal.aborted && !stop.signal.aborted && (mode.kind === 'negatives' ? next < limit : kept < wanted) && fruitless < GIVE_UP) {
      const number = next++;
      if (journal.done.has(number)) continue;
      if (mode.kind === 'texts' && (perLabel.get(mode.labels[number % mode.labels.length]) ?? 0) >= share) continue;
      let result: Awaited<ReturnType<typeof accept>>;
      try {
        result = await accept(number);
      } catch (error) {
        if (signal.aborted) return;
        if (!/^no answer after/.test(errorMessage(error))) {
          stop.abort();
          throw error;
        }
        failed++;
        fruitless++;
        request.onFailure?.(`request ${number}: ${errorMessage(error)}`);
        continue;
      }
      // Answers that were open together may repeat each other, and the last ones may be more than is wanted.
      const records: GeneratedRecord[] = [];
      for (const record of result.records) {
        if (mode.kind !== 'negatives' && nearDuplicates.has(record.text))
          result.reasons['near-duplicate'] = (result.reasons['near-duplicate'] ?? 0) + 1;
        else if (kept < wanted) {
          records.push(record);
          remember(record);
        }
      }
      journal.add(number, records, result.reasons);
      dropped += Object.values(result.reasons).reduce((sum, count) => sum + count, 0);
      fruitless = records.length ? 0 : fruitless + 1;
      request.onProgress?.({ kept, dropped });
    }
  }
  const workers = Array.from({ length: request.concurrency }, worker);
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === 'rejected' && !signal.aborted) throw result.reason;
  if (fruitless >= GIVE_UP && kept < wanted && !signal.aborted)
    request.onFailure?.(`${GIVE_UP} requests in a row gave nothing usable; stopped`);
  return { kept, leaked, failed };
}
