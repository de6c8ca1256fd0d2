/** Groq through its npm client; GROQ_API_KEY and GROQ_BASE_URL are read from the environment and never printed. */
import Groq from 'groq-sdk';
import { errorMessage, UsageError } from '../../base/errors.ts';
import { checkProxy } from '../../base/http.ts';
import { patientFetch } from './patient-fetch.ts';
import {
  type Completion,
  type CompletionRequest,
  isUnreachable,
  type ModelSettings,
  messageWithCause,
  type Provider,
  ProviderError,
} from './provider.ts';
import { refusesThinking, withoutDraft } from './thinking.ts';

/** Groq's options about reasoning. */
interface GroqReasoning {
  reasoning_effort?: 'none' | 'low';
  reasoning_format?: 'hidden';
  include_reasoning?: false;
}

/** Which of them a model takes, only the attempt tells: Qwen can do without, gpt-oss with little, DeepSeek can leave it unsaid. */
const GROQ_REASONING: readonly GroqReasoning[] = [
  { reasoning_effort: 'none' },
  { reasoning_effort: 'low', include_reasoning: false },
  { reasoning_format: 'hidden' },
];

/** Groq's options for one model. A model that does not reason refuses all of them: none is sent before one is needed. */
interface ReasoningSwitch {
  /** What to send now. */
  readonly options: GroqReasoning;
  /** Told that the model reasons; whether that changes the options. */
  onReasoning(): boolean;
  /** Told that the server refuses these options (of an earlier request perhaps): others are sent from now on. */
  onRefusal(refused: GroqReasoning): void;
}

/** Makes the switch of a model, off at first. */
function createReasoningSwitch(): ReasoningSwitch {
  const none: GroqReasoning = {};
  const steps = [none, ...GROQ_REASONING, none];
  let step = 0;
  return {
    get options() {
      return steps[step];
    },
    onReasoning() {
      if (step > 0) return false;
      step = 1;
      return true;
    },
    onRefusal(refused) {
      if (refused === steps[step] && step < steps.length - 1) step++;
    },
  };
}

/** Longest wait that a server may ask for, in seconds: a mistake or malice must not stop a run for hours. */
const LONGEST_WAIT = 120;

/** Seconds of a `retry-after` header: a number or a date. */
export function retryAfterSeconds(value: string | null | undefined, now = Date.now()): number | undefined {
  if (!value) return undefined;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds : (Date.parse(value) - now) / 1000;
  return Number.isFinite(wait) ? Math.min(LONGEST_WAIT, Math.max(0, wait)) : undefined;
}

/** A model served by Groq, or by another server of the same protocol at GROQ_BASE_URL. @throws UsageError without a key; as checkProxy */
export function createGroqProvider({ model }: ModelSettings): Provider {
  if (!process.env.GROQ_API_KEY) throw new UsageError('GROQ_API_KEY is not set; make a key in the Groq console and export it');
  // Retries and time limits are the requester's.
  const client = new Groq({ maxRetries: 0, timeout: 2 ** 31 - 1, fetch: patientFetch });
  checkProxy(client.baseURL);
  // Models without structured output answer 400 to a schema; they are asked for plain JSON from then on.
  let withSchema = true;
  const reasoning = createReasoningSwitch();

  async function ask(request: CompletionRequest, quiet: GroqReasoning): Promise<Completion> {
    const { system, prompt, schema, maxTokens, temperature, seed, signal } = request;
    const answer = await client.chat.completions.create(
      {
        model,
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: prompt },
        ],
        max_completion_tokens: maxTokens,
        temperature,
        ...(seed === undefined ? {} : { seed }),
        ...quiet,
        response_format:
          schema && withSchema ? { type: 'json_schema', json_schema: { name: 'examples', schema } } : { type: 'json_object' },
      },
      { signal },
    );
    const choice = answer.choices?.[0];
    const text = choice?.message?.content ?? '';
    const thought = Boolean(choice?.message?.reasoning) || withoutDraft(text) !== text;
    if (thought) reasoning.onReasoning();
    return {
      text,
      thought,
      promptTokens: answer.usage?.prompt_tokens ?? 0,
      completionTokens: answer.usage?.completion_tokens ?? 0,
      cut: choice?.finish_reason === 'length',
    };
  }

  return {
    name: 'groq',
    model,
    async complete(request) {
      const quiet = reasoning.options;
      try {
        return await ask(request, quiet);
      } catch (error) {
        const { status, headers } = error as { status?: number; headers?: Headers };
        const message = errorMessage(error).slice(0, 300);
        if (status === 400 && withSchema && /response_format|json_schema|structured/i.test(message)) {
          withSchema = false;
          return this.complete(request);
        }
        if (refusesThinking(status, message) && Object.keys(quiet).length > 0) {
          reasoning.onRefusal(quiet);
          return this.complete(request);
        }
        // Groq reports an answer that does not follow the schema as a 400: the next one may.
        if (status === 400 && /json_validate_failed|failed to (generate|validate)/i.test(message)) {
          // Thinking may have left no room for the answer.
          throw new ProviderError(reasoning.onReasoning() ? 'retry' : 'unreadable', message);
        }
        if (status === 401 || status === 403) throw new ProviderError('fatal', `Groq refuses the key (${status}); check GROQ_API_KEY`);
        if (status === 404)
          throw new ProviderError('fatal', `Groq has no model "${model}"; choose one of https://console.groq.com/docs/models`);
        if (status === 429)
          throw new ProviderError('overload', 'Groq: too many requests', retryAfterSeconds(headers?.get?.('retry-after')));
        if (status === 498 || status === 503) throw new ProviderError('overload', `Groq is busy (${status})`);
        if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409)
          throw new ProviderError('fatal', `Groq refuses the request (${status}): ${message}`);
        if (isUnreachable(error)) throw new ProviderError('absent', `no server at ${client.baseURL}; check GROQ_BASE_URL and the network`);
        throw new ProviderError('retry', `Groq: ${messageWithCause(error).slice(0, 300)}`);
      }
    },
  };
}
