/** How sure a figure is: bootstrap intervals, and paired tests of one system against another on the same texts. Pure arithmetic. */

import { seededRandom } from '../../base/random.ts';
import { topLabelF1 } from './classification.ts';

/** A 95 % interval. */
export interface Interval {
  low: number;
  high: number;
}

/** What a system answered: the true labels and the predicted one, text by text. */
export interface PredictedRows {
  truth: readonly (readonly number[])[];
  predicted: ArrayLike<number>;
  columns: number;
}

/** The q-quantile, linear between neighbours (numpy.quantile). Throws RangeError without values. */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (!values.length) throw new RangeError('quantile of nothing');
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** A figure of answers, computed on the rows given by index. */
export type AnswerStatistic = (answers: PredictedRows, rows: Int32Array) => number;

/** Share of rows whose predicted label is right. */
export const accuracyStatistic: AnswerStatistic = ({ truth, predicted }, rows) => {
  let hits = 0;
  for (const row of rows) if (truth[row].includes(predicted[row])) hits++;
  return rows.length ? hits / rows.length : 0;
};

/** Macro-F1 of the predicted labels. */
export const macroF1Statistic: AnswerStatistic = ({ truth, predicted, columns }, rows) =>
  topLabelF1(
    Array.from(rows, (row) => truth[row]),
    Array.from(rows, (row) => predicted[row]),
    columns,
  ).macro;

function* resamples(size: number, count: number, seed: number): Generator<Int32Array> {
  const random = seededRandom(seed);
  const rows = new Int32Array(size);
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < size; row++) rows[row] = Math.floor(random() * size);
    yield rows;
  }
}

/** Percentile bootstrap over texts, 95 %. */
export function bootstrapInterval(answers: PredictedRows, statistic: AnswerStatistic, resampleCount = 1000, seed = 1): Interval {
  const size = answers.truth.length;
  if (!size) return { low: 0, high: 0 };
  const values = Array.from(resamples(size, resampleCount, seed), (rows) => statistic(answers, rows));
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}

/** Result of a paired bootstrap. */
export interface PairedBootstrap {
  /** Figure of the first minus figure of the second. */
  difference: number;
  interval: Interval;
  /** Two-sided: twice the smaller share of resamples on either side of zero, at least 1 / resamples. */
  p: number;
}

/** Paired bootstrap of two systems' figures on the same texts. Throws RangeError when the numbers of texts differ. */
export function pairedBootstrap(
  first: PredictedRows,
  second: PredictedRows,
  statistic: AnswerStatistic,
  resampleCount = 1000,
  seed = 1,
): PairedBootstrap {
  const size = first.truth.length;
  if (size !== second.truth.length) throw new RangeError('paired systems must have answered the same texts');
  const all = Int32Array.from({ length: size }, (_, i) => i);
  const difference = statistic(first, all) - statistic(second, all);
  if (!size) return { difference: 0, interval: { low: 0, high: 0 }, p: 1 };
  const differences = Array.from(resamples(size, resampleCount, seed), (rows) => statistic(first, rows) - statistic(second, rows));
  const below = differences.filter((value) => value <= 0).length / resampleCount;
  const above = differences.filter((value) => value >= 0).length / resampleCount;
  return {
    difference,
    interval: { low: quantile(differences, 0.025), high: quantile(differences, 0.975) },
    p: Math.min(1, Math.max(1 / resampleCount, 2 * Math.min(below, above))),
  };
}

/** Result of McNemar's test. */
export interface McNemar {
  /** Texts that only the first got right. */
  onlyFirst: number;
  /** Texts that only the second got right. */
  onlySecond: number;
  /** Two-sided exact p. */
  p: number;
}

/** McNemar's exact test: of the texts that one system got right and the other did not, is the split still chance? (binomial, p = 1/2) */
export function mcnemar(first: ArrayLike<number | boolean>, second: ArrayLike<number | boolean>): McNemar {
  let [onlyFirst, onlySecond] = [0, 0];
  for (let row = 0; row < first.length; row++) {
    if (first[row] && !second[row]) onlyFirst++;
    if (!first[row] && second[row]) onlySecond++;
  }
  const n = onlyFirst + onlySecond;
  let logTerm = -n * Math.LN2; // log of C(n, k) / 2^n, k = 0
  let tail = 0;
  for (let k = 0; k <= Math.min(onlyFirst, onlySecond); k++) {
    if (k > 0) logTerm += Math.log((n - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return { onlyFirst, onlySecond, p: Math.min(1, 2 * tail) };
}
