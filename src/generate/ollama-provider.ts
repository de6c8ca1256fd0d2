/** Ollama through its npm client; OLLAMA_HOST names the server. */
import { Ollama } from 'ollama';
import { errorMessage } from '../errors.ts';
import { type Completion, type CompletionRequest, isRefused, type Provider, ProviderError } from './provider.ts';

/** Settings of {@link createOllamaProvider}. */
export interface OllamaSettings {
  model: string;
  host?: string;
  /** Threads of the server's CPU backend; its own choice unless given. */
  threads?: number;
}

/** A model served by Ollama. */
export function createOllamaProvider({
  model,
  host = process.env.OLLAMA_HOST || 'http://127.0.0.1:11434',
  threads,
}: OllamaSettings): Provider {
  return {
    name: 'ollama',
    model,
    async complete({ system, prompt, schema, maxTokens, temperature, seed, signal }: CompletionRequest): Promise<Completion> {
      const client = new Ollama({ host, fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, { ...init, signal }) });
      try {
        const answer = await client.chat({
          model,
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: prompt },
          ],
          format: schema,
          stream: false,
          options: { num_predict: maxTokens, temperature, seed, ...(threads ? { num_thread: threads } : {}) },
        });
        return {
          text: answer.message?.content ?? '',
          promptTokens: answer.prompt_eval_count ?? 0,
          completionTokens: answer.eval_count ?? 0,
          cut: answer.done_reason === 'length',
        };
      } catch (error) {
        const { status_code: status } = error as { status_code?: number };
        if (isRefused(error))
          throw new ProviderError('fatal', `no Ollama server at ${host}; start one with: ollama serve (or set OLLAMA_HOST)`);
        if (status === 404) throw new ProviderError('fatal', `Ollama has no model "${model}"; get it with: ollama pull ${model}`);
        if (status === 401 || status === 403) throw new ProviderError('fatal', `Ollama at ${host} refuses access (${status})`);
        if (status === 429 || status === 503) throw new ProviderError('overload', `Ollama is busy (${status})`);
        if (status !== undefined && status >= 400 && status < 500)
          throw new ProviderError('fatal', `Ollama refuses the request (${status}): ${errorMessage(error)}`);
        throw new ProviderError('retry', `Ollama: ${errorMessage(error)}`);
      }
    },
  };
}
