/**
 * Lbl2Vec (Schopf et al. 2021) over sentence embeddings (their Lbl2TransformerVec): a label starts as the mean of its keywords, is moved
 * to the centroid of the unlabelled documents nearest to them, and texts go to the nearest label. The documents are the texts of the set
 * itself, as in the paper, or a corpus that the user gives.
 */
import { DataError, UsageError } from '../../base/errors.ts';
import { readJsonObject } from '../../base/json.ts';
import { textOf } from '../../data/examples.ts';
import { labelList } from '../../data/label-list.ts';
import { readRecords } from '../../data/read-records.ts';
import { COSINE_SCALE } from './embeddings.ts';
import { cosines, embedInParts, loadSentenceVectors, meanDirection } from './sentence-embeddings.ts';
import { type System, type SystemKind, softmaxRows } from './system.ts';
import { numberOption, wholeOption } from './system-spec.ts';

/** Keywords by label out of a JSON object. @throws DataError naming the file. */
export function readKeywords(path: string): Map<string, string[]> {
  const words = Object.entries(readJsonObject(path));
  return new Map(words.map(([label, list]) => [label, labelList(list, `${path}, "${label}"`, { separator: '|' })]));
}

/** Which documents make a label, in the terms of the authors' package. */
export interface DocumentChoice {
  /** Documents more similar to the keywords than this; where absent, more similar than the nearest one's cosine less `offset`. */
  threshold?: number;
  offset: number;
  /** As many of the nearest at least, and at most. */
  least: number;
  most?: number;
}

/** The label's vector: the centroid of the documents nearest to its keywords (`_get_similar_documents` of the authors' package). */
export function labelCentroid(
  start: Float32Array,
  documents: readonly Float32Array[],
  { threshold, offset, least, most = documents.length }: DocumentChoice,
): Float32Array {
  if (!documents.length) return start;
  const similarity = cosines([start], documents); // [1, documents]
  const order = [...documents.keys()].sort((a, b) => similarity[b] - similarity[a] || a - b);
  const bound = threshold ?? similarity[order[0]] - offset;
  const above = order.filter((at) => similarity[at] > bound).length;
  return meanDirection(order.slice(0, Math.min(most, Math.max(least, above))).map((at) => documents[at]));
}

/** The package's own 0 makes a label of one document, which is far from what the method can do (docs/eval.md). */
const DEFAULT_OFFSET = 0.1;

/** Lbl2Vec. */
export const LBL2VEC: SystemKind = {
  description: 'Lbl2Vec: labels as centroids of the documents nearest to their keywords, over sentence embeddings',
  defaultModel: 'sentence-transformers/all-MiniLM-L6-v2',
  takesModel: true,
  modelSource: 'folder',
  options: {
    keywords: 'JSON file of keywords by label (default: the label itself)',
    corpus: 'file of unlabelled texts (default: the texts of the set)',
    threshold: 'documents more similar than this make a label (default: the cosine of the nearest one less the offset)',
    offset: "taken off the cosine of the nearest document (default 0.1; 0 in the authors' package)",
    least: 'documents that make a label at least (default 1)',
    most: 'documents that make a label at most (default: any number)',
  },
  fileOptions: ['keywords', 'corpus'],
  async create({ spec, model, threads }): Promise<System> {
    const { threshold: bound, most } = spec.options;
    const choice: DocumentChoice = {
      ...(bound === undefined ? {} : { threshold: numberOption(spec, 'threshold', 0, -1, 1) }),
      offset: numberOption(spec, 'offset', DEFAULT_OFFSET, 0, 2),
      least: wholeOption(spec, 'least', 1),
      ...(most === undefined ? {} : { most: wholeOption(spec, 'most', 1) }),
    };
    if (choice.most !== undefined && choice.most < choice.least)
      throw new UsageError(`"${spec.name}": most=${choice.most} is less than least=${choice.least}`);
    const keywords = spec.options.keywords ? readKeywords(spec.options.keywords) : new Map<string, string[]>();
    const vectors = await loadSentenceVectors(model, threads);
    let documents: Float32Array[] = [];
    let centroids = new Map<string, Float32Array>();
    let corpus: string[] | undefined;
    if (spec.options.corpus) {
      corpus = [];
      for await (const { fields, line } of readRecords(spec.options.corpus))
        corpus.push(textOf(fields, `${spec.options.corpus}, line ${line}`));
      if (!corpus.length) throw new DataError(`${spec.options.corpus} holds no texts`);
    }
    return {
      notes: {
        'documents a label': `${bound === undefined ? `within ${choice.offset} of the nearest` : `above ${bound}`}, at least ${choice.least}${most === undefined ? '' : `, at most ${most}`}`,
        keywords: spec.options.keywords ?? 'the labels',
        corpus: spec.options.corpus ?? 'the texts of the set',
      },
      async prepare(set, options) {
        if (!corpus || !documents.length) documents = await embedInParts(vectors, corpus ?? set.texts, options?.onPart);
        centroids = new Map();
      },
      async score(texts, labels) {
        const missing = labels.filter((label) => !centroids.has(label));
        for (const label of missing) {
          const start = meanDirection(await vectors.embedLabels(keywords.get(label) ?? [label]));
          centroids.set(label, labelCentroid(start, documents, choice));
        }
        const labelVectors = labels.map((label) => centroids.get(label) as Float32Array);
        const each = cosines(await vectors.embed(texts), labelVectors); // [R, N]
        return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, COSINE_SCALE) };
      },
      dispose: () => vectors.dispose(),
    };
  },
};
