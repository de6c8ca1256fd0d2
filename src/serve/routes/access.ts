/** Who may ask: those who call the server by its name and show its key, as long as it runs. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { RequestError } from '../failures.ts';
import { OPEN, POSTS } from './paths.ts';

/** Who is let in. */
export interface AccessSettings {
  /** Key that clients must show; undefined: none is asked for. */
  key?: string;
  /** Names that the server is called by; others are refused, so that no page reaches a server on loopback by a name of its own. Undefined: any. */
  hosts?: ReadonlySet<string>;
  /** Whether the server is about to end. */
  isEnding(): boolean;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Lets requests through. Throws RequestError 403 for another name, 401 for a wrong key, 503 where the server is about to end. */
export function access({ key, hosts, isEnding }: AccessSettings): MiddlewareHandler {
  const wanted = key === undefined ? undefined : digest(key);
  return async (context, next) => {
    const host = (context.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase();
    if (hosts && !hosts.has(host)) throw new RequestError(403, 'this server is not called by that name');
    if (wanted && !OPEN.has(context.req.path)) {
      const shown = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? context.req.header('x-api-key') ?? '';
      if (!timingSafeEqual(digest(shown), wanted)) throw new RequestError(401, 'the key is missing or wrong');
    }
    if (isEnding() && context.req.path in POSTS) throw new RequestError(503, 'the server is about to end');
    await next();
  };
}
