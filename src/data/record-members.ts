/**
 * The members of a record as they were written: names in their order, values as JSON text. A record that is parsed and written again
 * loses what JavaScript cannot hold (1e400, 12345678901234567.5, the place of a field called "2024"); its members do not.
 */
import { DataError } from '../base/errors.ts';
import type { ParquetValue } from './parquet/parquet-field.ts';
import type { SourceRecord } from './source-record.ts';

/** A field of a record. */
export interface RecordMember {
  /** The name, its escapes read. */
  name: string;
  /** The value as JSON. */
  json: string;
  /** As it lies in the Parquet file that it is of. */
  typed?: ParquetValue;
}

/** Where a string of valid JSON ends that begins at `at`: the place of its closing quote. */
function stringEnd(json: string, at: number): number {
  let end = at + 1;
  while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1;
  return end;
}

/** Where the value ends that begins at `at` in a valid JSON object: the place of the comma or brace behind it. */
function valueEnd(json: string, at: number): number {
  let depth = 0;
  for (let end = at; ; end++) {
    const char = json[end];
    if (char === '"') end = stringEnd(json, end);
    else if (char === '{' || char === '[') depth++;
    else if (depth === 0 && (char === ',' || char === '}')) return end;
    else if (char === '}' || char === ']') depth--;
  }
}

/** The members of a valid JSON object. Goes from character to character: a regular expression runs out of stack in a long string. */
export function jsonMembers(json: string): RecordMember[] {
  const members: RecordMember[] = [];
  for (let at = json.indexOf('"'); at >= 0; at = json.indexOf('"', at)) {
    const nameEnd = stringEnd(json, at) + 1;
    const start = json.indexOf(':', nameEnd) + 1;
    const end = valueEnd(json, start);
    members.push({ name: JSON.parse(json.slice(at, nameEnd)) as string, json: json.slice(start, end).trim() });
    at = end;
  }
  return members;
}

/** The members of an object. */
export const membersOf = (fields: Readonly<Record<string, unknown>>, names: readonly string[] = Object.keys(fields)): RecordMember[] =>
  names.map((name) => ({ name, json: JSON.stringify(fields[name]) }));

/** Members as an object in one line of JSON. */
export const membersJson = (members: readonly RecordMember[]): string =>
  `{${members.map(({ name, json }) => `${JSON.stringify(name)}:${json}`).join(',')}}`;

/** The members of a record: of JSON as it stood in the file, of a table in the order of its columns, of Parquet with its types. */
export function recordMembers({ fields, json, columns, typed }: SourceRecord): RecordMember[] {
  if (typed)
    return typed.columns.map((column, at) => {
      const value = typed.values[at];
      return { name: column.name, json: column.json(value), typed: { value, column } };
    });
  return json === undefined ? membersOf(fields, columns) : jsonMembers(json);
}

/** A member by its name, or along a path such as `data.id` in what it holds; undefined where there is none. */
function memberAt(members: readonly RecordMember[], name: string): RecordMember | undefined {
  const own = members.find((member) => member.name === name);
  if (own) return own;
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const outer = members.find((member) => member.name === name.slice(0, dot));
    const inner = outer?.json.startsWith('{') ? memberAt(jsonMembers(outer.json), name.slice(dot + 1)) : undefined;
    if (inner) return { name, json: inner.json };
  }
  return undefined;
}

/** A record that has nothing but its id. @throws DataError naming the field that is missing or empty */
export function idRecord(record: SourceRecord, field: string, where: string): SourceRecord {
  const member = memberAt(recordMembers(record), field);
  if (!member || member.json === 'null' || member.json === '""')
    throw new DataError(
      `${where}: ${member ? `field "${field}" is empty` : `no field "${field}"`}, which --id-field names; without it the result could not be joined`,
    );
  const { line, number } = record;
  const { typed } = member;
  const place = number === undefined ? { line } : { line, number };
  if (typed) return { ...place, fields: {}, typed: { columns: [typed.column], values: [typed.value] } };
  return { ...place, fields: {}, json: membersJson([member]) };
}
