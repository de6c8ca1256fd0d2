import fc from 'fast-check';
import { randomStream } from '../../../src/base/random.ts';
import { levelFor, upperBound } from '../../../src/classify/tuning/error-bound.ts';
import { brierOf, fitThresholds, type TuningRecord } from '../../../src/classify/tuning/fit-thresholds.ts';
import { logisticRegression } from '../../../src/classify/tuning/logistic-regression.ts';

describe('bounds of an error', () => {
  it.each([
    // R: binom.test(wrong, total, alternative = "less")$conf.int[2]
    [0, 30, 0.0950339],
    [5, 100, 0.1022534],
    [3, 10, 0.6066242],
    [10, 10, 1],
    [0, 0, 1],
  ])('%i of %i wrong: at most %f', (wrong, total, expected) => {
    expect(upperBound(wrong, total)).toBeCloseTo(expected, 5);
  });

  it('the level that is chosen keeps the bound, and more errors never lower it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), { minLength: 1, maxLength: 200 }),
        (rows) => {
          const confidence = rows.map(([value]) => value);
          const isRight = rows.map(([, right]) => right);
          const level = levelFor(confidence, isRight, 0.2);
          const better = levelFor(
            confidence,
            rows.map(() => true),
            0.2,
          );
          if (level === undefined) return;
          const answered = [...rows.keys()].filter((at) => confidence[at] >= level);
          expect(upperBound(answered.filter((at) => !isRight[at]).length, answered.length)).toBeLessThanOrEqual(0.2);
          expect(better).toBeLessThanOrEqual(level);
        },
      ),
    );
  });

  it('says where no level can be shown', () => {
    expect(levelFor(Array(20).fill(0.9), Array(20).fill(true), 0.01)).toBeUndefined();
    expect(levelFor(Array(100).fill(0.9), Array(100).fill(false), 0.5)).toBeUndefined();
    expect(levelFor(Array(100).fill(0.9), Array(100).fill(true), 0.1)).toBe(0);
  });
});

it('logistic regression finds the weights that made the data, and keeps the prior without any', () => {
  const random = randomStream(3);
  const features = Array.from({ length: 20_000 }, () => [4 * random() - 2, 4 * random() - 2]);
  const targets = features.map(([a, b]) => random() < 1 / (1 + Math.exp(-(1.5 * a - 0.7 * b + 0.3))));
  const weights = logisticRegression(features, targets, [0, 0, 0], 1);
  for (const [at, expected] of [1.5, -0.7, 0.3].entries()) expect(Math.abs(weights[at] - expected)).toBeLessThan(0.08);
  expect(logisticRegression([], [], [0, 1, 0], 1)).toEqual([0, 1, 0]);
});

/** Records of four labels whose scores say what they are worth, but for a factor; a fifth of them fit none and look it. */
function records(count: number, factor: number, seed = 1): TuningRecord[] {
  const random = randomStream(seed);
  return Array.from({ length: count }, (_, at) => {
    const logits = Float32Array.from({ length: 4 }, () => 8 * random() - 4);
    const sums = Array.from(logits, Math.exp);
    const total = sums.reduce((a, b) => a + b, 0);
    let left = random() * total;
    let label = 0;
    while (label < 3 && left > sums[label]) left -= sums[label++];
    const isNone = at % 5 === 0;
    return {
      logits: logits.map((logit) => logit * factor),
      fit: isNone ? 0.3 * random() : 0.5 + 0.5 * random(),
      truth: isNone ? [] : [label],
    };
  });
}

const CALIBRATION = { temperature: 1, bias: 0, sharpening: 0, sharpenAbove: 30, flattens: false };

describe('one label a text', () => {
  it('finds the factor that scores are too sure by, and lowers the Brier score of records it has not seen', () => {
    const all = records(600, 5);
    const { fitted, before, after } = fitThresholds(all, { multiLabel: false, calibration: CALIBRATION });
    expect(fitted.temperature).toBeGreaterThan(3.5);
    expect(fitted.temperature).toBeLessThan(7);
    expect(brierOf(all, after, false)).toBeLessThan(brierOf(all, before, false));
  });

  it('abstains where no label fits, and where the best is rather wrong', () => {
    const all = records(600, 1);
    const { before, after } = fitThresholds(all, { multiLabel: false, calibration: CALIBRATION });
    const wrong = (given: typeof after) => {
      const answered = [...all.keys()].filter((at) => given[at].given.length > 0);
      return answered.filter((at) => !all[at].truth.includes(given[at].given[0])).length / answered.length;
    };
    expect(before.every(({ given }) => given.length === 1)).toBe(true);
    expect(after.filter(({ given }, at) => all[at].truth.length === 0 && given.length > 0).length).toBeLessThan(20);
    expect(wrong(after)).toBeLessThan(wrong(before) - 0.15);
  });

  it('leaves alone what is as it should be: the temperature is 1, or lowers the score', () => {
    const all = records(80, 1, 9);
    const { fitted, before, after } = fitThresholds(all, { multiLabel: false, calibration: CALIBRATION });
    const gain = brierOf(all, before, false) - brierOf(all, after, false);
    expect(fitted.temperature === 1 || gain > 0).toBe(true);
    expect(gain).toBeGreaterThanOrEqual(0);
  });

  it('keeps the error that is asked for, or says that it cannot', () => {
    const all = records(800, 1);
    const { fitted, after, isOutOfReach } = fitThresholds(all, { multiLabel: false, calibration: CALIBRATION, maxError: 0.3 });
    expect(isOutOfReach).toBeUndefined();
    const answered = [...all.keys()].filter((at) => after[at].given.length > 0);
    const wrong = answered.filter((at) => !all[at].truth.includes(after[at].given[0])).length;
    expect(answered.length).toBeGreaterThan(50);
    expect(upperBound(wrong, answered.length)).toBeLessThanOrEqual(0.3);
    expect(fitted.abstain!.below).toBeGreaterThan(0);
    expect(fitThresholds(all, { multiLabel: false, calibration: CALIBRATION, maxError: 0.001 }).isOutOfReach).toBe(true);
  });

  it('does not depend on the order of the labels', () => {
    const all = records(200, 3);
    const turned = all.map(({ logits, fit, truth }) => ({ logits: logits.toReversed(), fit, truth: truth.map((label) => 3 - label) }));
    const of = (given: TuningRecord[]) => fitThresholds(given, { multiLabel: false, calibration: CALIBRATION }).fitted;
    expect(of(turned).temperature).toBeCloseTo(of(all).temperature, 5);
  });
});

it('several labels a text: a threshold a label, nearer to its own the more often it is true', () => {
  const random = randomStream(4);
  // Label 0 is true from a logit of 1 on, label 1 from -1 on, label 2 never.
  const all = Array.from({ length: 300 }, (): TuningRecord => {
    const logits = Float32Array.from({ length: 3 }, () => 6 * random() - 3);
    return { logits, fit: 1, truth: [...(logits[0] > 1 ? [0] : []), ...(logits[1] > -1 ? [1] : [])] };
  });
  const { fitted, before, after } = fitThresholds(all, { multiLabel: true, calibration: CALIBRATION });
  expect(fitted.abstain).toBeUndefined();
  const logitAt = (label: number) => {
    const p = fitted.thresholds![label];
    return (Math.log(p / (1 - p)) - fitted.bias) * fitted.temperature;
  };
  expect(Math.abs(logitAt(0) - 1)).toBeLessThan(0.4);
  expect(Math.abs(logitAt(1) + 1)).toBeLessThan(0.4);
  expect(fitted.thresholds![2]).toBeGreaterThan(0);
  expect(brierOf(all, after, true)).toBeLessThan(brierOf(all, before, true));
});
