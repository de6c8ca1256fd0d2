/** What the bars say. */

/** A bar: a label and its share. */
export interface Bar {
  label: string;
  /** From 0 to 1. */
  score: number;
}

/** Bars, best first, of labels and scores as the server answers. */
export const barsOf = (labels: readonly string[], scores: readonly number[]): Bar[] =>
  labels.map((label, at) => ({ label, score: scores[at] ?? 0 })).sort((one, other) => other.score - one.score);

/** A probability for people: `91.1%`; never 0% or 100% for what is neither. */
export function percent(score: number): string {
  if (score > 0 && score < 0.001) return '<0.1%';
  if (score < 1 && score > 0.999) return '>99.9%';
  return `${(100 * score).toFixed(1)}%`;
}

/** One sentence for those who listen: the best bar. */
export function spokenResult(bars: readonly Bar[], isMultiLabel: boolean): string {
  if (bars.length === 0) return 'No result.';
  if (!isMultiLabel) return `Most likely: ${bars[0].label}, ${percent(bars[0].score)}.`;
  const fitting = bars.filter(({ score }) => score >= 0.5);
  if (fitting.length === 0) return `None is likely. Closest: ${bars[0].label}, ${percent(bars[0].score)}.`;
  return `Likely: ${fitting.map(({ label, score }) => `${label}, ${percent(score)}`).join('; ')}.`;
}
