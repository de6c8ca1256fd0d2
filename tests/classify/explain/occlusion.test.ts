/** Explanations of models whose logits are no sums over words: by leaving words out, one after the other, and not too many. */
import type { Classifier, ClassifierOptions, ScoreRequest } from '../../../src/classify/classifier.ts';
import { explain } from '../../../src/classify/explain/explain.ts';
import { MOST_PIECES, pieces, without } from '../../../src/classify/explain/occlusion.ts';
import { loadClassifier } from '../../../src/classify/load-classifier.ts';
import type { GliZNetOptions } from '../../../src/model/options.ts';
import { GATED_OPTIONS, LATE_OPTIONS } from '../../random-model.ts';
import { writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const TEXT = 'The teacher asked 😀 children to draw, quickly!';
const LABELS = ['animal', 'the red house', 'draw', 'children'];
const slices = (text: string) => pieces(text).map(({ start, end }) => text.slice(start, end));

const KINDS: [string, Partial<GliZNetOptions>, boolean][] = [
  ['free', {}, false],
  ['free, from [CLS]', { textPooling: 'cls' }, false],
  ['gated', GATED_OPTIONS, false],
  ['one-way', { ...GATED_OPTIONS, crossAttention: 'one-way' }, true],
  ['late, with an upper layer', { ...LATE_OPTIONS, upperLayers: 1 }, true],
  ['late, with set attention', { ...LATE_OPTIONS, upperLayers: 1, setAttention: true }, false],
  ['late, texts from [CLS]', { ...LATE_OPTIONS, textPooling: 'cls' }, true],
];

/** The classifier, and what it was asked. */
async function watched(options: Partial<GliZNetOptions>) {
  const classifier = await loadClassifier(await writeTinyCheckpoint(options), { threads: 1 });
  const asked: { request: ScoreRequest; options: ClassifierOptions }[] = [];
  const watcher: Classifier = {
    ...classifier,
    logits(requests, how = {}) {
      asked.push(...requests.map((request) => ({ request, options: how })));
      return classifier.logits(requests, how);
    },
  };
  return { classifier, watcher, asked };
}

it.each(KINDS)('a %s model: each word counts what its label loses without it', async (_, options, readsAlone) => {
  const { classifier, watcher, asked } = await watched(options);
  expect(classifier.wordParts).toBeUndefined();
  const [{ logits }] = await classifier.logits([{ text: TEXT, labels: LABELS }]);
  const chosen = [2, 0];
  const [found] = await explain(watcher, [{ text: TEXT, labels: LABELS, logits, chosen }]);
  expect(found.map(({ label, method }) => [label, method])).toEqual([
    ['draw', 'occlusion'],
    ['animal', 'occlusion'],
  ]);
  const words = ['The', 'teacher', 'asked', '😀', 'children', 'to', 'draw', ',', 'quickly', '!'];
  for (const [k, { words: own, bias, logit }] of found.entries()) {
    expect(own.map(({ word }) => word)).toEqual(words);
    expect(logit).toBeCloseTo(logits[chosen[k]], 5);
    expect(bias + own.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(logit, 8);
    const differences: number[] = [];
    for (const { word, start, end } of own) {
      expect(TEXT.slice(start, end)).toBe(word);
      const [less] = await classifier.logits([{ text: without(TEXT, { start, end }), labels: LABELS }]);
      differences.push(logits[chosen[k]] - less.logits[chosen[k]]);
    }
    // In the order of leaving words out, and by as much.
    for (const [at, { score }] of own.entries()) expect(score).toBeCloseTo(differences[at], 4);
  }
  expect(asked.length).toBe(words.length + 1);
  expect(asked[0].request.labels).toEqual(readsAlone ? ['animal', 'draw'] : LABELS);
  await classifier.dispose();
});

it.each(KINDS)('a %s model: all of few labels are told apart', async (_, options) => {
  const { classifier } = await watched(options);
  const labels = LABELS.slice(0, 2);
  const [{ logits }] = await classifier.logits([{ text: 'draw it', labels }]);
  const [{ logits: less }] = await classifier.logits([{ text: 'it', labels }]);
  const [found] = await explain(classifier, [{ text: 'draw it', labels, logits, chosen: [1, 0] }]);
  for (const [k, { words }] of found.entries()) expect(words[0].score).toBeCloseTo(logits[1 - k] - less[1 - k], 4);
  await classifier.dispose();
});

it('of very many labels that are read together some are read beside those that are explained', async () => {
  const { classifier, watcher, asked } = await watched({});
  const labels = Array.from({ length: 60 }, (_, at) => `label ${at}`);
  const logits = Float32Array.from(labels, (_, at) => (at < 10 ? Number.NEGATIVE_INFINITY : -at));
  const [found] = await explain(watcher, [{ text: 'draw it', labels, logits, chosen: [59, 10] }]);
  expect(found.map(({ label, logit }) => [label, logit])).toEqual([
    ['label 59', -59],
    ['label 10', -10],
  ]);
  expect(found[0].words.some(({ score }) => score !== 0)).toBe(true);
  for (const { request, options } of asked) {
    expect(request.labels).toEqual([...labels.slice(10, 35), 'label 59']);
    expect(options.shortlist).toBe(0);
  }
  await classifier.dispose();
});

it('nothing is left out of a text of nothing', async () => {
  const { classifier, watcher, asked } = await watched({});
  const logits = Float32Array.of(1, 2);
  for (const text of ['', ' \n']) {
    const [[{ words, bias }], none] = await explain(watcher, [
      { text, labels: ['a', 'b'], logits, chosen: [1] },
      { text: 'a b', labels: ['a', 'b'], logits, chosen: [] },
    ]);
    expect([words, bias, none]).toEqual([[], 2, []]);
  }
  expect(asked).toEqual([]);
  await classifier.dispose();
});

describe('what is left out', () => {
  it('is the words of a short text', () => {
    expect(slices(TEXT)).toHaveLength(10);
    expect(slices('word '.repeat(MOST_PIECES))).toHaveLength(MOST_PIECES);
  });

  it('is the sentences of a longer one', () => {
    const sentences = Array.from({ length: 12 }, (_, at) => `This is sentence number ${at} of a text.`);
    expect(slices(sentences.join('  \n'))).toEqual(sentences);
  });

  it('is groups of words where there are too few or too many sentences', () => {
    const words = Array.from({ length: 150 }, (_, at) => `w${at}`);
    const groups = slices(words.join(' '));
    expect(groups).toHaveLength(50);
    expect(groups[0]).toBe('w0 w1 w2');
    expect(groups.join(' ')).toBe(words.join(' '));
    expect(slices('It is so. '.repeat(100)).length).toBeLessThanOrEqual(MOST_PIECES);
  });

  it('is nothing that is far behind what is read', () => {
    const text = 'word '.repeat(100_000);
    const found = pieces(text, 500);
    expect(found).toHaveLength(50);
    expect(found[found.length - 1].end).toBeLessThan(510);
  });
});

it.each([
  ['one two three', 4, 7, 'one three'],
  ['one two', 0, 3, 'two'],
  ['one two', 4, 7, 'one '],
  ['one, two', 3, 4, 'one two'],
  ['(one)', 1, 4, '()'],
])('%j without %i to %i is %j', (text, start, end, rest) => {
  expect(without(text, { start, end })).toBe(rest);
});
