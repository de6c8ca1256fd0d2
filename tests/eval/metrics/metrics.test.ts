/** Metrics against scikit-learn, scipy and numpy (tests/fixtures/eval/make_metrics.py), to 1e-9; then properties. */
import { readFileSync } from 'node:fs';
import { seededRandom } from '../../../src/base/random.ts';
import { brierScore, expectedCalibrationError, reliabilityBins } from '../../../src/eval/metrics/calibration.ts';
import {
  bestThresholds,
  confusionCells,
  judgedTruth,
  thresholdF1,
  topKAccuracy,
  topLabelF1,
} from '../../../src/eval/metrics/classification.ts';
import { type Scored, topLabels, truthMatrix } from '../../../src/eval/metrics/matrix.ts';
import { labelRankingAveragePrecision, macroAuroc, meanAveragePrecision, meanWrongScore } from '../../../src/eval/metrics/ranking.ts';
import {
  accuracyStatistic,
  bootstrapInterval,
  macroF1Statistic,
  mcnemar,
  pairedBootstrap,
  quantile,
} from '../../../src/eval/metrics/significance.ts';

interface Case {
  kind: 'single' | 'multi';
  rows: number;
  columns: number;
  scores: number[];
  truth: number[] | number[][];
  expected: Record<string, number> & { bins: [number, number, number][]; confusion: number[][] };
}
const fixture = JSON.parse(readFileSync(new URL('../../fixtures/eval/metrics.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  quantiles: { values: number[]; expected: [number, number][] };
  mcnemar: { first: number[]; second: number[]; expected: number }[];
};
const scoredOf = ({ rows, columns, scores, truth }: Case): Scored => ({
  rows,
  columns,
  scores: Float64Array.from(scores),
  truth: truth.map((labels) => (typeof labels === 'number' ? [labels] : labels)),
});
/** Equal to 1e-9, absolute. */
const same = (actual: number | null, expected: number) => expect(Math.abs((actual ?? Number.NaN) - expected)).toBeLessThan(1e-9);

describe.each(fixture.cases.map((each, i) => [`${each.kind} ${each.rows}x${each.columns} (${i})`, each] as const))('%s', (_, each) => {
  const scored = scoredOf(each);
  const { expected } = each;

  it('ranks as scikit-learn', () => {
    same(macroAuroc(scored), expected.auroc);
    same(meanAveragePrecision(scored), expected.map);
    same(labelRankingAveragePrecision(scored), expected.lrap);
    same(brierScore(scored.scores, truthMatrix(scored)), expected.brier);
  });

  if (each.kind === 'single')
    it('decides and is calibrated as scikit-learn says', () => {
      const predicted = topLabels(scored, 1);
      const truth = judgedTruth(scored.truth, predicted);
      const f1 = topLabelF1(scored.truth, predicted, each.columns);
      same(topKAccuracy(scored, 1), expected.accuracy);
      same(f1.macro, expected.macro);
      same(f1.micro, expected.micro);
      same(f1.weighted, expected.weighted);
      if (expected.top3 !== undefined) same(topKAccuracy(scored, 3), expected.top3);
      for (const cell of confusionCells(truth, predicted)) expect(cell.count).toBe(expected.confusion[cell.truth][cell.predicted]);
      expect(confusionCells(truth, predicted).reduce((sum, cell) => sum + cell.count, 0)).toBe(each.rows);
      const confidence = Float64Array.from(predicted, (label, row) => scored.scores[row * each.columns + label]);
      const right = Uint8Array.from(predicted, (label, row) => (label === truth[row] ? 1 : 0));
      const bins = reliabilityBins(confidence, right);
      bins.forEach((bin, i) => {
        expect(bin.count).toBe(expected.bins[i][0]);
        same(bin.meanConfidence, expected.bins[i][1]);
        same(bin.accuracy, expected.bins[i][2]);
      });
      same(expectedCalibrationError(bins), expected.ece);
    });
  else
    it('decides at thresholds, and by the top label against several, as scikit-learn', () => {
      const top = topLabelF1(scored.truth, topLabels(scored, 1), each.columns);
      same(top.macro, expected.top_macro);
      same(top.micro, expected.top_micro);
      same(top.weighted, expected.top_weighted);
      const fixed = thresholdF1(scored, 0.5);
      same(fixed.micro, expected.micro);
      same(fixed.macro, expected.macro);
      same(fixed.weighted, expected.weighted);
      const best = bestThresholds(scored);
      same(best.micro.f1, expected.best_micro);
      same(best.macro.f1, expected.best_macro);
      same(thresholdF1(scored, best.micro.threshold).micro, expected.best_micro);
      same(thresholdF1(scored, best.macro.threshold).macro, expected.best_macro);
      same(meanWrongScore(scored), expected.wrong);
    });
});

describe('significance', () => {
  it('has numpy quantiles and scipy binomial tests', () => {
    for (const [q, expected] of fixture.quantiles.expected) same(quantile(fixture.quantiles.values, q), expected);
    for (const { first, second, expected } of fixture.mcnemar) same(mcnemar(first, second).p, expected);
  });

  const random = seededRandom(3);
  const truth = Int32Array.from({ length: 400 }, () => Math.floor(random() * 4));
  const withAccuracy = (share: number) => truth.map((label) => (random() < share ? label : (label + 1) % 4));
  const answers = (predicted: Int32Array) => ({ truth: Array.from(truth, (label) => [label]), predicted, columns: 4 });

  it('covers the binomial interval with the bootstrap', () => {
    const predicted = withAccuracy(0.7);
    const all = Int32Array.from(truth.keys());
    const accuracy = accuracyStatistic(answers(predicted), all);
    const { low, high } = bootstrapInterval(answers(predicted), accuracyStatistic, 2000);
    const deviation = Math.sqrt((accuracy * (1 - accuracy)) / 400);
    expect(Math.abs(low - (accuracy - 1.96 * deviation))).toBeLessThan(0.01);
    expect(Math.abs(high - (accuracy + 1.96 * deviation))).toBeLessThan(0.01);
    expect(bootstrapInterval(answers(predicted), accuracyStatistic, 2000)).toEqual({ low, high });
  });

  it('tells a better system from one that is no better', () => {
    const good = answers(withAccuracy(0.8));
    const bad = answers(withAccuracy(0.6));
    const clear = pairedBootstrap(good, bad, macroF1Statistic, 500);
    expect(clear.p).toBeLessThan(0.01);
    expect(clear.interval.low).toBeGreaterThan(0);
    expect(pairedBootstrap(good, good, macroF1Statistic, 200)).toEqual({ difference: 0, interval: { low: 0, high: 0 }, p: 1 });
    expect(() => pairedBootstrap(good, { truth: [[0]], predicted: [0], columns: 4 }, accuracyStatistic)).toThrow(/same texts/);
  });
});

describe('labels that are no candidates', () => {
  it('count nowhere', () => {
    const dense: Scored = { rows: 2, columns: 2, scores: Float64Array.of(0.9, 0.2, 0.4, 0.8), truth: [[0], [0]] };
    const wide: Scored = { rows: 2, columns: 3, scores: Float64Array.of(0.9, 0.2, Number.NaN, 0.4, 0.8, Number.NaN), truth: [[0], [0]] };
    for (const metric of [labelRankingAveragePrecision, macroAuroc, meanAveragePrecision, meanWrongScore])
      expect(metric(wide)).toBe(metric(dense));
    expect(thresholdF1(wide, 0.5)).toEqual(thresholdF1(dense, 0.5));
    expect([...topLabels(wide, 3)]).toEqual([0, 1, -1, 1, 0, -1]);
    expect(brierScore(wide.scores, truthMatrix(wide))).toBeCloseTo(brierScore(dense.scores, truthMatrix(dense)), 12);
  });

  it('do not turn a text without an answer into a right one', () => {
    const none = Number.NaN;
    const half: Scored = { rows: 2, columns: 2, scores: Float64Array.of(0.9, 0.1, none, none), truth: [[0], [0]] };
    expect(labelRankingAveragePrecision(half)).toBe(0.5);
    expect(topKAccuracy(half, 2)).toBe(0.5);
    expect(thresholdF1(half, 0.5).micro).toBeCloseTo(2 / 3, 12); // one right decision, one missed label
    expect(bestThresholds(half).micro.f1).toBeCloseTo(2 / 3, 12);
    const wide: Scored = { rows: 3, columns: 1, scores: Float64Array.of(0.9, 0.5, none), truth: [[0], [], [0]] };
    expect(macroAuroc(wide)).toBe(0.5); // above the wrong text, and below it
    expect(meanAveragePrecision(wide)).toBeCloseTo((1 + 2 / 3) / 2, 12);
    const all: Scored = { rows: 1, columns: 2, scores: Float64Array.of(none, none), truth: [[1]] };
    expect(labelRankingAveragePrecision(all)).toBe(0);
    expect(labelRankingAveragePrecision({ ...all, truth: [[0, 1]] })).toBe(0);
  });

  it('takes the first label of equal ones', () => {
    expect([...topLabels({ rows: 1, columns: 4, scores: [0.5, 0.7, 0.7, 0.5] as unknown as Float64Array }, 4)]).toEqual([1, 2, 0, 3]);
  });
});
