/**
 * Metrics of decisions: accuracy, F1 of the top label, F1 of multi-label decisions at a threshold, the confusion matrix.
 * Equal to scikit-learn's (tests/eval/metrics/metrics.test.ts). Pure arithmetic.
 */
import { type Scored, topLabels, truthMatrix } from './matrix.ts';

/** F1 averaged in the three usual ways. */
export interface AveragedF1 {
  /** Mean over the labels that have a true or a predicted example. */
  macro: number;
  /** Over all decisions together; equals accuracy where each text has one label. */
  micro: number;
  /** Mean weighted by the number of true examples. */
  weighted: number;
}

/**
 * The one true label that a top-label prediction is held against in a confusion matrix: the prediction itself if it is among the true ones, else the first.
 * With one true label a text this is that label.
 */
export function judgedTruth(truth: Scored['truth'], predicted: ArrayLike<number>): Int32Array {
  return Int32Array.from(truth, (labels, row) => (labels.includes(predicted[row]) ? predicted[row] : (labels[0] ?? -1)));
}

/**
 * F1 of one predicted label a text against all its true ones; a prediction of -1 counts as none (sklearn.metrics.f1_score, of labels or
 * of indicator matrices, on the labels that occur).
 */
export function topLabelF1(truth: Scored['truth'], predicted: ArrayLike<number>, columns: number): AveragedF1 {
  const right = new Float64Array(columns);
  const trueCount = new Float64Array(columns);
  const predictedCount = new Float64Array(columns);
  for (let row = 0; row < truth.length; row++) {
    for (const label of truth[row]) {
      trueCount[label]++;
      if (label === predicted[row]) right[label]++;
    }
    if (predicted[row] >= 0) predictedCount[predicted[row]]++;
  }
  return averagedF1(right, trueCount, predictedCount);
}

/** How one label is decided. */
export interface LabelFigures {
  /** Texts of which it is true. */
  texts: number;
  /** Texts of which it is the predicted label. */
  predicted: number;
  /** Share of the predictions that are right; null where there is none. */
  precision: number | null;
  /** Share of its texts that are found; null where there is none. */
  recall: number | null;
  f1: number;
}

/** Precision, recall and F1 of each label, of one predicted label a text against all its true ones (sklearn.metrics.precision_recall_fscore_support). [N] */
export function labelFigures(truth: Scored['truth'], predicted: ArrayLike<number>, columns: number): LabelFigures[] {
  const figures = Array.from({ length: columns }, () => ({ texts: 0, predicted: 0, right: 0 }));
  for (let row = 0; row < truth.length; row++) {
    for (const label of truth[row]) {
      figures[label].texts++;
      if (label === predicted[row]) figures[label].right++;
    }
    if (predicted[row] >= 0) figures[predicted[row]].predicted++;
  }
  return figures.map(({ texts, predicted: count, right }) => ({
    texts,
    predicted: count,
    precision: count ? right / count : null,
    recall: texts ? right / texts : null,
    f1: texts + count ? (2 * right) / (texts + count) : 0,
  }));
}

function averagedF1(right: Float64Array, trueCount: Float64Array, predictedCount: Float64Array): AveragedF1 {
  let [macro, present, weighted, support, hits, decisions] = [0, 0, 0, 0, 0, 0];
  for (let label = 0; label < right.length; label++) {
    const both = trueCount[label] + predictedCount[label];
    if (both === 0) continue;
    const f1 = (2 * right[label]) / both;
    macro += f1;
    present++;
    weighted += f1 * trueCount[label];
    support += trueCount[label];
    hits += right[label];
    decisions += both;
  }
  return {
    macro: present ? macro / present : 0,
    micro: decisions ? (2 * hits) / decisions : 0,
    weighted: support ? weighted / support : 0,
  };
}

/** Share of rows with a true label among the k best (sklearn.metrics.top_k_accuracy_score where no scores tie). */
export function topKAccuracy(scored: Scored, k: number): number {
  const top = topLabels(scored, k);
  let hits = 0;
  for (let row = 0; row < scored.rows; row++)
    if (scored.truth[row].some((label) => top.subarray(row * k, row * k + k).includes(label))) hits++;
  return scored.rows ? hits / scored.rows : 0;
}

/** F1 where every label at or over the threshold is predicted (sklearn.metrics.f1_score, zero_division=nan for macro). */
export function thresholdF1(scored: Scored, threshold: number): AveragedF1 {
  const { rows, columns, scores } = scored;
  const isTrue = truthMatrix(scored);
  const right = new Float64Array(columns);
  const trueCount = new Float64Array(columns);
  const predictedCount = new Float64Array(columns);
  for (let cell = 0; cell < rows * columns; cell++) {
    const column = cell % columns;
    const predicted = scores[cell] >= threshold; // NaN is not
    if (isTrue[cell]) trueCount[column]++;
    if (predicted) predictedCount[column]++;
    if (isTrue[cell] && predicted) right[column]++;
  }
  return averagedF1(right, trueCount, predictedCount);
}

/** The threshold at which an average of F1 is highest, and that average. */
export interface BestThreshold {
  threshold: number;
  f1: number;
}

/**
 * The best single thresholds for micro and macro F1, looked for among all scores that occur. Chosen on the data that they are measured
 * on, so the figure is an upper bound, never a result to be expected on new texts.
 */
export function bestThresholds(scored: Scored): { micro: BestThreshold; macro: BestThreshold } {
  const { rows, columns, scores } = scored;
  const isTrue = truthMatrix(scored);
  const trueCount = new Float64Array(columns);
  let positives = 0;
  const cells: number[] = [];
  for (let cell = 0; cell < rows * columns; cell++) {
    if (!Number.isNaN(scores[cell])) cells.push(cell);
    if (isTrue[cell]) {
      trueCount[cell % columns]++;
      positives++;
    }
  }
  const order = Uint32Array.from(cells).sort((a, b) => scores[b] - scores[a]);
  const right = new Float64Array(columns);
  const predictedCount = new Float64Array(columns);
  let [hits, macroSum, present] = [0, 0, trueCount.reduce((count, value) => count + (value > 0 ? 1 : 0), 0)];
  const micro: BestThreshold = { threshold: Number.POSITIVE_INFINITY, f1: 0 };
  const macro: BestThreshold = { threshold: Number.POSITIVE_INFINITY, f1: 0 };
  for (let at = 0; at < order.length; at++) {
    const cell = order[at];
    const column = cell % columns;
    const before = trueCount[column] + predictedCount[column];
    if (before === 0) present++;
    else macroSum -= (2 * right[column]) / before;
    predictedCount[column]++;
    if (isTrue[cell]) {
      right[column]++;
      hits++;
    }
    macroSum += (2 * right[column]) / (trueCount[column] + predictedCount[column]);
    if (at + 1 < order.length && scores[order[at + 1]] === scores[cell]) continue; // a threshold cannot part equal scores
    const microF1 = (2 * hits) / (at + 1 + positives);
    if (microF1 > micro.f1) Object.assign(micro, { threshold: scores[cell], f1: microF1 });
    if (macroSum / present > macro.f1) Object.assign(macro, { threshold: scores[cell], f1: macroSum / present });
  }
  return { micro, macro };
}

/** One cell of a confusion matrix. */
export interface Confusion {
  truth: number;
  predicted: number;
  count: number;
}

/** The confusion matrix as its cells above zero, largest first (sklearn.metrics.confusion_matrix, sparse). */
export function confusionCells(truth: ArrayLike<number>, predicted: ArrayLike<number>): Confusion[] {
  const cells = new Map<string, Confusion>();
  for (let row = 0; row < truth.length; row++) {
    if (truth[row] < 0 || predicted[row] < 0) continue;
    const key = `${truth[row]} ${predicted[row]}`;
    const cell = cells.get(key);
    if (cell) cell.count++;
    else cells.set(key, { truth: truth[row], predicted: predicted[row], count: 1 });
  }
  return [...cells.values()].sort((a, b) => b.count - a.count || a.truth - b.truth || a.predicted - b.predicted);
}
