/** The server's routes: who may ask, how much, and in which dialect. Knows requests and answers; no sockets and no workers. */

import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { UsageError } from '../base/errors.ts';
import type { ScoreRequest } from '../classify/classifier.ts';
import { explainedLabels } from '../classify/explain/explain.ts';
import { createAsker, readableText } from '../classify/questions/decide.ts';
import { type Answers, askedQuestions, type Question } from '../classify/questions/questions.ts';
import { rankSet } from '../classify/rank-labels.ts';
import { abstains, withFit } from '../classify/tuning/label-fit.ts';
import { checkTunedLabels } from '../classify/tuning/thresholds-file.ts';
import type { Tuned } from '../classify/tuning/tuned.ts';
import { labelSet } from '../text/described-labels.ts';
import { type LabelSet, labelReadings } from '../text/label-texts.ts';
import { type ClassifyResponse, checkedBody, classifyBody, decideBody, parseBody } from './bodies.ts';
import { readBody } from './body-bytes.ts';
import { decisionsAnswers, decisionsBody, decisionsQuestions } from './decisions.ts';
import { asRequestError, type Dialect, errorResponse, RequestError, TimedOutError } from './failures.ts';
import type { Metrics } from './metrics.ts';
import { openApi } from './openapi.ts';
import { addPage, PAGE_PATHS, type PageFile } from './page-files.ts';
import type { Scheduler } from './scheduler.ts';
import { systemOneAnswers, systemOneBody, systemOneQuestions } from './system-one.ts';

/** What the routes are made of. */
export interface AppSettings {
  scheduler: Scheduler;
  metrics: Metrics;
  /** The model's name in answers. */
  model: string;
  version: string;
  /** What glz tune fitted, for requests that ask for it. */
  tuned?: Tuned;
  /** Key that clients must show; undefined: none is asked for. */
  key?: string;
  /** Names that the server is called by; others are refused, so that no page reaches a server on loopback by a name of its own. Undefined: any. */
  hosts?: ReadonlySet<string>;
  /** Origin whose pages may call. */
  cors?: string;
  /** The page at `/`. */
  page: ReadonlyMap<string, PageFile>;
  maxBodyBytes: number;
  maxTexts: number;
  maxLabels: number;
  timeoutMs: number;
  /** Told of each answer; knows no texts. */
  log(entry: Readonly<Record<string, string | number>>): void;
  /** Whether the server is about to end. */
  isEnding(): boolean;
}

const POSTS: Readonly<Record<string, Dialect>> = {
  '/classify': 'openai',
  '/decide': 'openai',
  '/v1/systemone': 'systemone',
  '/v1/decisions': 'openai',
};
const OPEN = new Set(['/health', '/ready', ...PAGE_PATHS]);
const KNOWN = new Set([...Object.keys(POSTS), ...OPEN, '/v1/models', '/metrics', '/openapi.json']);

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** About how many tokens a text has: clients are told what they read as usage. */
const aboutTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

/** Makes the routes. */
export function createApp(settings: AppSettings): Hono {
  const { scheduler, metrics, model, version, maxLabels, maxTexts, timeoutMs } = settings;
  const wanted = settings.key === undefined ? undefined : digest(settings.key);
  const app = new Hono();
  const fitting = withFit({ options: scheduler.options, logits: scheduler.logits });

  const respond = (context: Context, error: unknown): Response => {
    const known = asRequestError(error);
    if (known.status === 500) settings.log({ level: 'error', message: error instanceof Error ? error.message : String(error) });
    const { status, headers, body } = errorResponse(known, POSTS[context.req.path] ?? 'openai');
    return context.json(body, status as ContentfulStatusCode, headers);
  };
  app.onError((error, context) => respond(context, error));
  app.notFound((context) => respond(context, new RequestError(404, `there is no ${context.req.method} ${context.req.path}`)));

  app.use(async (context, next) => {
    const began = performance.now();
    const id = randomUUID();
    await next();
    context.header('x-request-id', id);
    context.header('x-typesafe-request-id', id);
    context.header('x-content-type-options', 'nosniff');
    context.header('cache-control', 'no-store');
    const { method, path } = context.req;
    const { status } = context.res;
    const ms = performance.now() - began;
    const shown = KNOWN.has(path) ? path : 'other';
    metrics.answered(shown, status, ms / 1000);
    settings.log({ level: status >= 500 ? 'error' : 'info', id, method, path: shown, status, ms: Math.round(ms * 10) / 10 });
  });
  if (settings.cors !== undefined) app.use(cors({ origin: settings.cors, allowMethods: ['GET', 'POST'] }));
  app.use(async (context, next) => {
    const host = (context.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase();
    if (settings.hosts && !settings.hosts.has(host)) throw new RequestError(403, 'this server is not called by that name');
    if (wanted && !OPEN.has(context.req.path)) {
      const shown = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? context.req.header('x-api-key') ?? '';
      if (!timingSafeEqual(digest(shown), wanted)) throw new RequestError(401, 'the key is missing or wrong');
    }
    if (settings.isEnding() && context.req.path in POSTS) throw new RequestError(503, 'the server is about to end');
    await next();
  });
  const isJson = (context: Context): boolean => /^application\/([\w.+-]+\+)?json\b/i.test(context.req.header('content-type') ?? '');
  /** Answers a body in time, or not at all; what waits for it in the queue is dropped where its client goes. */
  async function inTime<Result>(context: Context, answer: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new TimedOutError()), timeoutMs);
    const onGone = (): void => stop.abort(new TimedOutError());
    const { signal } = context.req.raw;
    signal.addEventListener('abort', onGone, { once: true });
    try {
      const late = new Promise<never>((_, reject) =>
        stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true }),
      );
      return await Promise.race([answer(stop.signal), late]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onGone);
    }
  }

  async function bodyOf(context: Context): Promise<unknown> {
    // A page of another origin can send other types without asking.
    if (!isJson(context)) throw new RequestError(415, 'send application/json');
    return parseBody(await readBody((context.env as HttpBindings).incoming, settings.maxBodyBytes));
  }

  /** Texts of a body, as the model reads them. */
  function textsOf(given: string | readonly unknown[]): string[] {
    const texts = (typeof given === 'string' ? [given] : given).map((text, at) => readableText(text, `texts.${at}`));
    if (texts.length > maxTexts) throw new RequestError(422, `${texts.length} texts; a request may have ${maxTexts}`);
    return texts;
  }

  const boundLabels = (count: number): void => {
    if (count > maxLabels)
      throw new RequestError(422, `${count} labels or options, descriptions and examples counted; a request may have ${maxLabels}`);
  };

  const tunedSettings = (multiLabel: boolean | undefined): Tuned => {
    const { tuned } = settings;
    if (!tuned) throw new RequestError(422, 'the server was started without --thresholds');
    if (multiLabel !== undefined && multiLabel !== tuned.multiLabel)
      throw new RequestError(422, `the thresholds were fitted with multiLabel ${tuned.multiLabel}`);
    return tuned;
  };

  app.post('/classify', async (context) => {
    const body = checkedBody(classifyBody, await bodyOf(context));
    const texts = textsOf(body.texts);
    const tuned = body.thresholds ? tunedSettings(body.multiLabel) : undefined;
    if (!body.labels && !tuned) throw new RequestError(422, 'field "labels": is missing', [{ path: ['labels'], message: 'is missing' }]);
    const labels: readonly unknown[] = body.labels ?? [];
    const isPerText = Array.isArray(labels[0]);
    if (isPerText && tuned) throw new RequestError(422, 'thresholds are for one list of labels');
    const lists = (isPerText ? labels : [labels]) as (readonly unknown[])[];
    if (isPerText && lists.length !== texts.length) throw new RequestError(422, `${lists.length} label lists for ${texts.length} texts`);
    const given = (list: readonly unknown[], at: number): LabelSet => labelSet(list, isPerText ? `labels.${at}` : 'labels', UsageError);
    const sets = tuned && !body.labels ? [{ labels: tuned.labels }] : lists.map(given);
    if (tuned) checkTunedLabels(tuned, sets[0], "the server's file of thresholds");
    const options = tuned ? { ...body, multiLabel: tuned.multiLabel } : body;
    boundLabels(sets.reduce((sum, { labels }) => sum + labels.reduce((count, label) => count + labelReadings(label).length, 0), 0));
    return inTime(context, async (signal) => {
      for (const { labels } of sets) {
        const problem = await scheduler.labelProblem(labels);
        if (problem !== undefined) throw new UsageError(problem);
      }
      const setOf = (row: number) => sets[isPerText ? row : 0];
      const requests = texts.map((text, row) => ({ text, labels: setOf(row).labels }));
      const how = { signal, mergeWindows: options.multiLabel ? ('max' as const) : ('mean' as const) };
      const scored = await (abstains(body) ? fitting : scheduler).logits(requests, how);
      const { calibration } = scheduler.options;
      const ranked = scored.map(({ logits, fit }, row) => rankSet(setOf(row), logits, calibration, options, { fit, tuned }));
      const asked = (request: ScoreRequest, row: number) => ({
        ...{ ...request, logits: scored[row].logits, ...explainedLabels(setOf(row), ranked[row], options) },
      });
      const explained = body.explain ? await scheduler.explain(requests.map(asked), how) : undefined;
      const results = scored.map(({ unreadable }, row) => ({
        ...ranked[row],
        ...(explained ? { explanations: explained[row] } : {}),
        ...(unreadable ? ({ unreadable } as const) : {}),
      }));
      return context.json({ model, results } satisfies ClassifyResponse);
    });
  });

  async function decideAll(texts: readonly string[], questions: unknown, signal: AbortSignal) {
    const asked = askedQuestions(questions);
    boundLabels([...asked.values()].reduce((sum, { names }) => sum + names.length, 0));
    const asker = await createAsker(scheduler, asked);
    return asker.answer(texts, { signal });
  }

  const decide = async (text: string, questions: Record<string, Question>, signal: AbortSignal): Promise<Answers> =>
    (await decideAll([text], questions, signal))[0].answers;

  app.post('/decide', async (context) => {
    const body = checkedBody(decideBody, await bodyOf(context));
    const texts = textsOf(body.texts);
    const answered = await inTime(context, (signal) => decideAll(texts, body.questions, signal));
    const results = answered.map(({ answers, unreadable }) => ({ answers, ...(unreadable ? ({ unreadable } as const) : {}) }));
    return context.json({ model, results });
  });

  app.post('/v1/systemone', async (context) => {
    const body = checkedBody(systemOneBody, await bodyOf(context));
    const { text, questions } = systemOneQuestions(body);
    const answers = await inTime(context, (signal) => decide(text, questions, signal));
    return context.json({ model, answers: systemOneAnswers(body, answers), usage: { input_tokens: aboutTokens(text), output_tokens: 0 } });
  });

  app.post('/v1/decisions', async (context) => {
    const body = checkedBody(decisionsBody, await bodyOf(context));
    const { text, questions } = decisionsQuestions(body);
    const answers = await inTime(context, (signal) => decide(text, questions, signal));
    const tokens = aboutTokens(text);
    return context.json({
      model,
      answers: decisionsAnswers(body, answers),
      usage: {
        input_tokens: tokens,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 0,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: tokens,
      },
    });
  });

  addPage(app, settings.page);
  app.get('/v1/models', (context) =>
    context.json({
      object: 'list',
      data: [{ id: model, object: 'model', created: 0, owned_by: 'glz' }],
      models: [{ name: model, description: 'GliZNet, zero-shot text classification, served by glz', release_date: '' }],
    }),
  );
  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.get('/ready', (context) =>
    settings.isEnding() ? context.json({ status: 'ending' }, 503) : context.json({ status: 'ready', waiting: scheduler.waiting }),
  );
  app.get('/metrics', (context) => context.body(metrics.text(), 200, { 'content-type': metrics.contentType }));
  app.get('/openapi.json', (context) => context.json(openApi(version)));
  return app;
}
