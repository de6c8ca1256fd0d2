/**
 * Language models behind Ollama or Groq, constrained to the label list: each text is asked once, at temperature 0, and the answer is
 * checked against the labels. They give decisions, not probabilities: 1 for what they chose, 0 for the rest. A text without an answer
 * has no prediction.
 */
import { DataError, errorMessage } from '../../base/errors.ts';
import { createContextSize } from '../../generate/providers/ollama-context.ts';
import { createReasoningSwitch, ollamaThinking, refusesThinking, withoutDraft } from '../../generate/providers/thinking.ts';
import type { System, SystemContext, SystemKind } from './system.ts';
import { wholeOption } from './system-spec.ts';

/** What a server is asked. */
export interface Question {
  system: string;
  user: string;
  /** JSON schema of the answer. */
  schema: Record<string, unknown>;
  /** Longest answer in tokens. */
  answerTokens: number;
}

/** What a server answers. */
interface Answer {
  text: string;
  /** The model thought before it answered, and what it thought took of the answer's room. */
  thought: boolean;
}

/** A server that answers; throws DataError when it cannot. */
type Ask = (question: Question) => Promise<Answer>;

/** Characters of a text that are sent. */
const LONGEST_TEXT = 6000;
/** Characters of an answer that are looked at. */
const LONGEST_ANSWER = 4000;
/** Tokens that a model gets besides which thinks whatever it is asked. */
const ROOM_TO_THINK = 4096;
const ATTEMPTS = 6;
const LONGEST_WAIT_SECONDS = 60;

/** The question about one text. */
export function question(text: string, labels: readonly string[], several: boolean): Question {
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
  const limit = wholeOption(spec, 'concurrency', concurrency);
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
      const answers = await inPool(rows, limit, async (row) => {
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

/** Seconds to wait after a failed attempt; undefined if another will not help. */
function waitAfter(error: unknown, attempt: number): number | undefined {
  const {
    status,
    status_code: code,
    headers,
  } = error as { status?: number; status_code?: number; headers?: { get?(name: string): string | null } };
  const kind = status ?? code;
  if (kind !== undefined && kind !== 408 && kind !== 409 && kind !== 429 && kind < 500) return undefined;
  const asked = Number(headers?.get?.('retry-after'));
  return Math.min(LONGEST_WAIT_SECONDS, Number.isFinite(asked) && asked > 0 ? asked : 2 ** attempt);
}

/**
 * Does a job, again after a failure that may pass.
 * @param settle what a failure means besides: the job is to be done again at once, or this is its result
 */
async function withRetries(
  job: () => Promise<Answer>,
  explain: (error: unknown) => string,
  settle: (error: unknown) => 'again' | Answer | undefined,
): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await job();
    } catch (error) {
      const settled = settle(error);
      if (settled === 'again') continue;
      if (settled) return settled;
      const seconds = attempt + 1 < ATTEMPTS ? waitAfter(error, attempt) : undefined;
      if (seconds === undefined) throw new DataError(explain(error));
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}

const OPTIONS = { concurrency: 'questions at a time', labels: 'most labels in a prompt (default 200)' };

/** Models of an Ollama server (OLLAMA_HOST; 127.0.0.1:11434 unless set). */
export const OLLAMA: SystemKind = {
  description: 'language model of an Ollama server, answers constrained to the labels (ollama:MODEL, OLLAMA_HOST)',
  takesModel: true,
  modelSource: 'server',
  options: OPTIONS,
  async create(context): Promise<System> {
    const { Ollama } = await import('ollama');
    const host = process.env.OLLAMA_HOST || 'http://127.0.0.1:11434';
    const client = new Ollama({ host });
    const { model } = context;
    try {
      await client.show({ model });
    } catch (error) {
      const missing = (error as { status_code?: number }).status_code === 404;
      throw new DataError(
        missing
          ? `the Ollama server has no model "${model}": ollama pull ${model}`
          : `no answer from Ollama at ${host}: ${errorMessage(error)}`,
      );
    }
    const contextSize = createContextSize();
    // Undefined once the server has refused it.
    let think: false | 'low' | undefined = ollamaThinking(model);
    const ask: Ask = ({ system, user, schema, answerTokens }) =>
      withRetries(
        async (): Promise<Answer> => {
          const { message } = await client.chat({
            model,
            ...(think === undefined ? {} : { think }),
            messages: [
              { role: 'system', content: system },
              { role: 'user', content: user },
            ],
            format: schema,
            options: {
              num_ctx: contextSize(system.length + user.length, answerTokens),
              num_predict: answerTokens,
              temperature: 0,
              ...(context.threads ? { num_thread: context.threads } : {}),
            },
          });
          return { text: message.content, thought: Boolean(message.thinking) || withoutDraft(message.content) !== message.content };
        },
        (error) => `Ollama: ${errorMessage(error)}`,
        (error) => {
          const isRefused = think !== undefined && refusesThinking((error as { status_code?: number }).status_code, errorMessage(error));
          if (isRefused) think = undefined;
          return isRefused ? 'again' : undefined;
        },
      );
    return systemOver(ask, context, 'ollama', 1);
  },
};

/** Models of Groq (GROQ_API_KEY). */
export const GROQ: SystemKind = {
  description: 'language model of Groq, answers in JSON checked against the labels (groq:MODEL, GROQ_API_KEY)',
  defaultModel: 'llama-3.3-70b-versatile',
  takesModel: true,
  modelSource: 'server',
  options: OPTIONS,
  async create(context): Promise<System> {
    if (!process.env.GROQ_API_KEY) throw new DataError('GROQ_API_KEY is not set: Groq needs a key in the environment');
    const { default: Groq } = await import('groq-sdk');
    const client = new Groq({ maxRetries: 0 });
    const reasoning = createReasoningSwitch();
    const ask: Ask = ({ system, user, answerTokens }) => {
      let quiet = reasoning.options;
      return withRetries(
        async (): Promise<Answer> => {
          quiet = reasoning.options;
          const answer = await client.chat.completions.create({
            model: context.model,
            messages: [
              { role: 'system', content: system },
              { role: 'user', content: user },
            ],
            // Few of Groq's models take a schema; all take this, and the answer is checked against the list.
            response_format: { type: 'json_object' },
            temperature: 0,
            max_completion_tokens: answerTokens,
            ...quiet,
          });
          const message = answer.choices[0]?.message;
          const text = message?.content ?? '';
          const thought = Boolean(message?.reasoning) || withoutDraft(text) !== text;
          if (thought) reasoning.onReasoning();
          return { text, thought };
        },
        (error) => `Groq: ${errorMessage(error)}`,
        (error) => {
          const { status } = error as { status?: number };
          if (Object.keys(quiet).length > 0 && refusesThinking(status, errorMessage(error))) {
            reasoning.onRefusal(quiet);
            return 'again';
          }
          if (status !== 400 || !/json_validate_failed|failed to (generate|validate)/i.test(errorMessage(error))) return undefined;
          // No JSON came of it: thinking may have left no room for the answer.
          return reasoning.onReasoning() ? 'again' : { text: '', thought: false };
        },
      );
    };
    return systemOver(ask, context, 'groq', 4);
  },
};
