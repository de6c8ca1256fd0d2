/** Scores of all labels behind a result, for formats that have a column for each: those too of labels that it does not name. */
import { membersOf, type RecordMember } from '../record-members.ts';

/** Name of the member that holds them; it is the last one, and never written. */
const ALL_SCORES = 'all_scores';

/** The member that holds the scores of all labels. */
export const allScores = (labels: readonly string[], scores: readonly number[]): RecordMember[] =>
  membersOf({ [ALL_SCORES]: labels.map((label, at) => [label, scores[at]]) });

/** A result without that member, and the scores by label; where it has none, those of the labels that it names. */
export function takeAllScores(record: readonly RecordMember[]): { result: readonly RecordMember[]; scoreOf: ReadonlyMap<string, string> } {
  const last = record.at(-1);
  if (last?.name === ALL_SCORES) {
    const pairs = JSON.parse(last.json) as [string, number][];
    return { result: record.slice(0, -1), scoreOf: new Map(pairs.map(([label, score]) => [label, String(score)])) };
  }
  const listOf = (wanted: string) => JSON.parse(record.find(({ name }) => name === wanted)?.json ?? '[]') as unknown[];
  const scores = listOf('scores');
  return { result: record, scoreOf: new Map(listOf('labels').map((label, at) => [String(label), String(scores[at])])) };
}
