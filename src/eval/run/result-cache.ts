/**
 * Results of finished sets and systems, kept by content hash in the user's cache folder, so that an interrupted evaluation goes on.
 * Anything that cannot be read or written is measured again. Knows no systems.
 */

import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../../base/files.ts';
import { jsonHash } from '../../base/hash.ts';
import { stateFileOrNone } from '../../base/state-file.ts';
import { cacheFolder } from '../../runtime/graph-cache.ts';

/** Raised whenever scores, figures or baselines are computed in another way within a version of glz. */
const MEASURING = 6;

/** A cache of JSON values. */
export interface ResultCache {
  /** The value of a key, if there is one of this shape. */
  get<Schema extends z.ZodType>(key: string, schema: Schema): z.infer<Schema> | undefined;
  put(key: string, value: unknown): void;
}

/** Key of a result: everything that it depends on. */
export const resultKey = (...parts: readonly unknown[]): string => jsonHash([MEASURING, ...parts]).slice(0, 40);

function evaluationFolder(): string | undefined {
  const cache = cacheFolder();
  return cache && join(cache, 'eval');
}

/** The cache on disk, if this user can have one; `folder` is for tests. */
export function openResultCache(folder = evaluationFolder()): ResultCache {
  if (folder === undefined) return NO_CACHE;
  const path = (key: string) => join(folder, key.slice(0, 2), `${key}.json`);
  return {
    get(key, schema) {
      const entry = stateFileOrNone(path(key), z.object({ key: z.literal(key), value: z.unknown() }));
      return schema.safeParse(entry?.value).data;
    },
    put(key, value) {
      try {
        writeFileAtomically(path(key), JSON.stringify({ key, value }));
      } catch {
        // A full or read-only cache costs time on the next run, not this one's results.
      }
    },
  };
}

/** A cache that keeps nothing. */
export const NO_CACHE: ResultCache = { get: () => undefined, put: () => {} };
