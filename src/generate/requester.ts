/**
 * Asks a provider many questions at once without breaking it: timeouts, bounded retries with back-off and jitter, concurrency that
 * adapts to the server, limits of requests and tokens a minute. Knows nothing of prompts or files.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { DataError, errorMessage } from '../base/errors.ts';
import { withTimeLimit } from '../base/time-limit.ts';
import type { Filled } from '../options/declaration.ts';
import type { REQUEST_OPTIONS } from '../options/generate.ts';
import { type Completion, type CompletionRequest, type Provider, ProviderError } from './providers/provider.ts';

/** Settings of a requester. */
export interface RequesterSettings extends Filled<typeof REQUEST_OPTIONS> {
  /** Ends all waiting and asking. */
  signal: AbortSignal;
  random?: () => number;
}

/** A question that failed on every try; another one may not. */
export class NoAnswerError extends DataError {
  override name = 'NoAnswerError';
}

/** What happened so far. */
export interface RequesterStatistics {
  requests: number;
  retries: number;
  /** Tokens of answers. */
  tokens: number;
  answers: number;
  /** Questions that may be open at once now. */
  concurrency: number;
}

/** Asks questions; calls may overlap. */
export interface Requester {
  /**
   * One answer.
   * @throws NoAnswerError when the question failed on every try; DataError when the run cannot go on (wrong key, unknown model, no server)
   */
  ask(request: Omit<CompletionRequest, 'signal'>): Promise<Completion>;
  readonly statistics: Readonly<RequesterStatistics>;
}

const LONGEST_BACK_OFF = 60;

/** Questions without an answer, of a server that never gave one, before a run gives up. */
const HOPELESS = 3;

/** Something that counts against a limit. */
interface Event {
  at: number;
  units: number;
}

/** Spaces events so that no minute has more than `perMinute` units; undefined: no limit. */
function createLimiter(perMinute: number | undefined) {
  const events: Event[] = [];
  return {
    /** Milliseconds until `units` more fit into the last minute. */
    delay(units: number): number {
      if (!perMinute) return 0;
      const now = performance.now();
      while (events.length && events[0].at <= now - 60_000) events.shift();
      let sum = events.reduce((total, event) => total + event.units, 0);
      if (sum === 0 || sum + units <= perMinute) return 0;
      for (const event of events) {
        sum -= event.units;
        if (sum === 0 || sum + units <= perMinute) return event.at + 60_000 - now;
      }
      return 0;
    },
    /** Counts an event; its units may be corrected once they are known. */
    add(units: number): Event {
      const event = { at: performance.now(), units };
      if (perMinute) events.push(event);
      return event;
    },
  };
}

/** Makes a requester of a provider. */
export function createRequester(provider: Provider, settings: RequesterSettings): Requester {
  const { concurrency, retries, timeout, backOff, signal, random = Math.random } = settings;
  const statistics: RequesterStatistics = { requests: 0, retries: 0, tokens: 0, answers: 0, concurrency };
  const requestLimit = createLimiter(settings.requestsPerMinute);
  const tokenLimit = createLimiter(settings.tokensPerMinute);
  let open = 0;
  let allowed = concurrency;
  // Until then the server wants no question, from nobody.
  let closedUntil = 0;
  const waiting: (() => void)[] = [];
  const release = () => {
    open--;
    while (waiting.length && open < Math.max(1, Math.floor(allowed))) {
      open++;
      waiting.shift()!();
    }
  };
  const acquire = async () => {
    if (open < Math.max(1, Math.floor(allowed))) open++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const adapt = (factor: number) => {
    // Halved when the server is overloaded, one more after each round of answers: the rule by which TCP shares a line.
    allowed = factor < 1 ? Math.max(1, allowed * factor) : Math.min(concurrency, allowed + 1 / Math.max(1, allowed));
    statistics.concurrency = Math.max(1, Math.floor(allowed));
  };

  async function once(request: Omit<CompletionRequest, 'signal'>): Promise<Completion> {
    const tokens = request.maxTokens + Math.ceil((request.system.length + request.prompt.length) / 4);
    await acquire();
    try {
      for (;;) {
        const delay = Math.max(requestLimit.delay(1), tokenLimit.delay(tokens), closedUntil - performance.now());
        if (delay <= 0) break;
        await wait(delay + 1, undefined, { signal });
      }
      requestLimit.add(1);
      const reserved = tokenLimit.add(tokens);
      statistics.requests++;
      const answer = await withTimeLimit(signal, 1000 * timeout, (limited) =>
        provider.complete({ ...request, signal: limited }).catch((error: unknown) => {
          // Clients say only that they were stopped.
          throw limited.aborted && !signal.aborted ? new ProviderError('retry', errorMessage(limited.reason)) : error;
        }),
      );
      statistics.tokens += answer.completionTokens;
      statistics.answers++;
      // An answer is seldom as long as it might be.
      if (answer.promptTokens + answer.completionTokens > 0) reserved.units = answer.promptTokens + answer.completionTokens;
      adapt(2);
      return answer;
    } finally {
      release();
    }
  }

  return {
    statistics,
    async ask(request) {
      for (let attempt = 0; ; attempt++) {
        signal.throwIfAborted();
        try {
          return await once({ ...request, ...(request.seed === undefined ? {} : { seed: request.seed + attempt }) });
        } catch (error) {
          signal.throwIfAborted();
          const kind = error instanceof ProviderError ? error.kind : 'retry';
          if (kind === 'fatal' || (kind === 'absent' && statistics.answers === 0)) throw new DataError(errorMessage(error));
          if (attempt >= retries) throw new NoAnswerError(`no answer after ${retries + 1} tries: ${errorMessage(error)}`);
          statistics.retries++;
          if (kind === 'overload') adapt(0.5);
          const asked = error instanceof ProviderError ? (error.retryAfter ?? 0) : 0;
          closedUntil = Math.max(closedUntil, performance.now() + 1000 * asked);
          const own = Math.min(LONGEST_BACK_OFF, backOff * 2 ** attempt) * (0.5 + random());
          await wait(1000 * Math.max(asked, own), undefined, { signal });
        }
      }
    },
  };
}

/** Questions that a plan numbers. */
export interface NumberedQuestions {
  requester: Requester;
  /** Questions at once. */
  concurrency: number;
  signal: AbortSignal;
  /** The next number; undefined where there is no more to ask. */
  next: () => number | undefined;
  askOne: (number: number) => Promise<void>;
  /** Told of a question that had no answer. */
  onNoAnswer: (number: number, message: string) => void;
}

/**
 * Asks side by side until there is no more to ask or the signal is aborted.
 * @returns how many questions never had an answer
 * @throws what ended the run; DataError where the server never answered anything
 */
export async function askSideBySide({ requester, concurrency, signal, next, askOne, onNoAnswer }: NumberedQuestions): Promise<number> {
  let failed = 0;
  let isStopped = false;
  async function worker(): Promise<void> {
    while (!signal.aborted && !isStopped) {
      const number = next();
      if (number === undefined) return;
      try {
        await askOne(number);
      } catch (error) {
        if (signal.aborted) return;
        // A server that never answered anything is no server for this.
        if (!(error instanceof NoAnswerError) || (requester.statistics.answers === 0 && failed + 1 >= HOPELESS)) {
          isStopped = true;
          throw error;
        }
        failed++;
        onNoAnswer(number, error.message);
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return failed;
}
