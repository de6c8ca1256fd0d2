/** Scored records with their labels in order, and why they got them. */

import type { Calibration } from '../../model/options.ts';
import type { LabelSet } from '../../text/label-texts.ts';
import type { Classifier, ClassifierOptions, ScoredRequest } from '../classifier.ts';
import { explain, explainedLabels } from '../explain/explain.ts';
import { balanceLogits, type LabelBalance } from '../label-balance.ts';
import { isTree } from '../levels.ts';
import type { LabelingOptions, LabelScores } from '../library-types.ts';
import type { AnsweredText } from '../questions/decide.ts';
import { rankSet } from '../rank-labels.ts';
import type { Tuned } from '../tuning/tuned.ts';
import type { ScoredRecord } from './chunk-scores.ts';
import type { PreparedRecord } from './prepared-record.ts';

/** How labels are chosen of scores. */
export interface RankingOptions extends LabelingOptions {
  /** What was fitted to these labels. */
  tuned?: Tuned;
  /** Holds back labels that win too often; for one list of candidates, and one of them. */
  balance?: LabelBalance;
  /** Whether the scores of all labels are wanted beside those that are reported. */
  wide?: boolean;
}

/** A record with its labels, best first. */
export interface RankedRecord extends PreparedRecord, ScoredRequest {
  ranked: LabelScores;
  /** Those of all labels, where they are wanted. */
  all?: LabelScores;
}

/** A record with its labels, or with its answers. */
export type FoundRecord = RankedRecord | (PreparedRecord & AnsweredText);

/** Whether a record that gets labels has no text to get them for. */
export const isBlank = (each: ScoredRecord): boolean => !('answers' in each) && each.text.trim() === '';

/** The scores of all labels of a set, best first, whatever is reported. logits [N] */
export const rankAll = (
  set: LabelSet,
  logits: Float32Array,
  calibration: Calibration,
  { multiLabel, tuned }: Pick<RankingOptions, 'multiLabel' | 'tuned'>,
): LabelScores => rankSet(set, logits, calibration, { multiLabel, threshold: 0 }, { tuned });

/** Ranks a record's labels; answers are as they are. */
export function rankRecord({ options: { calibration } }: Classifier, each: ScoredRecord, options: RankingOptions): FoundRecord {
  if ('answers' in each) return each;
  const logits = options.balance ? balanceLogits(each.logits, options.balance) : each.logits;
  if (!isBlank(each)) {
    const ranked = rankSet(each.set, logits, calibration, options, { fit: each.fit, tuned: options.tuned });
    return { ...each, logits, ranked, ...(options.wide ? { all: rankAll(each.set, logits, calibration, options) } : {}) };
  }
  // What is no text is not labelled: its scores would be those of the labels alone.
  const said = each.fit === undefined ? {} : { fit: 0 };
  const ranked = { labels: [], scores: [], ...said, ...(isTree(each.set) ? { path: [], pathScores: [], joint: 0 } : {}) };
  return { ...each, logits, ranked };
}

/** Adds to ranked records what each word adds to their best labels. @throws as Classifier.logits */
export async function explainRecords(
  classifier: Classifier,
  found: readonly FoundRecord[],
  scoring: ClassifierOptions,
  options: LabelingOptions,
): Promise<FoundRecord[]> {
  const asked = found.flatMap((each) => ('answers' in each ? [] : [{ ...each, ...explainedLabels(each.set, each.ranked, options) }]));
  const explanations = await explain(classifier, asked, scoring);
  return found.map((each) => ('answers' in each ? each : { ...each, ranked: { ...each.ranked, explanations: explanations.shift()! } }));
}
