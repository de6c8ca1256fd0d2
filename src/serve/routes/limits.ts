/** Requests within limits: of bytes, of texts, of labels, of time. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { readableText } from '../../classify/questions/decide.ts';
import { parseBody } from '../bodies.ts';
import { readBody } from '../body-bytes.ts';
import { RequestError, TimedOutError } from '../failures.ts';

/** What a request may have at most. */
export interface RequestLimits {
  maxBodyBytes: number;
  maxTexts: number;
  /** Labels or options, descriptions and examples counted. */
  maxLabels: number;
  /** Milliseconds until it is answered. */
  timeoutMs: number;
}

const isJson = (context: Context): boolean => /^application\/([\w.+-]+\+)?json\b/i.test(context.req.header('content-type') ?? '');

/** A request's body. @throws RequestError 400, 413 or 415 where it is no JSON, or too large */
export async function jsonOf(context: Context, { maxBodyBytes }: RequestLimits): Promise<unknown> {
  // A page of another origin can send other types without asking.
  if (!isJson(context)) throw new RequestError(415, 'send the body with the header content-type: application/json');
  return parseBody(await readBody((context.env as HttpBindings).incoming, maxBodyBytes));
}

/** Texts of a body, as the model reads them. @throws RequestError 422 where there are too many */
export function textsOf(given: string | readonly unknown[], { maxTexts }: RequestLimits): string[] {
  const texts = (typeof given === 'string' ? [given] : given).map((text, at) => readableText(text, `texts.${at}`));
  if (texts.length > maxTexts) throw new RequestError(422, `${texts.length} texts; a request may have ${maxTexts}`);
  return texts;
}

/** @throws RequestError 422 where there are too many labels */
export function boundLabels(count: number, { maxLabels }: RequestLimits): void {
  if (count > maxLabels)
    throw new RequestError(422, `${count} labels or options, descriptions and examples counted; a request may have ${maxLabels}`);
}

/**
 * Answers a request in time, or not at all; what waits for it in the queue is dropped where its client goes.
 * @throws TimedOutError
 */
export async function inTime<Result>(
  context: Context,
  { timeoutMs }: RequestLimits,
  answer: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new TimedOutError()), timeoutMs);
  const onGone = (): void => stop.abort(new TimedOutError());
  // Node's own event: the signal of a Web request would have all of that made of each.
  const { outgoing } = context.env as HttpBindings;
  outgoing.once('close', onGone);
  try {
    const late = new Promise<never>((_, reject) => stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true }));
    return await Promise.race([answer(stop.signal), late]);
  } finally {
    clearTimeout(timer);
    outgoing.off('close', onGone);
  }
}
