/** A real GliZNet checkpoint of a tiny random BERT, for tests of commands and of the library. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENCODER_PREFIX } from '../src/model/gliznet.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../src/model/options.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { freshHead } from '../src/train/start.ts';
import { writeCheckpoint } from '../src/weights/checkpoint.ts';
import { readEncoderFolder } from '../src/weights/encoder-weights.ts';

/** Folder of the tiny encoder. */
export const TINY_ENCODER = fileURLToPath(new URL('./fixtures/encoders/bert', import.meta.url));

/** The project's root. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A folder that is empty and of its own. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'glz-test-'));

/** Writes a checkpoint and returns its folder. */
export async function writeTinyCheckpoint(
  options: Partial<GliZNetOptions> = {},
  folder = join(temporaryFolder(), 'checkpoint'),
): Promise<string> {
  const { config, encoder, weights: encoderWeights } = readEncoderFolder(TINY_ENCODER);
  const all: GliZNetOptions = { ...ARTICLE_OPTIONS, projection: 16, maxLength: 64, ...options };
  const weights = new Map([...encoderWeights].map(([name, tensor]) => [ENCODER_PREFIX + name, tensor]));
  for (const [name, tensor] of freshHead(encoder, all, 1, { scale: 12, bias: -5, gate: -1 })) weights.set(name, tensor);
  writeCheckpoint(folder, {
    options: all,
    encoder: config,
    precision: 'fp32',
    weights,
    tokenizer: await loadTokenizer(TINY_ENCODER),
    dtype: 'F32',
  });
  return folder;
}
