/** Batch calibration: labels that win too often are held back. */

import { balanceLogits, labelExcess, labelShares } from '../../src/classify/label-balance.ts';
import { choiceProbabilities } from '../../src/classify/probabilities.ts';
import { random } from '../random.ts';

const next = random(3);
/** Logits of many texts of which the first label gets so much too much. */
const favouring = (extra: number): Float32Array[] =>
  Array.from({ length: 300 }, (_, text) =>
    Float32Array.from({ length: 4 }, (_, label) => 3 * next() + (label === 0 ? extra : 0) + (label === text % 4 ? 2 : 0)),
  );
describe('label balance', () => {
  it('has the shares that arithmetic gives, with one text more a label', () => {
    // softmax of [ln 3, 0] is [3/4, 1/4]; of [0, 0] halves.
    const shares = labelShares([Float32Array.of(Math.log(3), 0), Float32Array.of(0, 0)]);
    expect([...shares]).toEqual([expect.closeTo((1 + 0.75 + 0.5) / 4, 6), expect.closeTo((1 + 0.25 + 0.5) / 4, 6)]);
  });

  it('holds labels back twice: by their share, and by what it is then', () => {
    const logits = favouring(2.5);
    const first = labelShares(logits).map((share) => Math.log(share * 4));
    const second = labelShares(logits, first).map((share) => Math.log(share * 4));
    const excess = labelExcess(logits);
    for (const [label, value] of excess.entries()) expect(value).toBeCloseTo(first[label] + second[label], 9);
    expect([...balanceLogits(Float32Array.of(1, 1, 1, 1), { excess, strength: 0.5 })]).toEqual(
      [...excess].map((value) => expect.closeTo(1 - 0.5 * value, 5)),
    );
    const unevenness = (shares: Float64Array) => Math.max(...shares) - Math.min(...shares);
    expect(unevenness(labelShares(logits, excess))).toBeLessThan(0.5 * unevenness(labelShares(logits, first)));
  });

  it('finds the right labels again that a favoured one had taken', () => {
    const logits = favouring(2.5);
    const right = (rows: readonly Float32Array[]) => rows.filter((row, text) => row.indexOf(Math.max(...row)) === text % 4).length;
    expect([...labelShares(logits)].reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    const excess = labelExcess(logits);
    const balanced = logits.map((each) => balanceLogits(each, { excess, strength: 0.7 }));
    expect(right(balanced)).toBeGreaterThan(right(logits) + 30);
  });

  it('changes nothing at strength 0, nor where all labels are equal, nor a label off the shortlist', () => {
    const logits = favouring(1);
    expect(balanceLogits(logits[0], { excess: labelExcess(logits), strength: 0 })).toEqual(logits[0]);
    const even = labelExcess([Float32Array.of(0, 0, 0)]);
    const three = Float32Array.of(1, 2, 0);
    for (const [label, probability] of choiceProbabilities(balanceLogits(three, { excess: even, strength: 1 })).entries())
      expect(probability).toBeCloseTo(choiceProbabilities(three)[label], 6);
    const short = [Float32Array.of(1, Number.NEGATIVE_INFINITY), Float32Array.of(1, 0)];
    const held = balanceLogits(short[0], { excess: labelExcess(short), strength: 1 });
    expect([Number.isFinite(held[0]), held[1]]).toEqual([true, Number.NEGATIVE_INFINITY]);
  });

  it('does not depend on the order of labels or of texts', () => {
    const logits = favouring(1);
    const excess = labelExcess(logits);
    const turned = labelExcess([...logits].reverse().map((each) => Float32Array.from(each).reverse()));
    for (const [label, value] of [...turned].reverse().entries()) expect(value).toBeCloseTo(excess[label], 9);
  });
});
