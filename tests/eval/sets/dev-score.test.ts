import '../../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { loadClassifier } from '../../../src/classify/load-classifier.ts';
import { countedLabels, devScore, textLoss } from '../../../src/eval/sets/dev-score.ts';
import { ARTICLE_LOSS, hybridLoss } from '../../../src/model/loss.ts';
import { random } from '../../random.ts';
import { writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

describe('textLoss', () => {
  it.each(['probabilities', 'logits'] as const)('is the loss that is trained (margin on %s)', async (marginOn) => {
    await tf.setBackend('cpu');
    const next = random(4);
    const settings = { ...ARTICLE_LOSS, marginOn, softmaxWeight: 0.4 };
    for (let trial = 0; trial < 30; trial++) {
      const labels = 1 + Math.floor(next() * 6);
      const logits = Array.from({ length: labels }, () => 8 * next() - 4);
      const isTrue = logits.map(() => next() < 0.4);
      const row = (values: number[]) => tf.tensor2d(values, [1, labels]);
      const { loss } = hybridLoss({ logits: row(logits), targets: row(isTrue.map(Number)), valid: row(logits.map(() => 1)) }, settings);
      expect(textLoss(logits, isTrue, settings)).toBeCloseTo(loss.dataSync()[0], 4);
    }
  });

  it('stays finite for scores that are sure', () => {
    expect(textLoss([800, -800], [false, true], { ...ARTICLE_LOSS, softmaxWeight: 1 })).toBeGreaterThan(100);
    expect(textLoss([800, -800], [true, false], { ...ARTICLE_LOSS, softmaxWeight: 1 })).toBeCloseTo(0, 6);
  });
});

describe('labels off the shortlist', () => {
  it('are left out of the loss; a true one counts as the lowest that was read', () => {
    const off = Number.NEGATIVE_INFINITY;
    expect(countedLabels(Float32Array.of(2, off, -1, off), [false, true, false, false])).toEqual({
      logits: Float32Array.of(2, -1, -1),
      isTrue: [false, true, false],
    });
    expect(countedLabels(Float32Array.of(0.5, -3), [true, false])).toEqual({ logits: Float32Array.of(0.5, -3), isTrue: [true, false] });
    expect(countedLabels(Float32Array.of(Number.NaN, off), [true, false]).logits).toEqual(Float32Array.of(Number.NaN)); // a broken model shows
  });

  it('may be of a set that is called as something that every object has', async () => {
    const classifier = await loadClassifier(await writeTinyCheckpoint(), { threads: 1 });
    const set = { texts: ['a', 'b'], labels: ['film', 'bank'], truth: [['film'], ['bank']], multiLabel: false, hash: '', available: 2 };
    try {
      const named = (name: string) => devScore(classifier, [{ ...set, name }], ARTICLE_LOSS);
      const [score, plain] = [await named('__proto__'), await named('plain')];
      expect(score.macroF1).toBe(plain.macroF1);
      expect(JSON.stringify(score.sets)).toBe(`{"__proto__":${plain.macroF1}}`);
    } finally {
      await classifier.dispose();
    }
  });

  it.each([0, 0.4])('leave a dev loss that can be compared (softmax weight %f)', async (softmaxWeight) => {
    const classifier = await loadClassifier(await writeTinyCheckpoint(), { threads: 1 });
    const labels = Array.from({ length: 120 }, (_, i) => `label ${i}`);
    const texts = Array.from({ length: 24 }, (_, i) => `text number ${i}`);
    const truth = texts.map((_, row) => [labels[5 * row]]);
    const set = { name: 'many', texts, labels, truth, multiLabel: false, hash: '', available: texts.length };
    try {
      const results = await classifier.logits(texts.map((text) => ({ text, labels })));
      expect(results.filter(({ logits }, row) => logits[5 * row] === Number.NEGATIVE_INFINITY).length).toBeGreaterThan(0);
      const { loss } = await devScore(classifier, [set], { ...ARTICLE_LOSS, softmaxWeight });
      expect(Number.isFinite(loss)).toBe(true);
      expect(loss).toBeGreaterThan(0);
    } finally {
      await classifier.dispose();
    }
  });
});
