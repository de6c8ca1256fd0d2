/** What a server of language models is to whoever asks: one question, one answer, and errors that say whether to ask again. */

import { errorMessage } from '../../base/errors.ts';
import type { ProviderName } from '../../options/generate.ts';

/** One question. */
export interface CompletionRequest {
  system: string;
  prompt: string;
  /** JSON schema that the answer has to follow; without one it is JSON. */
  schema?: Record<string, unknown>;
  maxTokens: number;
  temperature: number;
  /** The server's own choice where absent. */
  seed?: number;
  signal: AbortSignal;
}

/** One answer. */
export interface Completion {
  text: string;
  promptTokens: number;
  completionTokens: number;
  /** The answer ended because `maxTokens` was reached. */
  cut: boolean;
  /** The model thought before it answered, in a field of its own or in tags; `text` may be nothing but that. */
  thought: boolean;
}

/** A language model. */
export interface Provider {
  readonly name: ProviderName;
  readonly model: string;
  /** Finds out whether the server has the model, where that can be asked. @throws ProviderError */
  check?(): Promise<void>;
  /** @throws ProviderError */
  complete(request: CompletionRequest): Promise<Completion>;
}

/**
 * Why a question has no answer.
 * `retry`: ask again (5xx, dropped connection, timeout); `unreadable`: the model gave no JSON, ask again for another answer; `overload`: ask
 * again later and less often (429); `fatal`: stop the run (wrong key, unknown model); `absent`: nothing listens, stop the run unless the
 * server was there before. The message says what to do.
 */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly kind: 'retry' | 'unreadable' | 'overload' | 'fatal' | 'absent';
  /** Seconds that the server asks to wait. */
  readonly retryAfter: number | undefined;
  constructor(kind: ProviderError['kind'], message: string, retryAfter?: number) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

const ABSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Whether an error says that nothing listens at the address, or that there is no way to it. */
export function isUnreachable(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at && depth < 5; at = (at as { cause?: unknown }).cause, depth++) {
    const { code } = at as { code?: unknown };
    if (ABSENT.has(String(code))) return true;
    for (const inner of (at as { errors?: unknown[] }).errors ?? []) if (isUnreachable(inner)) return true;
  }
  return false;
}

/** An error's message with its cause's: `fetch failed` alone says nothing. */
export function messageWithCause(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause instanceof Error && cause.message ? `${errorMessage(error)}: ${cause.message}` : errorMessage(error);
}

/** What a model is opened with. */
export interface ModelSettings {
  model: string;
  /** Threads of a server that computes on this machine's CPU; its own choice unless given. */
  threads?: number;
}

/** A provider of language models. */
export interface ProviderKind {
  /** In a line: whose models, how their answers are held to labels, what is read from the environment. */
  description: string;
  /** Model that evaluation asks where none is named. */
  defaultModel?: string;
  /** Questions at once that its servers are asked in an evaluation. */
  concurrency: number;
  /** Whether each of its models takes a JSON schema; of others the answer is only checked. */
  takesSchemas: boolean;
  /** @throws UsageError without a key, where it needs one */
  open(settings: ModelSettings): Promise<Provider>;
}
