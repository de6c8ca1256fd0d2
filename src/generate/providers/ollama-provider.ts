/** Ollama through its npm client; OLLAMA_HOST names the server. */
import { Ollama } from 'ollama';
import { errorMessage } from '../../base/errors.ts';
import { createContextSize } from './ollama-context.ts';
import { patientFetch } from './patient-fetch.ts';
import { type Completion, type CompletionRequest, isAbsent, messageWithCause, type Provider, ProviderError } from './provider.ts';
import { ollamaThinking, refusesThinking, withoutDraft } from './thinking.ts';

/** Settings of {@link createOllamaProvider}. */
export interface OllamaSettings {
  model: string;
  host?: string;
  /** Threads of the server's CPU backend; its own choice unless given. */
  threads?: number;
}

/** `fetch`, with an error page as JSON: the client prints others to stdout. */
async function fetchJson(input: string | URL | Request, init: RequestInit): Promise<Response> {
  const response = await patientFetch(input, init);
  if (response.ok || response.headers.get('content-type')?.includes('application/json')) return response;
  const { status } = response;
  return Response.json({ error: `status ${status}: ${(await response.text()).slice(0, 200)}` }, { status });
}

/** A model served by Ollama. */
export function createOllamaProvider({
  model,
  host = process.env.OLLAMA_HOST || 'http://127.0.0.1:11434',
  threads,
}: OllamaSettings): Provider {
  const contextSize = createContextSize();
  // Undefined once the server has refused it.
  let think: false | 'low' | undefined = ollamaThinking(model);
  return {
    name: 'ollama',
    model,
    async complete(request: CompletionRequest): Promise<Completion> {
      const { system, prompt, schema, maxTokens, temperature, seed, signal } = request;
      const client = new Ollama({
        host,
        fetch: (input: string | URL | Request, init?: RequestInit) => fetchJson(input, { ...init, signal }),
      });
      const context = contextSize(system.length + prompt.length, maxTokens);
      try {
        // Streamed: a connection that says nothing for minutes is cut by what lies between.
        const parts = await client.chat({
          model,
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: prompt },
          ],
          format: schema,
          ...(think === undefined ? {} : { think }),
          stream: true,
          options: { num_ctx: context, num_predict: maxTokens, temperature, seed, ...(threads ? { num_thread: threads } : {}) },
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
        if (isAbsent(error))
          throw new ProviderError('absent', `no Ollama server at ${host}; start one with: ollama serve (or set OLLAMA_HOST)`);
        if (status === 404) throw new ProviderError('fatal', `Ollama has no model "${model}"; get it with: ollama pull ${model}`);
        if (status === 401 || status === 403) throw new ProviderError('fatal', `Ollama at ${host} refuses access (${status})`);
        if (status === 429 || status === 503) throw new ProviderError('overload', `Ollama is busy (${status})`);
        if (status !== undefined && status >= 400 && status < 500)
          throw new ProviderError('fatal', `Ollama refuses the request (${status}): ${errorMessage(error)}`);
        throw new ProviderError('retry', `Ollama at ${host}: ${messageWithCause(error)}`);
      }
    },
  };
}
