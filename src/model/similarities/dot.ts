/** t . l, without parameters. */
import type { Similarity } from './similarity.ts';

/** `similarity: dot`. */
export const DOT: Similarity = {
  shapes: () => ({}),
  start: () => undefined,
  query: (_, text) => text,
  querySummands: (_, shares) => shares,
  key: (_, labels) => labels,
  finish: (_, products) => products,
};
