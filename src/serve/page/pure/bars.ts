/** What the bars say. */
import type { LabelScores } from '../../../classify/library-types.ts';

/** From here on a label that is scored by itself is taken to fit. */
export const FITS = 0.5;

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

/** The level of a path, and how likely it is among those beside it. */
export interface PathLevel {
  name: string;
  score: number;
}

/** What was found of a text by its labels. */
export interface LabelResult {
  /** Best first; also where none fits. */
  bars: readonly Bar[];
  /** From 0 to 1, where it was asked for: how likely any label fits. */
  fit?: number;
  /** Of labels in levels: from the top to the best. */
  path?: readonly PathLevel[];
  /** How likely the end of the path is. */
  joint?: number;
  /** The model reads nothing of the text. */
  unreadable?: true;
  /** The script of the text, where the model knows little of that. */
  unknownScript?: string;
}

/** What is said of a text of which the model reads nothing, or of whose script it knows little. */
export function problemOf({ unreadable, unknownScript }: LabelResult): string | undefined {
  if (unreadable) return 'The model can read nothing of this text: the figures mean nothing.';
  return unknownScript && `The model knows little of the script of this text (${unknownScript}): the figures mean little.`;
}

/** A result as the server answers it, where it was asked for labels also below the level. */
export function resultOf({ labels, scores, fit, path, pathScores = [], joint, unreadable, unknownScript }: LabelScores): LabelResult {
  return {
    bars: barsOf(labels, scores),
    ...(fit === undefined ? {} : { fit }),
    ...(path ? { path: path.map((name, at) => ({ name, score: pathScores[at] ?? 0 })), joint: joint ?? 0 } : {}),
    ...(unreadable ? { unreadable } : {}),
    ...(unknownScript ? { unknownScript } : {}),
  };
}

/** Whether none of the labels is taken. @param level fit below which none is; undefined where one always is */
export const isNone = ({ fit }: Pick<LabelResult, 'fit'>, level: number | undefined): boolean =>
  level !== undefined && fit !== undefined && fit < level;

/** Which labels are taken. */
export interface Taking {
  isMultiLabel: boolean;
  /** As for {@link isNone}. */
  level?: number;
  /** Score from which on a label is taken, where that was fitted. */
  thresholds?: ReadonlyMap<string, number>;
}

/** The bars whose labels are taken: the best, or where any number may fit those that do; none where none fits. */
export function takenBars({ bars, fit }: Pick<LabelResult, 'bars' | 'fit'>, { isMultiLabel, level, thresholds }: Taking): readonly Bar[] {
  if (isNone({ fit }, level)) return [];
  const usual = isMultiLabel ? FITS : 0;
  const fits = ({ label, score }: Bar): boolean => score >= (thresholds ? (thresholds.get(label) ?? 0) : usual);
  return (isMultiLabel ? bars : bars.slice(0, 1)).filter(fits);
}

/** A sentence for those who listen: the best bar, level by level where there are levels, and whether any fits. */
export function spokenResult(result: LabelResult, taking: Taking): string {
  const { bars, fit, path, joint = 0 } = result;
  const { isMultiLabel, level } = taking;
  if (bars.length === 0) return 'No result.';
  const problem = problemOf(result);
  if (problem) return problem;
  const said = (bar: Bar): string => `${bar.label}, ${percent(bar.score)}`;
  const fitting = level === undefined || fit === undefined ? '' : ` Fit ${percent(fit)}.`;
  if (isNone({ fit }, level)) return `None of these.${fitting} Closest: ${said(bars[0])}.`;
  const likely = takenBars({ bars, fit }, taking);
  if (likely.length === 0) return `None is likely. Closest: ${said(bars[0])}.${fitting}`;
  if (path && !isMultiLabel) {
    const levels = path.map(({ name, score }) => `${name}, ${percent(score)}`).join('; below it ');
    return `Most likely: ${levels}; together ${percent(joint)}.${fitting}`;
  }
  return `${isMultiLabel ? 'Likely' : 'Most likely'}: ${likely.map(said).join('; ')}.${fitting}`;
}
