import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { ARTICLE_LOSS, hybridLoss } from '../../src/model/loss.ts';

// The last label of the second row is not there.
const LOGITS = [
  [2, -1, 0.5],
  [-0.5, 1, 9],
];
const VALID = [
  [1, 1, 1],
  [1, 1, 0],
];
const TRUE = [
  [1, 0, 0],
  [1, 0, 0],
];

function terms(targets: number[][]) {
  const inputs = { logits: tf.tensor2d(LOGITS), targets: tf.tensor2d(targets), valid: tf.tensor2d(VALID) };
  const found = hybridLoss(inputs, { ...ARTICLE_LOSS, softmaxWeight: 0.3 });
  return {
    bce: found.bce.dataSync()[0],
    margin: found.margin.dataSync()[0],
    softmax: found.softmax!.dataSync()[0],
    loss: found.loss.dataSync()[0],
  };
}

const softplus = (x: number) => Math.log1p(Math.exp(x));

describe('the hybrid loss with targets that are not sure', () => {
  const likely = [
    [0.8, 0.1, 0.1],
    [0.7, 0.3, 0],
  ];
  it('takes the cross-entropies against how likely each label is', () => {
    const found = terms(likely);
    const each = LOGITS.flatMap((row, at) => row.map((logit, k) => (VALID[at][k] ? softplus(logit) - logit * likely[at][k] : 0)));
    expect(found.bce).toBeCloseTo(each.reduce((sum, value) => sum + value, 0) / 5, 5);
    const rows = LOGITS.map((row, at) => {
      const total = Math.log(row.reduce((sum, logit, k) => sum + (VALID[at][k] ? Math.exp(logit) : 0), 0));
      return row.reduce((sum, logit, k) => sum + (VALID[at][k] ? likely[at][k] * (total - logit) : 0), 0);
    });
    expect(found.softmax).toBeCloseTo((rows[0] + rows[1]) / 2, 5);
    expect(found.loss).toBeCloseTo(0.7 * found.bce + 0.3 * found.margin + 0.3 * found.softmax, 5);
  });

  it('keeps the margin between the labels that are rather true and those that are not', () => {
    expect(terms(likely).margin).toBe(terms(TRUE).margin);
    expect(terms(TRUE).margin).toBeGreaterThan(0);
  });
});
