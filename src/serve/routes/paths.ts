/** Paths that the server answers, and who may ask for them. */
import type { Dialect } from '../failures.ts';
import { PAGE_PATHS } from '../page-files.ts';

/** What the model is asked at, and the dialect of its errors. */
export const POSTS: Readonly<Record<string, Dialect>> = {
  '/classify': 'openai',
  '/decide': 'openai',
  '/v1/systemone': 'systemone',
  '/v1/decisions': 'openai',
};

/** What is answered without a key. */
export const OPEN: ReadonlySet<string> = new Set(['/health', '/ready', ...PAGE_PATHS]);

/** All; what else is asked for has one name in figures and in the log. */
export const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(POSTS),
  ...OPEN,
  '/v1/models',
  '/thresholds',
  '/metrics',
  '/openapi.json',
]);
