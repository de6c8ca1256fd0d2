/**
 * Language models of any provider, constrained to the label list: each text is asked once, at temperature 0, and the answer is
 * checked against the labels. They give decisions, not probabilities: 1 for what they chose, 0 for the rest. A text without an answer
 * has no prediction.
 */
import { DataError, errorMessage } from '../../base/errors.ts';
import { PROVIDERS } from '../../generate/providers/index.ts';
import { type Completion, type Provider, ProviderError, type ProviderKind } from '../../generate/providers/provider.ts';
import { withoutDraft } from '../../generate/providers/thinking.ts';
import { createRequester } from '../../generate/requester.ts';
import { defaultsOf } from '../../options/check.ts';
import { REQUEST_OPTIONS } from '../../options/generate.ts';
import type { System, SystemContext, SystemKind } from './system.ts';
import { wholeOption } from './system-spec.ts';

/** What is asked. */
export interface LabelPrompt {
  system: string;
  user: string;
  /** JSON schema of the answer. */
  schema: Record<string, unknown>;
  /** Longest answer in tokens. */
  answerTokens: number;
}

type Answer = Pick<Completion, 'text' | 'thought'>;

/** Asks a model. @throws DataError where it gives no answer */
type Ask = (question: LabelPrompt) => Promise<Answer>;

/** Characters of a text that are sent. */
const LONGEST_TEXT = 6000;
/** Characters of an answer that are looked at. */
const LONGEST_ANSWER = 4000;
/** Tokens that a model gets besides which thinks whatever it is asked. */
const ROOM_TO_THINK = 4096;
/** Further tries of one question. */
const RETRIES = 5;

/** The question about one text. */
export function question(text: string, labels: readonly string[], several: boolean): LabelPrompt {
  const item = { type: 'string', enum: [...labels] };
  const field = several ? 'labels' : 'label';
  return {
    system: [
      `You classify texts. Answer with JSON and nothing else: ${several ? '{"labels": ["..."]} with every label that fits, the best first' : '{"label": "..."} with the one label that fits best'}.`,
      'Use the labels exactly as they are written here:',
      ...labels.map((label) => `- ${label}`),
    ].join('\n'),
    user: text.slice(0, LONGEST_TEXT),
    schema: {
      type: 'object',
      properties: { [field]: several ? { type: 'array', items: item, minItems: 1, maxItems: Math.min(8, labels.length) } : item },
      required: [field],
    },
    answerTokens: several ? 256 : 96,
  };
}

/** Where the object ends that begins at `begin`, -1 where it does not. */
function objectEnd(text: string, begin: number): number {
  let depth = 0;
  let inString = false;
  for (let at = begin; at < text.length; at++) {
    const char = text[at];
    if (char === '\\' && inString) at++;
    else if (char === '"') inString = !inString;
    else if (inString) continue;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return at;
  }
  return -1;
}

/** The JSON objects in a text, in order; of one that holds others the whole. */
function objectsIn(text: string): unknown[] {
  const objects: unknown[] = [];
  for (let begin = text.indexOf('{'); begin >= 0; ) {
    const end = objectEnd(text, begin);
    try {
      if (end >= 0) objects.push(JSON.parse(text.slice(begin, end + 1)));
      begin = text.indexOf('{', end < 0 ? begin + 1 : end);
    } catch {
      begin = text.indexOf('{', begin + 1);
    }
  }
  return objects;
}

/** Indices of the labels that one JSON value names, best first; empty where it names none. */
function namedLabels(value: unknown, labels: readonly string[]): number[] {
  const { label, labels: several } = (value ?? {}) as { label?: unknown; labels?: unknown };
  const names = Array.isArray(several) ? several : [several ?? label];
  const indexOf = new Map(labels.map((each, at) => [each.trim().toLowerCase(), at]));
  const found = names.flatMap((name) => (typeof name === 'string' ? (indexOf.get(name.trim().toLowerCase()) ?? []) : []));
  return [...new Set(found)];
}

/** Indices of the labels that an answer names, best first; the last valid one counts. Empty where there is none. */
export function answeredLabels(answer: string, labels: readonly string[]): number[] {
  const named = objectsIn(withoutDraft(answer).slice(0, LONGEST_ANSWER)).map((value) => namedLabels(value, labels));
  return named.findLast(({ length }) => length > 0) ?? [];
}

/** Runs jobs, at most `limit` at a time; results in order. */
async function inPool<T>(count: number, limit: number, job: (at: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(limit, count) }, async () => {
      while (next < count) {
        const at = next++;
        results[at] = await job(at);
      }
    }),
  );
  return results;
}

/** Asks a model that thinks once more, with room for it, where it thought and did not come to an answer; then always with that room. */
function withRoomToThink(ask: Ask): Ask {
  let room = 0;
  return async (question) => {
    const answer = await ask({ ...question, answerTokens: question.answerTokens + room });
    if (!answer.thought || withoutDraft(answer.text).trim() !== '' || room > 0) return answer;
    room = ROOM_TO_THINK;
    return ask({ ...question, answerTokens: question.answerTokens + room });
  };
}

function systemOver(askOnce: Ask, { spec, model }: SystemContext, server: string, concurrency: number): System {
  let several = false;
  let unanswered = 0;
  let drafts = 0;
  let asked = 0;
  const ask = withRoomToThink(askOnce);
  const mostLabels = wholeOption(spec, 'labels', 200);
  return {
    get notes() {
      return {
        server,
        model,
        'texts asked': asked,
        'answers outside the list': unanswered,
        ...(drafts > 0 ? { 'of them thinking without an answer': drafts } : {}),
      };
    },
    async prepare(set) {
      several = set.multiLabel;
    },
    async score(texts, labels, { onPart }) {
      const [rows, columns] = [texts.length, labels.length];
      if (columns > mostLabels)
        throw new DataError(
          `${columns} labels are more than the ${mostLabels} that are put into a prompt (raise it with ,labels=${columns})`,
        );
      const each = new Float32Array(rows * columns); // [R, N]
      const choice = new Float32Array(rows * columns); // [R, N]
      const missing: number[] = [];
      let answered = 0;
      const answers = await inPool(rows, concurrency, async (row) => {
        const answer = await ask(question(texts[row], labels, several));
        onPart?.(++answered, rows);
        return answer;
      });
      for (const [row, answer] of answers.entries()) {
        const found = answeredLabels(answer.text, labels);
        asked++;
        if (!found.length) {
          unanswered++;
          if (answer.thought && withoutDraft(answer.text).trim() === '') drafts++;
          missing.push(row);
          for (const scores of [each, choice]) scores.fill(Number.NaN, row * columns, (row + 1) * columns);
          continue;
        }
        choice[row * columns + found[0]] = 1;
        for (const [rank, label] of found.entries()) each[row * columns + label] = 1 - rank * 1e-3; // keeps the order of the answer
      }
      return { rows, columns, each, choice, unanswered: missing };
    },
    dispose: async () => {},
  };
}

/** Asks a provider for JSON, again after a failure that may pass. An answer without JSON, as it comes again at temperature 0, is none. */
function askOf(provider: Provider, { concurrency, takesSchemas }: Pick<ProviderKind, 'concurrency' | 'takesSchemas'>): Ask {
  const believing: Provider = {
    ...provider,
    complete: (request) =>
      provider.complete(request).catch((error: unknown) => {
        if (error instanceof ProviderError && error.kind === 'unreadable')
          return { text: '', thought: false, cut: false, promptTokens: 0, completionTokens: 0 };
        throw error;
      }),
  };
  const { signal } = new AbortController();
  const requester = createRequester(believing, { ...defaultsOf(REQUEST_OPTIONS), retries: RETRIES, concurrency, signal });
  return ({ system, user, schema, answerTokens }) =>
    requester.ask({ system, prompt: user, ...(takesSchemas ? { schema } : {}), maxTokens: answerTokens, temperature: 0 });
}

const OPTIONS = { concurrency: 'questions at a time', labels: 'most labels in a prompt (default 200)' };

function kindOf(name: string, provider: ProviderKind): SystemKind {
  return {
    description: provider.description,
    ...(provider.defaultModel ? { defaultModel: provider.defaultModel } : {}),
    takesModel: true,
    modelSource: 'server',
    options: OPTIONS,
    async create(context): Promise<System> {
      const { model, threads, spec } = context;
      const concurrency = wholeOption(spec, 'concurrency', provider.concurrency);
      const opened = await provider.open({ model, threads });
      try {
        await opened.check?.();
      } catch (error) {
        throw new DataError(errorMessage(error));
      }
      return systemOver(askOf(opened, { ...provider, concurrency }), context, name, concurrency);
    },
  };
}

/** A kind of system for each provider of language models, by its name. */
export const LANGUAGE_MODELS: readonly (readonly [string, SystemKind])[] = Object.entries(PROVIDERS).map(([name, provider]) => [
  name,
  kindOf(name, provider),
]);
