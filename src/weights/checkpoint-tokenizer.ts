/** The tokenizer of a checkpoint, which has to be that of its weights. */
import { DataError } from '../base/errors.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { CheckpointConfig } from './checkpoint.ts';

/** Tables have some rows more than there are words, to a round number; a vocabulary that fills less of one was made for another. */
const LEAST_FILLED = 0.9;

/**
 * Loads the tokenizer of a checkpoint's folder.
 * @throws DataError as {@link loadTokenizer}, and where its vocabulary is not that of the model's table of words: other words would be read
 */
export async function loadCheckpointTokenizer(folder: string, { encoder }: Pick<CheckpointConfig, 'encoder'>): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(folder);
  const [rows, words] = [Number(encoder.vocab_size), tokenizer.vocabularySize];
  if (words > rows || words < LEAST_FILLED * rows)
    throw new DataError(
      `${folder}: its tokenizer has ${words} words, and its model a table of ${rows} (config.json, field "encoder.vocab_size"): they do not belong together`,
    );
  return tokenizer;
}
