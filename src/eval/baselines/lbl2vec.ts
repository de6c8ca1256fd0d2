/**
 * Lbl2Vec (Schopf et al. 2021) over sentence embeddings (their Lbl2TransformerVec): a label starts as the mean of its keywords, is moved
 * to the centroid of the unlabelled documents nearest to them, and texts go to the nearest label. The documents are the texts of the set
 * itself, as in the paper, or a corpus that the user gives.
 */
import { readFileSync } from 'node:fs';
import { labelList, textOf } from '../../data/examples.ts';
import { readRecords } from '../../data/read-records.ts';
import { DataError, errorMessage } from '../../errors.ts';
import { type System, type SystemKind, softmaxRows } from '../system.ts';
import { numberOption, wholeOption } from '../system-spec.ts';
import { COSINE_SCALE } from './embeddings.ts';
import { cosines, loadSentenceVectors, toUnitLength } from './sentence-embeddings.ts';

/** Keywords by label out of a JSON object. @throws DataError naming the file. */
export function readKeywords(path: string): Map<string, string[]> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new DataError(`cannot read the keywords ${path}: ${errorMessage(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${path} is not a JSON object of keywords by label: {"sports": ["football", "match"]}`);
  return new Map(Object.entries(value).map(([label, words]) => [label, labelList(words, `${path}, "${label}"`)]));
}

/** Mean of vectors, of unit length. */
function centroid(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0].length);
  for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] += vector[i];
  return toUnitLength(mean);
}

/** The label's vector: the centroid of the `count` documents nearest to its keywords, and of nothing less similar than `threshold`. */
export function labelCentroid(start: Float32Array, documents: readonly Float32Array[], count: number, threshold: number): Float32Array {
  const similarity = cosines([start], documents); // [1, documents]
  const nearest = [...documents.keys()]
    .filter((at) => similarity[at] >= threshold)
    .sort((a, b) => similarity[b] - similarity[a] || a - b)
    .slice(0, count);
  return nearest.length ? centroid(nearest.map((at) => documents[at])) : start;
}

/** Lbl2Vec. */
export const LBL2VEC: SystemKind = {
  description: 'Lbl2Vec: labels as centroids of the documents nearest to their keywords, over sentence embeddings',
  defaultModel: 'sentence-transformers/all-MiniLM-L6-v2',
  takesModel: true,
  modelSource: 'folder',
  options: {
    keywords: 'JSON file of keywords by label (default: the label itself)',
    corpus: 'file of unlabelled texts (default: the texts of the set)',
    documents: 'documents that make a label (default 25)',
    threshold: 'least cosine of such a document (default 0)',
  },
  fileOptions: ['keywords', 'corpus'],
  async create({ spec, model, threads }): Promise<System> {
    const count = wholeOption(spec, 'documents', 25);
    const threshold = numberOption(spec, 'threshold', 0, -1, 1);
    const keywords = spec.options.keywords ? readKeywords(spec.options.keywords) : new Map<string, string[]>();
    const vectors = await loadSentenceVectors(model, threads);
    let documents: Float32Array[] = [];
    let centroids = new Map<string, Float32Array>();
    let fixed = false;
    if (spec.options.corpus) {
      const texts: string[] = [];
      for await (const { fields, line } of readRecords(spec.options.corpus))
        texts.push(textOf(fields, `${spec.options.corpus}, line ${line}`));
      documents = await vectors.embed(texts);
      fixed = true;
    }
    return {
      notes: {
        'documents a label': count,
        keywords: spec.options.keywords ?? 'the labels',
        corpus: spec.options.corpus ?? 'the texts of the set',
      },
      async prepare(set) {
        if (!fixed) documents = await vectors.embed(set.texts);
        centroids = new Map();
      },
      async score(texts, labels) {
        const missing = labels.filter((label) => !centroids.has(label));
        for (const label of missing) {
          const start = centroid(await vectors.embedLabels(keywords.get(label) ?? [label]));
          centroids.set(label, labelCentroid(start, documents, count, threshold));
        }
        const labelVectors = labels.map((label) => centroids.get(label) as Float32Array);
        const each = cosines(await vectors.embed(texts), labelVectors); // [R, N]
        return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, COSINE_SCALE) };
      },
      dispose: () => vectors.dispose(),
    };
  },
};
