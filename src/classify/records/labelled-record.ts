/** What comes out for a record: its own members as they were written, and what was found. */

import { allScores } from '../../data/output-formats/score-columns.ts';
import type { SourceRecord } from '../../data/read-records.ts';
import { membersOf, type RecordMember, recordMembers } from '../../data/record-members.ts';
import type { LabelScores } from '../library-types.ts';
import type { Answers } from '../questions/questions.ts';

/** A name that is not taken: the wanted one, or with a number behind it. */
function freeName(taken: ReadonlySet<string>, wanted: string): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
  return name;
}

/** What was found of a text, as members of a record. */
export const foundMembers = ({ labels, scores, fit, path, pathScores, joint, explanations }: LabelScores): RecordMember[] => [
  ...(fit === undefined ? [] : membersOf({ fit })),
  ...(path ? membersOf({ path, path_scores: pathScores, joint }) : []),
  ...membersOf({ labels, scores, ...(explanations ? { explanations } : {}) }),
];

/**
 * The members of a record with its labels: its own pass through as they were written. Labels that it came with become
 * `true_labels` (`input_labels` where it has that too), scores `input_scores`, explanations `input_explanations` where there are new ones; a number
 * is put behind a name that is taken.
 * @param all scores of all labels, for formats that have a column for each
 */
export function labelledRecord(record: SourceRecord, found: LabelScores, all?: LabelScores): RecordMember[] {
  const { fit, path, explanations } = found;
  const members = recordMembers(record);
  const taken = new Set(members.map(({ name }) => name));
  const names = new Map([
    ['labels', taken.has('true_labels') ? freeName(taken, 'input_labels') : 'true_labels'],
    ['scores', freeName(taken, 'input_scores')],
    ...(fit === undefined ? [] : [['fit', freeName(taken, 'input_fit')] as const]),
    ...(path ? (['path', 'path_scores', 'joint'] as const).map((name) => [name, freeName(taken, `input_${name}`)] as const) : []),
    ...(explanations ? [['explanations', freeName(taken, 'input_explanations')] as const] : []),
  ]);
  return [
    ...members.map((member) => ({ ...member, name: names.get(member.name) ?? member.name })),
    ...foundMembers(found),
    ...(all ? allScores(all.labels, all.scores) : []),
  ];
}

/** The members of a record with its answers; those that it came with become `input_answers`. */
export function answeredRecord(record: SourceRecord, answers: Answers): RecordMember[] {
  const members = recordMembers(record);
  const name = freeName(new Set(members.map((member) => member.name)), 'input_answers');
  return [...members.map((member) => (member.name === 'answers' ? { ...member, name } : member)), ...membersOf({ answers })];
}
