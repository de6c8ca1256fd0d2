/** The server's routes (routes/) behind what all of them share: errors in two dialects, log, access. No sockets and no workers. */

import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { asRequestError, errorResponse, RequestError } from './failures.ts';
import type { ServerMetrics } from './metrics.ts';
import { addPage, type PageFile } from './page-files.ts';
import { type AccessSettings, access } from './routes/access.ts';
import { addClassify, type ClassifySettings } from './routes/classify.ts';
import { addDecide, type DecideSettings } from './routes/decide.ts';
import { KNOWN, POSTS } from './routes/paths.ts';
import { addStatus, type StatusSettings } from './routes/status.ts';

/** Told of each answer; knows no texts. */
type Log = (entry: Readonly<Record<string, string | number>>) => void;

/** What the routes are made of. */
export interface AppSettings extends AccessSettings, ClassifySettings, DecideSettings, StatusSettings {
  /** Origin whose pages may call. */
  cors?: string;
  /** The page at `/`. */
  page: ReadonlyMap<string, PageFile>;
  log: Log;
}

/** An error as a response in the dialect of its path; what is the server's fault is logged. */
function failed(context: Context, error: unknown, log: Log): Response {
  const known = asRequestError(error);
  if (known.status === 500) log({ level: 'error', message: error instanceof Error ? error.message : String(error) });
  const { status, headers, body } = errorResponse(known, POSTS[context.req.path] ?? 'openai');
  return context.json(body, status as ContentfulStatusCode, headers);
}

/** Of every answer. */
const HEADERS = [
  ['x-content-type-options', 'nosniff'],
  ['cache-control', 'no-store'],
] as const;

/** Why no route answers a request: its path is unknown, or asked with another method, which a header then says. */
function unanswered(context: Context): RequestError {
  const { method, path } = context.req;
  if (!KNOWN.has(path)) return new RequestError(404, `there is no ${method} ${path}`);
  const right = Object.hasOwn(POSTS, path) ? 'POST' : 'GET';
  context.header('allow', right === 'GET' ? 'GET, HEAD' : right);
  return new RequestError(405, `there is no ${method} ${path}: use ${right}`);
}

/** Numbers each answer, times, counts and logs it. */
function logged(metrics: ServerMetrics, log: Log): MiddlewareHandler {
  return async (context, next) => {
    const began = performance.now();
    const id = randomUUID();
    // On what Node sends: to add them to a response that is there would make a Web stream of its body.
    const { outgoing } = context.env as HttpBindings;
    for (const [name, value] of HEADERS) outgoing.setHeader(name, value);
    outgoing.setHeader('x-request-id', id).setHeader('x-typesafe-request-id', id);
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const ms = performance.now() - began;
    const shown = KNOWN.has(path) ? path : 'other';
    metrics.answered(shown, status, ms / 1000);
    log({ level: status >= 500 ? 'error' : 'info', id, method, path: shown, status, ms: Math.round(ms * 10) / 10 });
  };
}

/** Makes the routes. */
export function createApp(settings: AppSettings): Hono {
  const { log } = settings;
  const app = new Hono();
  app.onError((error, context) => failed(context, error, log));
  app.notFound((context) => failed(context, unanswered(context), log));
  app.use(logged(settings.metrics, log));
  if (settings.cors !== undefined) app.use(cors({ origin: settings.cors, allowMethods: ['GET', 'POST'] }));
  app.use(access(settings));
  addClassify(app, settings);
  addDecide(app, settings);
  addPage(app, settings.page);
  addStatus(app, settings);
  return app;
}
