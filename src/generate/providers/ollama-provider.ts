/** Ollama through its npm client; OLLAMA_HOST names the server. */
import { Ollama } from 'ollama';
import { errorMessage } from '../../base/errors.ts';
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

const SMALLEST_CONTEXT = 4096;
/** Of prompts, at the least: English has four or five, Chinese and rare scripts fewer than two. */
const CHARACTERS_PER_TOKEN = 2;

/**
 * A function from a prompt's characters and its answer's tokens to the context (`num_ctx`) that both fit into.
 * Ollama cuts what does not fit its context without a word, and loads the model anew for another size: it only grows.
 */
function createContextSize(): (characters: number, answerTokens: number) => number {
  let context = SMALLEST_CONTEXT;
  return (characters, answerTokens) => {
    while (context < characters / CHARACTERS_PER_TOKEN + answerTokens) context *= 2;
    return context;
  };
}

/** What Ollama is asked for: no thinking; gpt-oss cannot do without, and is asked for little. Models that do not think take it as well. */
const ollamaThinking = (model: string): false | 'low' => (/gpt-?oss/i.test(model) ? 'low' : false);

/** `fetch`, with an error page as JSON: the client prints others to stdout. */
async function fetchJson(input: string | URL | Request, init: RequestInit): Promise<Response> {
  const response = await patientFetch(input, init);
  if (response.ok || response.headers.get('content-type')?.includes('application/json')) return response;
  const { status } = response;
  return Response.json({ error: `status ${status}: ${(await response.text()).slice(0, 200)}` }, { status });
}

/** A model served by Ollama. @throws as checkProxy */
export function createOllamaProvider({
  model,
  host = process.env.OLLAMA_HOST || 'http://127.0.0.1:11434',
  threads,
}: ModelSettings & { host?: string }): Provider {
  checkProxy(/^https?:/.test(host) ? host : `http://${host}`);
  const contextSize = createContextSize();
  // Undefined once the server has refused it.
  let think: false | 'low' | undefined = ollamaThinking(model);
  const clientOf = (signal?: AbortSignal) =>
    new Ollama({
      host,
      fetch: (input: string | URL | Request, init?: RequestInit) => fetchJson(input, { ...init, ...(signal ? { signal } : {}) }),
    });
  function explained(error: unknown): ProviderError {
    const { status_code: status } = error as { status_code?: number };
    if (isUnreachable(error))
      return new ProviderError('absent', `no Ollama server at ${host}; start one with: ollama serve (or set OLLAMA_HOST)`);
    if (status === 404) return new ProviderError('fatal', `Ollama has no model "${model}"; get it with: ollama pull ${model}`);
    if (status === 401 || status === 403) return new ProviderError('fatal', `Ollama at ${host} refuses access (${status})`);
    if (status === 429 || status === 503) return new ProviderError('overload', `Ollama is busy (${status})`);
    if (status !== undefined && status >= 400 && status < 500)
      return new ProviderError('fatal', `Ollama refuses the request (${status}): ${errorMessage(error)}`);
    return new ProviderError('retry', `Ollama at ${host}: ${messageWithCause(error)}`);
  }
  return {
    name: 'ollama',
    model,
    async check() {
      try {
        await clientOf().show({ model });
      } catch (error) {
        throw explained(error);
      }
    },
    async complete(request: CompletionRequest): Promise<Completion> {
      const { system, prompt, schema, maxTokens, temperature, seed, signal } = request;
      const context = contextSize(system.length + prompt.length, maxTokens);
      try {
        // Streamed: a connection that says nothing for minutes is cut by what lies between.
        const parts = await clientOf(signal).chat({
          model,
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: prompt },
          ],
          format: schema ?? 'json',
          ...(think === undefined ? {} : { think }),
          stream: true,
          options: {
            num_ctx: context,
            num_predict: maxTokens,
            temperature,
            ...(seed === undefined ? {} : { seed }),
            ...(threads ? { num_thread: threads } : {}),
          },
        });
        const answer: Completion = { text: '', promptTokens: 0, completionTokens: 0, cut: false, thought: false };
        for await (const part of parts) {
          answer.text += part.message?.content ?? '';
          answer.thought ||= Boolean(part.message?.thinking);
          answer.promptTokens = part.prompt_eval_count ?? answer.promptTokens;
          answer.completionTokens = part.eval_count ?? answer.completionTokens;
          answer.cut = part.done_reason === 'length';
        }
        answer.thought ||= withoutDraft(answer.text) !== answer.text;
        return answer;
      } catch (error) {
        const { status_code: status } = error as { status_code?: number };
        if (think !== undefined && refusesThinking(status, errorMessage(error))) {
          think = undefined;
          return this.complete(request);
        }
        throw explained(error);
      }
    },
  };
}
