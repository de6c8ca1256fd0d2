/**
 * A generation run: asks for what the plan says, checks every example, puts what is good on disk, and goes on until there is enough.
 * Knows providers, plan, quality and journal; no terminal.
 */
import type { z } from 'zod';
import { exampleSchema, negativesSchema, parseAnswer, textSchema, verifiedSchema } from './answer.ts';
import type { CheckpointFilter } from './checkpoint-filter.ts';
import type { GeneratedRecord, Journal } from './journal.ts';
import { hardNegatives, labelKey, normalizeLabel } from './label-meaning.ts';
import { createNearDuplicates } from './near-duplicates.ts';
import { plannedRequest, plannedText } from './plan.ts';
import { examplesPrompt, labelPrompt, negativesPrompt, type Prompt, verifyPrompt } from './prompts.ts';
import { withoutDraft } from './providers/thinking.ts';
import { type CheckedExample, checkExample, languageCode, leaks } from './quality.ts';
import { NoAnswerError, type Requester } from './requester.ts';
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
  /** Drops what a checkpoint finds trivially easy or contradicts. */
  filter?: CheckpointFilter;
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

/** Questions without an answer, of a server that never gave one, before a run gives up. */
const HOPELESS = 3;

/** Examples that a run is to have in the end. */
export const wantedCount = (settings: GenerateSettings, mode: Mode): number =>
  mode.kind === 'negatives' ? mode.records.length : settings.count;

/** How many requests a run needs if every example is kept. */
export const requestCount = (settings: GenerateSettings, mode: Mode): number =>
  Math.ceil(wantedCount(settings, mode) / settings.examples_per_request);

const negativesAsked = (settings: GenerateSettings): number => Math.max(1, settings.not_labels[1]);
const recordsOf = (settings: GenerateSettings, records: readonly GeneratedRecord[], number: number): readonly GeneratedRecord[] =>
  records.slice(number * settings.examples_per_request, (number + 1) * settings.examples_per_request);

/** The question of request `number`. */
export function promptOf(settings: GenerateSettings, mode: Mode, number: number): Prompt {
  if (mode.kind === 'examples') return examplesPrompt(plannedRequest(settings, number));
  if (mode.kind === 'texts') return labelPrompt(plannedText(settings, mode.labels, number));
  return negativesPrompt(recordsOf(settings, mode.records, number), negativesAsked(settings));
}

/** How many examples each label gets: the same number, the first ones one more where it does not come out even. */
function quotas(labels: readonly string[], count: number): ReadonlyMap<string, number> {
  const least = Math.floor(count / labels.length);
  return new Map(labels.map((label, at) => [label, least + (at < count % labels.length ? 1 : 0)]));
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);

/** The examples of one answer, and what was dropped of it and taken out of its examples, by reason. */
interface Accepted {
  records: GeneratedRecord[];
  dropped: Record<string, number>;
  mended: Record<string, number>;
}

/** Whether a label is true by a second opinion. */
type Opinion = (label: string) => boolean;
const NOT_CONFIRMED: Opinion = () => false;

/** Runs until enough examples are on disk. @throws DataError when the run cannot go on; what is kept stays. */
export async function generateExamples(request: GenerateRequest): Promise<GenerationEnd> {
  const { settings, mode, requester, journal, verifier, filter, signal } = request;
  const wanted = wantedCount(settings, mode);
  const quota = mode.kind === 'texts' ? quotas(mode.labels, settings.count) : undefined;
  const nearDuplicates = createNearDuplicates();
  const perLabel = new Map<string, number>();
  const isFull = (label: string): boolean => quota !== undefined && (perLabel.get(label) ?? 0) >= quota.get(label)!;
  let kept = 0;
  let leaked = 0;
  const remember = (record: GeneratedRecord) => {
    if (mode.kind !== 'negatives') nearDuplicates.add(record.text);
    if (record.labels.some((label) => leaks(record.text, label))) leaked++;
    for (const label of record.labels) perLabel.set(label, (perLabel.get(label) ?? 0) + 1);
    kept++;
  };
  for (const record of journal.records) remember(record);
  let dropped = sum(journal.dropped);
  /** Answers in which there was thinking only. */
  let drafts = 0;
  request.onProgress?.({ kept, dropped });

  const ask = (asker: Requester, prompt: Prompt, seed: number, temperature: number) =>
    asker.ask({ ...prompt, maxTokens: settings.max_tokens, temperature, seed });

  /** What an answer says of numbered items; items that it leaves out are asked for again, a bounded number of times. */
  async function byNumber<Item, T extends { number: number }>(
    asker: Requester,
    items: readonly Item[],
    schema: z.ZodType<T>,
    promptFor: (items: readonly Item[]) => Prompt,
    temperature: number,
    seed: number,
  ): Promise<(T | undefined)[]> {
    const found: (T | undefined)[] = items.map(() => undefined);
    for (let attempt = 0; attempt < settings.max_answers; attempt++) {
      const missing = items.map((_, at) => at).filter((at) => found[at] === undefined);
      if (missing.length === 0) break;
      const { text } = await ask(asker, promptFor(missing.map((at) => items[at])), seed + attempt, temperature);
      for (const each of parseAnswer(text, schema).examples) if (each.number <= missing.length) found[missing[each.number - 1]] ??= each;
    }
    return found;
  }

  /** Which candidates of each example a second opinion finds true: undefined where none is asked for, and for examples that it leaves out. */
  async function confirmed(examples: readonly CheckedExample[], seed: number): Promise<(Opinion | undefined)[] | undefined> {
    if (!verifier || examples.length === 0) return undefined;
    const opinions = await byNumber(
      verifier,
      examples.map(({ text, labels, not_labels: not }) => ({ text, candidates: [...labels, ...not].sort() })),
      verifiedSchema,
      verifyPrompt,
      0,
      seed,
    );
    return opinions.map((opinion) => {
      if (!opinion) return undefined;
      const keys = new Set(opinion.true.map(labelKey));
      return (label) => keys.has(labelKey(label));
    });
  }

  async function acceptNegatives(number: number, records: readonly GeneratedRecord[]): Promise<Accepted> {
    const mended: Record<string, number> = {};
    const mend = (reason: string, times = 1) => {
      if (times > 0) mended[reason] = (mended[reason] ?? 0) + times;
    };
    const items = recordsOf(settings, records, number);
    const answers = await byNumber(
      requester,
      items,
      negativesSchema,
      (some) => negativesPrompt(some, negativesAsked(settings)),
      settings.temperature,
      number,
    );
    const proposed = items.map((record, at) => {
      // Labels in the user's own form: lower case unless theirs are written otherwise.
      const lower = [...record.labels, ...record.not_labels].every((label) => label === label.toLowerCase());
      const labels = (answers[at]?.not_labels ?? []).map((label) => (lower ? normalizeLabel(label) : label.trim()));
      const { kept: good, taken } = hardNegatives(record.labels, [...record.not_labels, ...labels]);
      for (const [reason, times] of Object.entries(taken)) mend(reason, times);
      return { text: record.text, labels: record.labels, not_labels: good.filter((label) => !record.not_labels.includes(label)) };
    });
    const holds = await confirmed(proposed, number);
    const verdicts = await filter?.(proposed);
    const reasonAgainst = (label: string, at: number): string | undefined => {
      if (holds && !holds[at]) return 'without a second opinion';
      if (holds?.[at]?.(label)) return 'true by the second opinion';
      return verdicts?.[at].trueNegatives.includes(label) ? 'true by the checkpoint' : undefined;
    };
    const results = items.map((record, at) => {
      const added = proposed[at].not_labels.filter((label) => {
        const reason = reasonAgainst(label, at);
        if (reason) mend(reason);
        return !reason;
      });
      if (added.length === 0) mend('no hard negative found');
      // The record's own labels stay as they are: the user's data is never lost.
      return { ...record, not_labels: [...record.not_labels, ...added] };
    });
    return { records: results, dropped: {}, mended };
  }

  /** What an answer's examples are, and the fields that their records get beside text and labels. */
  async function proposals(number: number): Promise<{
    examples: CheckedExample[];
    fields: Record<string, string>;
    prompt: Prompt;
    dropped: Record<string, number>;
    seed: number;
  }> {
    const prompt = promptOf(settings, mode, number);
    const counts: Record<string, number> = {};
    const readable = async <T>(schema: z.ZodType<T>, seed: number): Promise<T[]> => {
      for (let attempt = 1; ; attempt++) {
        const { text, thought } = await ask(requester, prompt, seed + attempt, settings.temperature);
        const { examples, malformed } = parseAnswer(text, schema);
        const isDraft = thought && withoutDraft(text).trim() === '';
        if (isDraft) drafts++;
        if (malformed) counts.malformed = (counts.malformed ?? 0) + malformed;
        const nothing = isDraft ? 'thinking without an answer' : 'unreadable answer';
        if (examples.length + malformed === 0) counts[nothing] = (counts[nothing] ?? 0) + 1;
        if (examples.length > 0 || attempt >= settings.max_answers) return examples;
      }
    };
    if (mode.kind === 'texts') {
      const { label, others, language, seed } = plannedText(settings, mode.labels, number);
      const found = await readable(textSchema, seed);
      const examples = found.map(({ text }) => ({ text, labels: [label], not_labels: others.slice(0, settings.not_labels[1]) }));
      return { examples, fields: { language }, prompt, dropped: counts, seed };
    }
    const { task, domain, topic, subtopic, language, seed } = plannedRequest(settings, number);
    const examples = await readable(exampleSchema, seed);
    return { examples, fields: { task, domain, topic, ...(subtopic ? { subtopic } : {}), language }, prompt, dropped: counts, seed };
  }

  async function acceptExamples(number: number): Promise<Accepted> {
    const { examples, fields, prompt, dropped: reasons, seed } = await proposals(number);
    const mended: Record<string, number> = {};
    const drop = (reason: string, times = 1) => {
      if (times > 0) reasons[reason] = (reasons[reason] ?? 0) + times;
    };
    let good: CheckedExample[] = [];
    for (const raw of examples) {
      const result = checkExample(raw, {
        language: languageCode(fields.language),
        prompt: `${prompt.system}\n${prompt.prompt}`,
        nearDuplicates,
        allowLeakage: leaked + 1 <= settings.max_leakage * (kept + good.length + 1),
        fixedLabels: mode.kind === 'texts',
      });
      if ('dropped' in result) drop(result.dropped);
      else {
        for (const [reason, times] of Object.entries(result.taken)) mended[reason] = (mended[reason] ?? 0) + times;
        good.push(result.example);
      }
    }
    const holds = (await confirmed(good, seed))?.map((opinion) => opinion ?? NOT_CONFIRMED);
    if (holds) {
      const agreed = good.map((example, at) => ({
        ...example,
        labels: example.labels.filter(holds[at]),
        not_labels: example.not_labels.filter((label) => !holds[at](label)),
      }));
      mended['true by the second opinion'] =
        (mended['true by the second opinion'] ?? 0) +
        good.reduce((total, { not_labels: not }, at) => total + not.length - agreed[at].not_labels.length, 0);
      good = agreed.filter(({ labels }) => labels.length > 0);
      drop('labels not confirmed', agreed.length - good.length);
    }
    if (filter && good.length) {
      const verdicts = await filter(good);
      for (const { dropped: reason } of verdicts) if (reason) drop(reason);
      mended['true by the checkpoint'] =
        (mended['true by the checkpoint'] ?? 0) + verdicts.reduce((total, { trueNegatives }) => total + trueNegatives.length, 0);
      good = good
        .map((example, at) => ({
          ...example,
          not_labels: example.not_labels.filter((label) => !verdicts[at].trueNegatives.includes(label)),
        }))
        .filter((_, at) => !verdicts[at].dropped);
    }
    if (mode.kind === 'examples' && settings.not_labels[0] > 0) {
      const withNegatives = good.filter(({ not_labels: not }) => not.length > 0);
      drop('no hard negative left', good.length - withNegatives.length);
      good = withNegatives;
    }
    for (const reason of Object.keys(mended)) if (mended[reason] === 0) delete mended[reason];
    return { records: good.map((example) => ({ ...example, ...fields })), dropped: reasons, mended };
  }

  let next = 0;
  let failed = 0;
  let fruitless = 0;
  const limit = mode.kind === 'negatives' ? requestCount(settings, mode) : Number.POSITIVE_INFINITY;
  const stop = new AbortController();
  async function worker(): Promise<void> {
    while (!signal.aborted && !stop.signal.aborted && next < limit && (mode.kind === 'negatives' || kept < wanted) && fruitless < GIVE_UP) {
      const number = next++;
      if (journal.done.has(number) || (mode.kind === 'texts' && isFull(mode.labels[number % mode.labels.length]))) continue;
      let result: Accepted;
      try {
        result = mode.kind === 'negatives' ? await acceptNegatives(number, mode.records) : await acceptExamples(number);
      } catch (error) {
        if (signal.aborted) return;
        // A server that never answered anything is no server for this.
        if (!(error instanceof NoAnswerError) || (requester.statistics.answers === 0 && failed + 1 >= HOPELESS)) throw error;
        failed++;
        fruitless++;
        request.onFailure?.(`request ${number}: ${error.message}`);
        continue;
      }
      // Answers that were open together may repeat each other, and the last ones may be more than is wanted.
      const records: GeneratedRecord[] = [];
      for (const record of result.records) {
        if (mode.kind !== 'negatives' && nearDuplicates.has(record.text))
          result.dropped['near-duplicate'] = (result.dropped['near-duplicate'] ?? 0) + 1;
        else if (kept < wanted && !record.labels.some(isFull)) {
          records.push(record);
          remember(record);
        }
      }
      journal.add(number, records, result.dropped, result.mended);
      dropped += sum(result.dropped);
      fruitless = records.length ? 0 : fruitless + 1;
      request.onProgress?.({ kept, dropped });
    }
  }
  const workers = Array.from({ length: request.concurrency }, () =>
    worker().catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === 'rejected' && !signal.aborted) throw result.reason;
  if (fruitless >= GIVE_UP && kept < wanted && !signal.aborted)
    request.onFailure?.(
      `${GIVE_UP} requests in a row gave nothing usable; stopped${drafts ? ` (${drafts} answers were thinking only: take a model that does not think, or raise max_tokens in the settings)` : ''}`,
    );
  return { kept, leaked, failed };
}
