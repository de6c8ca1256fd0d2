/** All figures of one system on one set, from its score matrix. Pure arithmetic over src/eval/metrics. */

import { brierScore, expectedCalibrationError, reliabilityBins } from '../metrics/calibration.ts';
import { bestThresholds, confusionCells, judgedTruth, thresholdF1, topKAccuracy, topLabelF1 } from '../metrics/classification.ts';
import { type Scored, topLabels, truthMatrix } from '../metrics/matrix.ts';
import { labelRankingAveragePrecision, macroAuroc, meanAveragePrecision, meanWrongScore } from '../metrics/ranking.ts';
import { accuracyStatistic, bootstrapInterval, macroF1Statistic } from '../metrics/significance.ts';
import type { Measured } from '../report/result-types.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { ScoreMatrix } from '../systems/system.ts';

/** The probability from which a label counts as predicted, in the multi-label figures at a fixed threshold. */
const FIXED_THRESHOLD = 0.5;

/** Cells of the confusion matrix that are kept: all of 40 labels. */
const KEPT_CONFUSIONS = 1600;
const KEPT_EXAMPLES = 12;
const KEPT_TEXT = 400;

/** Computes every figure. Ranks by `choice` on single-label sets and by `each` on multi-label ones. */
export function measure(set: EvalSet, matrix: ScoreMatrix, resamples = 1000): Measured {
  const { rows, columns } = matrix;
  const labelIndex = new Map(set.labels.map((label, at) => [label, at]));
  const truth = set.truth.map((labels) => labels.map((label) => labelIndex.get(label) as number));
  const ranked: Scored = { rows, columns, truth, scores: set.multiLabel ? matrix.each : matrix.choice };
  const each: Scored = { rows, columns, truth, scores: matrix.each };
  const predicted = topLabels(ranked, 1);
  const judged = judgedTruth(truth, predicted);
  const f1 = topLabelF1(truth, predicted, columns);
  const fixed = thresholdF1(each, FIXED_THRESHOLD);
  const best = set.multiLabel ? bestThresholds(each) : undefined;
  const confidence = Float64Array.from(predicted, (label, row) =>
    label < 0 ? 0 : Math.min(1, Math.max(0, ranked.scores[row * columns + label])),
  );
  const right = Uint8Array.from(predicted, (label, row) => (label === judged[row] ? 1 : 0));
  const answered = predicted.map((_, row) => row).filter((row) => predicted[row] >= 0);
  const reliability = reliabilityBins(
    Float64Array.from(answered, (row) => confidence[row]),
    Uint8Array.from(answered, (row) => right[row]),
  );
  const isTrue = truthMatrix(ranked);
  let [trueSum, trueCells] = [0, 0];
  for (let cell = 0; cell < isTrue.length; cell++)
    if (isTrue[cell] && !Number.isNaN(matrix.each[cell])) {
      trueSum += Math.min(1, Math.max(0, matrix.each[cell]));
      trueCells++;
    }
  const answers = { truth, predicted, columns };
  const wrongRows = [...right.keys()].filter((row) => !right[row] && predicted[row] >= 0).sort((a, b) => confidence[b] - confidence[a]);
  return {
    metrics: {
      accuracy: topKAccuracy(ranked, 1),
      macro_f1: f1.macro,
      micro_f1: f1.micro,
      weighted_f1: f1.weighted,
      top3: topKAccuracy(ranked, Math.min(3, columns)),
      auroc: macroAuroc(ranked),
      mean_average_precision: meanAveragePrecision(ranked),
      lrap: labelRankingAveragePrecision(ranked),
      multilabel_micro_f1: fixed.micro,
      multilabel_macro_f1: fixed.macro,
      best_threshold_micro_f1: best?.micro.f1 ?? null,
      best_threshold_macro_f1: best?.macro.f1 ?? null,
      best_micro_threshold: best && Number.isFinite(best.micro.threshold) ? best.micro.threshold : null,
      best_macro_threshold: best && Number.isFinite(best.macro.threshold) ? best.macro.threshold : null,
      ece: answered.length ? expectedCalibrationError(reliability) : null, // 0 would be the best of all
      brier: answered.length ? brierScore(ranked.scores, isTrue) : null,
      mean_wrong_score: meanWrongScore(each),
      mean_true_score: trueCells ? trueSum / trueCells : null,
    },
    intervals: {
      accuracy: bootstrapInterval(answers, accuracyStatistic, resamples),
      macro_f1: bootstrapInterval(answers, macroF1Statistic, resamples),
    },
    predicted: [...predicted],
    truth,
    reliability,
    confusion: confusionCells(judged, predicted).slice(0, KEPT_CONFUSIONS),
    wrong: wrongRows.slice(0, KEPT_EXAMPLES).map((row) => ({
      text: set.texts[row].slice(0, KEPT_TEXT),
      truth: set.truth[row],
      predicted: set.labels[predicted[row]],
      confidence: confidence[row],
    })),
  };
}
