/**
 * Metrics of orders: AUROC, average precision, label ranking average precision. Ties are treated as scikit-learn does.
 * Pure arithmetic.
 */
import { meanOf, type Scored, truthMatrix } from './matrix.ts';

const descending = (scores: ArrayLike<number>): Uint32Array =>
  Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);

/** Area under the ROC curve of one label; NaN without both positives and negatives (sklearn.metrics.roc_auc_score). */
export function binaryAuroc(scores: ArrayLike<number>, isTrue: ArrayLike<number>): number {
  const order = descending(scores);
  let [positives, negatives, area] = [0, 0, 0];
  for (let start = 0; start < order.length; ) {
    let [end, tied] = [start, 0];
    while (end < order.length && scores[order[end]] === scores[order[start]]) tied += isTrue[order[end++]] ? 1 : 0;
    const tiedNegatives = end - start - tied;
    area += tiedNegatives * (positives + tied / 2); // positives above each of these negatives
    positives += tied;
    negatives += tiedNegatives;
    start = end;
  }
  return positives && negatives ? area / (positives * negatives) : Number.NaN;
}

/** Average precision of one label; NaN without positives (sklearn.metrics.average_precision_score). */
function averagePrecision(scores: ArrayLike<number>, isTrue: ArrayLike<number>): number {
  const order = descending(scores);
  let [positives, sum] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let [end, tied] = [start, 0];
    while (end < order.length && scores[order[end]] === scores[order[start]]) tied += isTrue[order[end++]] ? 1 : 0;
    positives += tied;
    sum += (tied * positives) / end;
    start = end;
  }
  return positives ? sum / positives : Number.NaN;
}

/** A metric of one label by scores and truth of its candidates, averaged over the labels where it is defined; null if none. */
function macroOver(scored: Scored, metric: (scores: number[], isTrue: number[]) => number): number | null {
  const { rows, columns, scores } = scored;
  const truth = truthMatrix(scored);
  const positives = new Uint32Array(columns);
  for (let cell = 0; cell < truth.length; cell++) positives[cell % columns] += truth[cell];
  const values: number[] = [];
  for (let column = 0; column < columns; column++) {
    if (!positives[column]) continue; // defined by none of the metrics here
    const columnScores: number[] = [];
    const columnTruth: number[] = [];
    for (let cell = column; cell < rows * columns; cell += columns) {
      const isMissing = Number.isNaN(scores[cell]);
      if (isMissing && !truth[cell]) continue;
      columnScores.push(isMissing ? Number.NEGATIVE_INFINITY : scores[cell]); // a missed one comes last
      columnTruth.push(truth[cell]);
    }
    values.push(metric(columnScores, columnTruth));
  }
  return meanOf(values);
}

/** Mean AUROC over the labels that have positives and negatives (roc_auc_score, multilabel, macro); null if there is none. */
export const macroAuroc = (scored: Scored): number | null => macroOver(scored, binaryAuroc);

/** Mean average precision over the labels that have positives (average_precision_score, macro); null if there is none. */
export const meanAveragePrecision = (scored: Scored): number | null => macroOver(scored, averagePrecision);

/** Label ranking average precision (sklearn.metrics.label_ranking_average_precision_score); 0 for a text whose labels have no score. */
export function labelRankingAveragePrecision({ rows, columns, scores, truth }: Scored): number {
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const candidates: number[] = [];
    for (let column = 0; column < columns; column++) if (!Number.isNaN(scores[row * columns + column])) candidates.push(column);
    const relevant = new Set(truth[row]);
    if (relevant.size === 0) {
      total += 1;
      continue;
    }
    const scoreOf = (column: number) => scores[row * columns + column];
    candidates.sort((a, b) => scoreOf(b) - scoreOf(a));
    let [seen, sum] = [0, 0];
    for (let start = 0; start < candidates.length; ) {
      let [end, tied] = [start, 0];
      while (end < candidates.length && scoreOf(candidates[end]) === scoreOf(candidates[start]))
        tied += relevant.has(candidates[end++]) ? 1 : 0;
      seen += tied;
      sum += (tied * seen) / end; // ties all take the worst rank
      start = end;
    }
    total += sum / relevant.size;
  }
  return rows ? total / rows : 0;
}

/** Mean score of the labels that are not true: near 1 for a system that likes every label. Scores are clipped to [0, 1]; null without any. */
export function meanWrongScore(scored: Scored): number | null {
  const truth = truthMatrix(scored);
  let [sum, count] = [0, 0];
  for (let cell = 0; cell < truth.length; cell++) {
    if (truth[cell] || Number.isNaN(scored.scores[cell])) continue;
    sum += Math.min(1, Math.max(0, scored.scores[cell]));
    count++;
  }
  return count ? sum / count : null;
}
