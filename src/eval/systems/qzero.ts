/**
 * QZero (Abdullahi et al. 2024, arXiv 2406.15241): the text is replaced by the categories of the documents that it retrieves from a corpus
 * (Wikipedia in the paper), and those are held against the labels by cosine. Retrieval by BM25 (minisearch) or by embeddings. The
 * contextual variant embeds the categories as one text, the best document's first; the static one weighs their words by frequency and
 * looks them up in a table of word vectors.
 */
import type MiniSearch from 'minisearch';
import { DataError, UsageError } from '../../base/errors.ts';
import { optionalPackage } from '../../base/optional-package.ts';
import { textOf } from '../../data/examples.ts';
import { labelList } from '../../data/label-list.ts';
import { readRecords } from '../../data/read-records.ts';
import { COSINE_SCALE } from './embeddings.ts';
import { cosines, embedInParts, loadSentenceVectors, type TextVectors } from './sentence-embeddings.ts';
import { fillTemplate, type System, type SystemKind, softmaxRows } from './system.ts';
import { type SystemSpec, templateOption, wholeOption, wordOption } from './system-spec.ts';
import { readWordVectors, STOP_WORDS, type WordVectors, wordsOf } from './word-vectors.ts';

/** A document of the corpus. */
export interface CorpusDocument {
  /** With its title in front, if it has one. */
  text: string;
  categories: string[];
}

/** Reads a corpus: `text` with `categories` (or `labels`, `title`). @throws DataError naming file and line. */
export async function readCorpus(path: string): Promise<CorpusDocument[]> {
  const documents: CorpusDocument[] = [];
  for await (const { fields, line } of readRecords(path)) {
    const where = `${path}, line ${line}`;
    const name = ['categories', 'labels', 'title'].find((field) => fields[field] !== undefined);
    if (name === undefined)
      throw new DataError(`${where}: no field "categories"; QZero replaces a text by the categories of what it finds`);
    const value = fields[name];
    const categories =
      name === 'title' && typeof value === 'string'
        ? [value]
        : labelList(value, `${where}, field "${name}"`, { allowEmpty: true, separator: '|' });
    const title = typeof fields.title === 'string' && name !== 'title' ? `${fields.title}\n` : '';
    documents.push({ text: title + textOf(fields, where), categories });
  }
  if (!documents.length) throw new DataError(`${path} holds no documents`);
  return documents;
}

/** Finds the `count` documents that fit a text best. */
export type Retriever = (texts: readonly string[], count: number) => Promise<number[][]>;

/** BM25 over the documents' texts; words of a query are alternatives. */
export function bm25Retriever(documents: readonly CorpusDocument[]): Retriever {
  const Index = optionalPackage<typeof MiniSearch>('minisearch', 'QZero');
  const index = new Index<{ id: number; text: string }>({ fields: ['text'], searchOptions: { combineWith: 'OR' } });
  index.addAll(documents.map(({ text }, id) => ({ id, text })));
  return async (texts, count) =>
    texts.map((text) =>
      index
        .search(text)
        .slice(0, count)
        .map(({ id }) => id as number),
    );
}

/** The categories of documents as one text, those of the best document first; what comes back often stands there often. */
export const concatenated = (found: readonly CorpusDocument[], most?: number): string =>
  found
    .flatMap(({ categories }) => categories)
    .slice(0, most)
    .join(' ');

/** Words of categories and how often they occur; stop words and single letters are none. */
export function keywordCounts(found: readonly CorpusDocument[], most?: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of wordsOf(concatenated(found, most)))
    if (word.length > 1 && !STOP_WORDS.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const RETRIEVAL_OPTIONS = {
  corpus: 'JSONL, CSV or TSV of documents: text, categories, title if there is one (required)',
  retriever: 'bm25 (default) or dense',
  documents: 'documents retrieved (default 50, as in the paper)',
  categories: 'categories kept, those of the best documents first (default: all)',
};

interface Retrieval {
  documents: CorpusDocument[];
  count: number;
  most?: number;
  notes: Record<string, string | number>;
}

async function retrievalOf(spec: SystemSpec, retriever: string): Promise<Retrieval> {
  const { corpus, categories } = spec.options;
  if (!corpus) throw new UsageError(`"${spec.name}": QZero needs a corpus to retrieve from: ${spec.kind},corpus=FILE`);
  const count = wholeOption(spec, 'documents', 50);
  const most = categories === undefined ? undefined : wholeOption(spec, 'categories', 1);
  const documents = await readCorpus(corpus);
  const notes = { retriever, documents: documents.length, 'documents retrieved': count, 'categories kept': most ?? 'all' };
  return { documents, count, ...(most === undefined ? {} : { most }), notes };
}

/** QZero with a contextual encoder. */
export const QZERO: SystemKind = {
  description: 'QZero: a text becomes the categories of what it retrieves from a corpus (,corpus=FILE with text and categories), embedded',
  defaultModel: 'sentence-transformers/all-MiniLM-L6-v2',
  takesModel: true,
  modelSource: 'folder',
  options: {
    ...RETRIEVAL_OPTIONS,
    template: 'sentence with {} for the label (default: the bare label, whatever --template or a suite says)',
  },
  fileOptions: ['corpus'],
  async create({ spec, model, threads }): Promise<System> {
    const template = templateOption(spec, '{}');
    const kind = wordOption(spec, 'retriever', ['bm25', 'dense'] as const, 'bm25');
    const { documents, count, most, notes } = await retrievalOf(spec, kind);
    const vectors = await loadSentenceVectors(model, threads);
    let retrieve: Retriever | undefined;
    let nothingFound = 0;
    return {
      get notes() {
        return { ...notes, 'texts that found nothing': nothingFound };
      },
      async prepare(_set, options) {
        retrieve ??=
          kind === 'bm25'
            ? bm25Retriever(documents)
            : denseRetriever(
                vectors,
                await embedInParts(
                  vectors,
                  documents.map(({ text }) => text),
                  options?.onPart,
                ),
              );
      },
      async score(texts, labels) {
        if (!retrieve) throw new Error('QZero scores after prepare()');
        const found = await retrieve(texts, count);
        const queries = texts.map((text, row) => {
          if (found[row].length)
            return concatenated(
              found[row].map((at) => documents[at]),
              most,
            );
          nothingFound++;
          return text;
        });
        const labelVectors = await vectors.embedLabels(labels.map((label) => fillTemplate(template, label)));
        const each = cosines(await vectors.embed(queries), labelVectors); // [R, N]
        return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, COSINE_SCALE) };
      },
      dispose: () => vectors.dispose(),
    };
  },
};

/** Documents nearest by cosine. */
function denseRetriever(vectors: TextVectors, known: readonly Float32Array[]): Retriever {
  return async (texts, count) => {
    const similarity = cosines(await vectors.embed(texts), known); // [R, documents]
    return texts.map((_, row) => {
      const scores = similarity.subarray(row * known.length, (row + 1) * known.length);
      return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, count);
    });
  };
}

/**
 * Cosines of weighted words with a label: mean over the words that have a vector, by their counts; 0 where none has.
 * @param label mean of the label's words, any length; undefined if no word of it has a vector
 */
export function weightedCosine(counts: ReadonlyMap<string, number>, vectors: WordVectors, label: Float32Array | undefined): number {
  if (!label) return 0;
  let [sum, weight] = [0, 0];
  for (const [word, count] of counts) {
    const vector = vectors.get(word);
    if (!vector) continue;
    sum += count * cosine(vector, label);
    weight += count;
  }
  return weight ? sum / weight : 0;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    squareA += a[i] * a[i];
    squareB += b[i] * b[i];
  }
  return squareA && squareB ? product / Math.sqrt(squareA * squareB) : 0;
}

/** Mean vector of a label's words; undefined if none has one. */
export function labelVector(label: string, vectors: WordVectors): Float32Array | undefined {
  const known = wordsOf(label).flatMap((word) => vectors.get(word) ?? []);
  if (!known.length) return undefined;
  return Float32Array.from(known[0], (_, i) => known.reduce((sum, vector) => sum + vector[i], 0) / known.length);
}

/** QZero with word vectors. */
export const QZERO_WORDS: SystemKind = {
  description:
    'QZero, static: as qzero by BM25, with the words of the categories in a table of word vectors (,vectors=FILE, GloVe or word2vec text)',
  takesModel: false,
  modelSource: 'none',
  options: {
    corpus: RETRIEVAL_OPTIONS.corpus,
    documents: RETRIEVAL_OPTIONS.documents,
    categories: RETRIEVAL_OPTIONS.categories,
    vectors: 'text file of word vectors, a word and its numbers a line; gzip too (required)',
  },
  fileOptions: ['corpus', 'vectors'],
  async create({ spec }): Promise<System> {
    const { documents, count, most, notes } = await retrievalOf(spec, 'bm25');
    const { vectors: file } = spec.options;
    if (!file) throw new UsageError(`"${spec.name}": the static variant needs word vectors: ${spec.kind},corpus=FILE,vectors=FILE`);
    const retrieve = bm25Retriever(documents);
    const vectors = new Map<string, Float32Array>();
    const asked = new Set<string>();
    /** Reads the vectors of words that were not asked for yet. */
    async function lookUp(words: Iterable<string>): Promise<void> {
      const wanted = new Set([...words].filter((word) => !asked.has(word)));
      if (!wanted.size) return;
      for (const [word, vector] of await readWordVectors(file, wanted)) vectors.set(word, vector);
      for (const word of wanted) asked.add(word);
    }
    await lookUp(documents.flatMap(({ categories }) => categories.flatMap(wordsOf)));
    let nothingFound = 0;
    return {
      get notes() {
        return { ...notes, 'words with a vector': vectors.size, 'texts that found nothing': nothingFound };
      },
      async prepare(set) {
        await lookUp([...set.labels, ...set.texts].flatMap(wordsOf));
      },
      async score(texts, labels) {
        await lookUp(labels.flatMap(wordsOf));
        const found = await retrieve(texts, count);
        const labelVectors = labels.map((label) => labelVector(label, vectors));
        const each = new Float32Array(texts.length * labels.length); // [R, N]
        for (const [row, text] of texts.entries()) {
          if (!found[row].length) nothingFound++;
          const source = found[row].length ? found[row].map((at) => documents[at]) : [{ text, categories: [text] }];
          const counts = keywordCounts(source, most);
          for (const [column, vector] of labelVectors.entries())
            each[row * labels.length + column] = weightedCosine(counts, vectors, vector);
        }
        return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, COSINE_SCALE) };
      },
      dispose: async () => {},
    };
  },
};
