/** Tables of word vectors as text (GloVe, word2vec, fastText): a word and its numbers a line. Knows files and words, no systems. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { DataError, errorMessage } from '../../base/errors.ts';

/** Vectors by word, all of one length. */
export type WordVectors = ReadonlyMap<string, Float32Array>;

/** English words that carry no topic. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  'a about above after again all also am an and any are as at be because been before being below between both but by can could did do does doing down during each few for from further had has have having he her here hers him his how i if in into is it its itself just me more most my no nor not now of off on once only or other our out over own per same she should so some such than that the their them then there these they this those through to too under until up upon very via was we were what when where which while who whom why will with within without would you your'.split(
    ' ',
  ),
);

/** Words of a text in lower case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/**
 * Reads the vectors of some words; the file is streamed, the others are not kept.
 * @throws DataError naming file and line of what is no vector, or of another length than those before
 */
export async function readWordVectors(path: string, wanted: ReadonlySet<string>): Promise<Map<string, Float32Array>> {
  const file = createReadStream(path);
  const input = /\.gz$/i.test(path) ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => input.destroy(error));
  const found = new Map<string, Float32Array>();
  let size: number | undefined;
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      const space = line.indexOf(' ');
      if (space < 0) continue;
      if (number === 1 && /^\d+ \d+\s*$/.test(line)) continue; // word2vec's header: how many, how long
      const word = line.slice(0, space);
      if (!wanted.has(word) || found.has(word)) continue;
      const values = line
        .slice(space + 1)
        .trim()
        .split(/\s+/);
      const vector = Float32Array.from(values, Number);
      if (vector.some(Number.isNaN)) throw new DataError(`${path}, line ${number}: "${word}" is not followed by numbers alone`);
      size ??= vector.length;
      if (vector.length !== size)
        throw new DataError(`${path}, line ${number}: "${word}" has ${vector.length} numbers, others have ${size}`);
      found.set(word, vector);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`cannot read the word vectors ${path}: ${errorMessage(error)}`);
  }
  return found;
}
