/**
 * QZero (Abdullahi et al. 2024, arXiv 2406.15241): the text is replaced by the categories of the documents that it retrieves from a corpus
 * (Wikipedia in the paper), and those are held against the labels by cosine. Retrieval by BM25 (minisearch) or by embeddings.
 */
import MiniSearch from 'minisearch';
import { labelList, textOf } from '../../data/examples.ts';
import { readRecords } from '../../data/read-records.ts';
import { DataError, UsageError } from '../../errors.ts';
import { fillTemplate, type System, type SystemKind, softmaxRows } from '../system.ts';
import { templateOption, wholeOption, wordOption } from '../system-spec.ts';
import { COSINE_SCALE } from './embeddings.ts';
import { cosines, loadSentenceVectors } from './sentence-embeddings.ts';

/** A document of the corpus. */
export interface CorpusDocument {
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
    const categories = name === 'title' && typeof value === 'string' ? [value] : labelList(value, `${where}, field "${name}"`, true);
    documents.push({ text: textOf(fields, where), categories });
  }
  if (!documents.length) throw new DataError(`${path} holds no documents`);
  return documents;
}

/** Finds the `count` documents that fit a text best. */
export type Retriever = (texts: readonly string[], count: number) => Promise<number[][]>;

/** BM25 over the documents' texts; words of a query are alternatives. */
export function bm25Retriever(documents: readonly CorpusDocument[]): Retriever {
  const index = new MiniSearch<{ id: number; text: string }>({ fields: ['text'], searchOptions: { combineWith: 'OR' } });
  index.addAll(documents.map(({ text }, id) => ({ id, text })));
  return async (texts, count) =>
    texts.map((text) =>
      index
        .search(text)
        .slice(0, count)
        .map(({ id }) => id as number),
    );
}

/** The categories of documents, the most frequent first, as one text; the text itself where nothing was found. */
export function reformulated(text: string, found: readonly CorpusDocument[], most: number): string {
  const counts = new Map<string, number>();
  for (const { categories } of found) for (const category of categories) counts.set(category, (counts.get(category) ?? 0) + 1);
  const ordered = [...counts].sort((a, b) => b[1] - a[1]).slice(0, most);
  return ordered.length ? ordered.map(([category]) => category).join(', ') : text;
}

/** QZero. */
export const QZERO: SystemKind = {
  description: 'QZero: a text becomes the categories of what it retrieves from a corpus (,corpus=FILE with text and categories)',
  defaultModel: 'sentence-transformers/all-MiniLM-L6-v2',
  takesModel: true,
  modelSource: 'folder',
  options: {
    corpus: 'JSONL, CSV or TSV of documents: text, categories (required)',
    retriever: 'bm25 (default) or dense',
    documents: 'documents retrieved (default 50, as in the paper)',
    categories: 'categories kept, the most frequent first (default 20)',
    template: 'sentence with {} for the label (default: the bare label, whatever --template or a suite says)',
  },
  fileOptions: ['corpus'],
  async create({ spec, model, threads }): Promise<System> {
    const { corpus } = spec.options;
    const template = templateOption(spec, '{}');
    if (!corpus) throw new UsageError(`"${spec.name}": QZero needs a corpus to retrieve from: ${spec.kind},corpus=FILE`);
    const kind = wordOption(spec, 'retriever', ['bm25', 'dense'] as const, 'bm25');
    const count = wholeOption(spec, 'documents', 50);
    const most = wholeOption(spec, 'categories', 20);
    const documents = await readCorpus(corpus);
    const vectors = await loadSentenceVectors(model, threads);
    let retrieve: Retriever;
    if (kind === 'bm25') retrieve = bm25Retriever(documents);
    else {
      const known = await vectors.embed(documents.map(({ text }) => text));
      retrieve = async (texts, limit) => {
        const similarity = cosines(await vectors.embed(texts), known); // [R, documents]
        return texts.map((_, row) => {
          const scores = similarity.subarray(row * known.length, (row + 1) * known.length);
          return [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, limit);
        });
      };
    }
    return {
      notes: { retriever: kind, documents: documents.length, 'documents retrieved': count, 'categories kept': most },
      async score(texts, labels) {
        const found = await retrieve(texts, count);
        const queries = texts.map((text, row) =>
          reformulated(
            text,
            found[row].map((at) => documents[at]),
            most,
          ),
        );
        const labelVectors = await vectors.embedLabels(labels.map((label) => fillTemplate(template, label)));
        const each = cosines(await vectors.embed(queries), labelVectors); // [R, N]
        return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, COSINE_SCALE) };
      },
      dispose: () => vectors.dispose(),
    };
  },
};
