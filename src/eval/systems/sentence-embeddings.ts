/** A sentence-transformers folder as a function from texts to unit vectors, with a memory for label texts. Shared by several baselines. */
import { join } from 'node:path';
import type { SentenceEmbedder } from '../../classify/sentence-embedder.ts';
import { sentencePooling } from '../../weights/sentence-pooling.ts';
import { optionalSettings } from './model-folder.ts';

/** Texts to unit vectors. */
export interface TextVectors {
  readonly dimensions: number;
  readonly maxLength: number;
  readonly pooling: 'mean' | 'cls';
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  /** The same, remembered by text: for labels, which come again with every call. */
  embedLabels(texts: readonly string[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

/** What sentence-transformers takes where a folder does not say. */
const DEFAULT_MAX_LENGTH = 256;
const KEPT_LABELS = 100_000;

/** Remembers vectors by text. */
export function rememberVectors(embed: (texts: readonly string[]) => Promise<Float32Array[]>) {
  const known = new Map<string, Float32Array>();
  return async (texts: readonly string[]): Promise<Float32Array[]> => {
    const missing = [...new Set(texts.filter((text) => !known.has(text)))];
    if (missing.length) {
      if (known.size + missing.length > KEPT_LABELS) known.clear();
      const all = known.size === 0 ? [...new Set(texts)] : missing;
      const vectors = await embed(all);
      for (const [at, text] of all.entries()) known.set(text, vectors[at]);
    }
    return texts.map((text) => known.get(text) as Float32Array);
  };
}

/** Loads a sentence-transformers folder, or any encoder's folder (then with mean pooling). @throws DataError, UsageError */
export async function loadSentenceVectors(folder: string, threads?: number, chosen?: 'mean' | 'cls'): Promise<TextVectors> {
  const [{ readEncoderFolder }, { createSentenceEmbedder }, { loadTokenizer }] = await Promise.all([
    import('../../weights/encoder-weights.ts'),
    import('../../classify/sentence-embedder.ts'),
    import('../../text/tokenizer/tokenizer.ts'),
  ]);
  const { encoder, weights } = readEncoderFolder(folder);
  const pooling = chosen ?? sentencePooling(folder);
  const settings = optionalSettings(join(folder, 'sentence_bert_config.json'));
  const limit = settings?.max_seq_length;
  const maxLength = typeof limit === 'number' && limit > 2 ? limit : Math.min(DEFAULT_MAX_LENGTH, encoder.maxLength);
  const embedder: SentenceEmbedder = await createSentenceEmbedder({
    encoder,
    weights,
    tokenizer: await loadTokenizer(folder),
    maxLength,
    pooling,
    session: { threads },
  });
  return {
    dimensions: encoder.hiddenSize,
    maxLength,
    pooling,
    embed: (texts) => embedder.embed(texts),
    embedLabels: rememberVectors((texts) => embedder.embed(texts)),
    dispose: () => embedder.dispose(),
  };
}

/** Texts embedded between two reports of progress: enough that sorting them by length still saves padding. */
const PART = 256;

/** Embeds many texts, and tells how many are done. */
export async function embedInParts(
  vectors: Pick<TextVectors, 'embed'>,
  texts: readonly string[],
  onPart?: (done: number, total: number) => void,
): Promise<Float32Array[]> {
  const result: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += PART) {
    result.push(...(await vectors.embed(texts.slice(at, at + PART))));
    onPart?.(result.length, texts.length);
  }
  return result;
}

/** Products of every row of a with every row of b: cosines, if they are unit vectors. -> [a, b] */
export function cosines(a: readonly Float32Array[], b: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(a.length * b.length);
  for (const [row, x] of a.entries())
    for (const [column, y] of b.entries()) {
      let sum = 0;
      for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
      result[row * b.length + column] = sum;
    }
  return result;
}

/** A vector scaled to unit length, in place. */
export function toUnitLength(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length > 0) for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return vector;
}

/** The mean of vectors, scaled to unit length. */
export function meanDirection(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0].length);
  for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] += vector[i];
  return toUnitLength(mean);
}
