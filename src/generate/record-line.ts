/** Records of a user's file that get hard negatives: their other fields go out as they came in. */
import { membersJson, membersOf, type RecordMember } from '../data/record-members.ts';

/** Key of a record's members as they were written. A symbol: it is no field of the record, and no part of a plan's identity. */
export const WRITTEN = Symbol('members as they were written');

/** A record as a line of JSON, without its line break. */
export function recordLine(record: { readonly [field: string]: unknown; readonly [WRITTEN]?: readonly RecordMember[] }): string {
  const members = record[WRITTEN];
  if (!members) return JSON.stringify(record);
  const { text, labels, not_labels } = record;
  const made = new Map(membersOf({ text, labels, not_labels }).map((member) => [member.name, member]));
  const own = members.map((member) => made.get(member.name) ?? member);
  const isThere = new Set(members.map(({ name }) => name));
  return membersJson([...own, ...[...made.values()].filter(({ name }) => !isThere.has(name))]);
}
