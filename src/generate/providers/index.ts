/** All providers of language models: the one place where one is added. Their clients are loaded when one is opened. */
import type { ProviderName } from '../../options/generate.ts';
import type { ProviderKind } from './provider.ts';

/** Providers by their name on the command line. */
export const PROVIDERS: Readonly<Record<ProviderName, ProviderKind>> = {
  ollama: {
    description: 'language model of an Ollama server, answers constrained to the labels (ollama:MODEL, OLLAMA_HOST)',
    concurrency: 1,
    takesSchemas: true,
    open: async (settings) => (await import('./ollama-provider.ts')).createOllamaProvider(settings),
  },
  groq: {
    description: 'language model of Groq, answers in JSON checked against the labels (groq:MODEL, GROQ_API_KEY)',
    defaultModel: 'llama-3.3-70b-versatile',
    concurrency: 4,
    takesSchemas: false,
    open: async (settings) => (await import('./groq-provider.ts')).createGroqProvider(settings),
  },
};
