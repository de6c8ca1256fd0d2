/** Asks the server that the page came from, and nobody else. */

import type { LabelScores } from '../../../classify/library-types.ts';
import type { Answers, Question } from '../../../classify/questions/questions.ts';
import type { LabelInput } from '../../../text/described-labels.ts';
import type { FittedLabels } from '../../fitted-labels.ts';

/** How texts are labelled. */
export interface LabelRequest {
  texts: readonly string[];
  /** Absent with `thresholds`: those that were fitted. */
  labels?: readonly LabelInput[];
  multiLabel?: boolean;
  /** Uses what the server was fitted to. */
  thresholds?: boolean;
  /** Leaves out labels that score less; 0: none, also where thresholds were fitted. */
  threshold?: number;
  /** Asks for the fit; 0: and for labels whatever it is. */
  abstainBelow?: number;
  /** Whether words are asked for. */
  explain?: boolean;
  topK?: number;
}

/** The server refused or cannot be reached. */
export class AnswerError extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** The server's routes, as the page uses them. */
export interface Client {
  classify(request: LabelRequest, signal: AbortSignal): Promise<LabelScores[]>;
  decide(texts: readonly string[], questions: Readonly<Record<string, Question>>, signal: AbortSignal): Promise<Answers[]>;
  /** The model's name. */
  model(): Promise<string>;
  /** What the server was started with (`--thresholds`), if anything. */
  fitted(): Promise<FittedLabels | undefined>;
}

/** How often a busy server is asked again. */
const TRIES = 6;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });

/**
 * Makes a client.
 * @param askForKey asks the reader for the server's key, which is kept here in memory only; told whether one was refused
 * @param send `fetch`, or what stands for it in tests
 */
export function createClient(askForKey: (wasWrong: boolean) => Promise<string>, send: typeof fetch = (...each) => fetch(...each)): Client {
  let key: string | undefined;
  let asking: Promise<string> | undefined;
  let canExplain = true;

  /** One dialog for all requests that wait for the key. */
  async function newKey(refused: string | undefined): Promise<void> {
    if (key !== refused) return;
    asking ??= askForKey(refused !== undefined).finally(() => {
      asking = undefined;
    });
    key = await asking;
  }

  async function call(path: string, body: object | undefined, signal: AbortSignal): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      const shown = key;
      const headers: Record<string, string> = {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }),
      };
      let response: Response;
      try {
        response = await send(path, { method: body ? 'POST' : 'GET', headers, signal, ...(body ? { body: JSON.stringify(body) } : {}) });
      } catch (error) {
        if (signal.aborted) throw error;
        throw new AnswerError('The server does not answer. Is it still running?');
      }
      if (response.status === 401) {
        await newKey(shown);
        signal.throwIfAborted();
        continue;
      }
      if (response.status === 503 && tries < TRIES) {
        await pause(1000 * Number(response.headers.get('retry-after') ?? 1), signal);
        continue;
      }
      const answer = (await response.json().catch(() => ({}))) as { error?: { message?: string } };
      if (!response.ok) throw new AnswerError(answer.error?.message ?? `The server answers ${response.status}.`, response.status);
      return answer;
    }
  }

  return {
    async classify({ explain = false, ...request }, signal) {
      const ask = async (body: object) => ((await call('/classify', body, signal)) as { results: LabelScores[] }).results;
      if (!explain || !canExplain) return ask(request);
      try {
        return await ask({ ...request, explain: true });
      } catch (error) {
        // A server, or a model, that does not explain.
        if (!(error instanceof AnswerError && error.status === 422 && /explain/i.test(error.message))) throw error;
        canExplain = false;
        return ask(request);
      }
    },
    async decide(texts, questions, signal) {
      return ((await call('/decide', { texts, questions }, signal)) as { results: { answers: Answers }[] }).results.map(
        ({ answers }) => answers,
      );
    },
    async model() {
      const { data } = (await call('/v1/models', undefined, new AbortController().signal)) as { data: { id: string }[] };
      return data[0]?.id ?? '';
    },
    async fitted() {
      const { thresholds } = (await call('/thresholds', undefined, new AbortController().signal)) as { thresholds: FittedLabels | null };
      return thresholds ?? undefined;
    },
  };
}
