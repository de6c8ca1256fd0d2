/** How a sentence-transformers folder pools token states into one vector. Knows the folder's file, no models. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { readJsonObject } from '../base/json.ts';

/** Mean over the tokens, or the first token's state. */
export type SentencePooling = 'mean' | 'cls';

/** Pooling of a folder: what `1_Pooling/config.json` says, mean where there is none. @throws DataError where it is another kind. */
export function sentencePooling(folder: string): SentencePooling {
  const path = join(folder, '1_Pooling', 'config.json');
  if (!existsSync(path)) return 'mean';
  const pooling = readJsonObject(path);
  if (pooling.pooling_mode_mean_tokens === true) return 'mean';
  if (pooling.pooling_mode_cls_token === true) return 'cls';
  throw new DataError(`${path}: only mean and cls pooling are supported`);
}
