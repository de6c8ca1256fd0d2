/** Baselines over sentence embeddings: cosines as transformers, Lbl2Vec's centroids, QZero's retrieval; each with its user errors. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { EvalSet } from '../../../src/eval/sets/eval-set.ts';
import { EMBEDDINGS } from '../../../src/eval/systems/embeddings.ts';
import { LBL2VEC, labelCentroid, readKeywords } from '../../../src/eval/systems/lbl2vec.ts';
import {
  bm25Retriever,
  concatenated,
  keywordCounts,
  labelVector,
  QZERO,
  QZERO_WORDS,
  readCorpus,
  weightedCosine,
} from '../../../src/eval/systems/qzero.ts';
import { cosines, meanDirection, toUnitLength } from '../../../src/eval/systems/sentence-embeddings.ts';
import type { System, SystemKind } from '../../../src/eval/systems/system.ts';
import { largestDifference, modelFolder } from './model-folders.ts';

interface Golden {
  tokenizer: string;
  texts: string[];
  labels: string[];
  cosines: number[];
}

interface Lbl2VecGolden {
  keywords: Record<string, string[]>;
  documents: string[];
  vectors: Record<string, number[]>;
  runs: {
    settings: { similarity_threshold?: number; similarity_threshold_offset?: number; min_num_docs?: number };
    similarities: number[];
  }[];
}

const { folder, golden } = modelFolder<Golden>('embeddings-bert');
afterAll(() => rmSync(folder, { recursive: true }));

const load = (kind: SystemKind, options: Record<string, string> = {}): Promise<System> =>
  kind.create({ spec: { name: 'system', kind: 'system', model: folder, options }, model: folder, threads: 1 });
const setOf = (texts: string[], labels: string[]): EvalSet => ({
  name: 'set',
  texts,
  labels,
  truth: texts.map(() => [labels[0]]),
  multiLabel: false,
  hash: '',
  available: texts.length,
});

describe('embeddings', () => {
  it('have the cosines of mean-pooled transformers', async () => {
    const system = await load(EMBEDDINGS);
    const templated = await load(EMBEDDINGS, { template: 'a text about {}' });
    try {
      for (let round = 0; round < 2; round++) {
        const { each, choice } = await system.score(golden.texts, golden.labels, {});
        expect(largestDifference(each, golden.cosines)).toBeLessThan(1e-5);
        for (let row = 0; row < golden.texts.length; row++)
          expect(choice.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      }
      const bare = await system.score(golden.texts, ['a text about sports'], {});
      const filled = await templated.score(golden.texts, ['sports'], {});
      expect([...filled.each]).toEqual([...bare.each]);
      // A suite's template is for systems that read sentences.
      const suite = await system.score(golden.texts, ['a text about sports'], { template: 'about {}' });
      expect([...suite.each]).toEqual([...bare.each]);
    } finally {
      await system.dispose();
      await templated.dispose();
    }
    await expect(load(EMBEDDINGS, { template: 'no place' })).rejects.toThrow(/the template "no place" has no \{\}/);
  });
});

describe('Lbl2Vec', () => {
  it("makes the similarities of the authors' package out of the same vectors", () => {
    const path = fileURLToPath(new URL('../../fixtures/eval/lbl2vec.json', import.meta.url));
    const { keywords, documents, vectors, runs } = JSON.parse(readFileSync(path, 'utf8')) as Lbl2VecGolden;
    const vectorOf = (name: string) => Float32Array.from(vectors[name]);
    const known = documents.map(vectorOf);
    const sizes = new Set<string>();
    for (const { settings, similarities } of runs) {
      const labels = Object.values(keywords).map((words) =>
        labelCentroid(meanDirection(words.map(vectorOf)), known, {
          threshold: settings.similarity_threshold,
          offset: settings.similarity_threshold_offset ?? 0,
          least: settings.min_num_docs ?? 1,
        }),
      );
      expect(largestDifference(cosines(known, labels), similarities)).toBeLessThan(1e-5);
      sizes.add(labels[0].join());
    }
    expect(sizes.size).toBe(runs.length - 1); // a threshold that nothing reaches gives what the default gives: the nearest document
  });

  it('takes as many documents as allowed, the nearest first', () => {
    const vectors = [
      [1, 0],
      [0.9, 0.1],
      [0, 1],
    ].map((values) => toUnitLength(Float32Array.from(values)));
    const start = toUnitLength(Float32Array.of(1, 0.2));
    const both = labelCentroid(start, vectors, { threshold: -1, offset: 0, least: 1, most: 2 });
    const mean = toUnitLength(Float32Array.from([0, 1], (axis) => vectors[0][axis] + vectors[1][axis]));
    expect(largestDifference(both, [...mean])).toBeLessThan(1e-6);
    expect(labelCentroid(start, [], { offset: 0, least: 1 })).toBe(start);
  });

  it('with one document a label, gives that document the cosine 1', async () => {
    const system = await load(LBL2VEC, { offset: '0' });
    try {
      await system.prepare?.(setOf(golden.texts, golden.labels));
      const { each } = await system.score(golden.texts, golden.labels, {});
      const best = golden.labels.map((_, label) => {
        const column = golden.texts.map((_text, row) => golden.cosines[row * 3 + label]);
        return column.indexOf(Math.max(...column));
      });
      for (const [label, row] of best.entries()) expect(each[row * 3 + label]).toBeCloseTo(1, 5);
    } finally {
      await system.dispose();
    }
  });

  it('takes keywords, and says what is wrong with them', async () => {
    const file = join(folder, 'keywords.json');
    writeFileSync(file, JSON.stringify({ sports: ['goal', 'match'] }));
    expect(readKeywords(file).get('sports')).toEqual(['goal', 'match']);
    writeFileSync(file, JSON.stringify({ sports: [3] }));
    await expect(load(LBL2VEC, { keywords: file })).rejects.toThrow(/keywords\.json, "sports": label 1 is not text/);
    await expect(load(LBL2VEC, { least: 'none' })).rejects.toThrow(/least must be a whole number from 1 on, not "none"/);
    await expect(load(LBL2VEC, { least: '5', most: '2' })).rejects.toThrow(/most=2 is less than least=5/);
  });
});

describe('QZero', () => {
  const corpus = join(folder, 'corpus.jsonl');
  const documents = [
    { text: 'The striker scored a goal in the football game', categories: ['Football', 'Sports'] },
    { text: 'A match between two football clubs ended in a draw', categories: ['Football clubs', 'Sports'] },
    { text: 'The card payment was declined by the bank', categories: ['Banking'] },
  ];
  writeFileSync(corpus, documents.map((document) => JSON.stringify(document)).join('\n'));

  it('retrieves by BM25 and puts the categories of the best document first', async () => {
    const read = await readCorpus(corpus);
    expect(read).toEqual(documents);
    const retrieve = bm25Retriever(read);
    expect(await retrieve(['football match', 'payment declined', 'zzz'], 2)).toEqual([[1, 0], [2], []]);
    expect(concatenated([documents[1], documents[0]])).toBe('Football clubs Sports Football Sports');
    expect(concatenated([documents[1], documents[0]], 3)).toBe('Football clubs Sports Football');
    const titled = join(folder, 'titled.jsonl');
    writeFileSync(titled, '{"title": "Rain", "text": "Water falls", "categories": ["Weather"]}\n');
    expect(await bm25Retriever(await readCorpus(titled))(['rain'], 1)).toEqual([[0]]);
  });

  it.each(['bm25', 'dense'])('scores the categories instead of the text (%s)', async (retriever) => {
    const system = await load(QZERO, { corpus, retriever, documents: '1', categories: '1' });
    const plain = await load(EMBEDDINGS);
    try {
      await system.prepare?.(setOf(golden.texts, golden.labels));
      const { each } = await system.score([documents[2].text], golden.labels, {});
      expect([...each]).toEqual([...(await plain.score(['Banking'], golden.labels, {})).each]);
      expect(system.notes['texts that found nothing']).toBe(0);
      if (retriever === 'dense') return; // the nearest document is always there
      const lost = await system.score(['zzz'], golden.labels, {});
      expect([...lost.each]).toEqual([...(await plain.score(['zzz'], golden.labels, {})).each]);
      expect(system.notes['texts that found nothing']).toBe(1);
    } finally {
      await system.dispose();
      await plain.dispose();
    }
  });

  it('weighs the words of categories by how often they come, in a table of word vectors', async () => {
    const table = join(folder, 'vectors.txt.gz');
    const vectors: Record<string, number[]> = {
      football: [1, 0, 0],
      sports: [0.8, 0.6, 0],
      banking: [0, 0, 2],
      games: [3, 4, 0],
      money: [0, 1, 1],
    };
    const lines = Object.entries(vectors).map(([word, values]) => `${word} ${values.join(' ')}`);
    writeFileSync(table, gzipSync(`5 3\n${lines.join('\n')}\n`));
    // The arithmetic of QZero_Word_Model in the authors' Models.py: sum of count x cosine; here divided by the counts, which no order sees.
    const counts = keywordCounts([documents[0], documents[1]]);
    expect([...counts]).toEqual([
      ['football', 2],
      ['sports', 2],
      ['clubs', 1],
    ]);
    const system = await load(QZERO_WORDS, { corpus, vectors: table });
    const labels = ['sports games', 'money', 'zebra'];
    await system.prepare?.(setOf(['football striker'], labels));
    const { each } = await system.score(['football striker'], labels, {});
    const mean = [1.9, 2.3, 0]; // of sports and games
    const cosine = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
    expect(each[0]).toBeCloseTo((cosine(vectors.football, mean) + cosine(vectors.sports, mean)) / 2, 5);
    expect(each[1]).toBeCloseTo((cosine(vectors.football, vectors.money) + cosine(vectors.sports, vectors.money)) / 2, 5);
    expect(each[2]).toBe(0);
    expect(labelVector('zebra', new Map())).toBeUndefined();
    expect(weightedCosine(new Map([['zebra', 1]]), new Map(), Float32Array.of(1))).toBe(0);
    await expect(load(QZERO_WORDS, { corpus })).rejects.toThrow(/needs word vectors: system,corpus=FILE,vectors=FILE/);
    writeFileSync(join(folder, 'bad.txt'), 'football 1 2\nsports 1 x\n');
    await expect(load(QZERO_WORDS, { corpus, vectors: join(folder, 'bad.txt') })).rejects.toThrow(
      /bad\.txt, line 2: "sports" is not followed/,
    );
    writeFileSync(join(folder, 'bad.txt'), 'football 1 2\nsports 1\n');
    await expect(load(QZERO_WORDS, { corpus, vectors: join(folder, 'bad.txt') })).rejects.toThrow(
      /line 2: "sports" has 1 numbers, others have 2/,
    );
    await expect(load(QZERO_WORDS, { corpus, vectors: join(folder, 'none.txt') })).rejects.toThrow(
      /cannot read the word vectors .*none\.txt/,
    );
  });

  it('says what it needs', async () => {
    await expect(load(QZERO)).rejects.toThrow(/needs a corpus to retrieve from/);
    await expect(load(QZERO, { corpus, retriever: 'tfidf' })).rejects.toThrow(/retriever must be one of bm25, dense, not "tfidf"/);
    const bare = join(folder, 'bare.jsonl');
    writeFileSync(bare, '{"text": "a"}\n');
    await expect(load(QZERO, { corpus: bare })).rejects.toThrow(/bare\.jsonl, line 1: no field "categories"/);
  });
});
