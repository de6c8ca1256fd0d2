import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { textLoss } from '../../src/eval/dev-score.ts';
import { ARTICLE_LOSS, hybridLoss } from '../../src/model/loss.ts';
import { random } from '../random.ts';

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
