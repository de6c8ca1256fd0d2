/** A real GliZNet checkpoint of a tiny random BERT. */
import { ENCODER_PREFIX } from '../src/model/gliznet.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../src/model/options.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { freshHead } from '../src/train/start.ts';
import { writeCheckpoint } from '../src/weights/checkpoint.ts';
import { readEncoderFolder } from '../src/weights/encoder-weights.ts';
import { TINY_ENCODER } from './tiny-checkpoint.ts';

/** Makes a checkpoint in a folder that is not there. */
export async function makeTinyCheckpoint(options: Partial<GliZNetOptions>, folder: string): Promise<void> {
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
}
