/**
 * Columns of a Parquet file that is written: of what came from Parquet the types that it had, of other records the narrowest type that holds
 * all their values without loss. Knows records; nothing of files.
 */
import type { SchemaElement } from 'hyparquet';
import { isExactNumber } from '../exact-number.ts';
import type { RecordMember } from '../record-members.ts';

/** A column of the output. */
export interface OutputColumn {
  name: string;
  /** Its type in a message. */
  type: string;
  /** Elements of the schema, and how the values are written. */
  elements: SchemaElement[];
  physical: SchemaElement[];
  /** What is written for a member, null where a record has none. @throws RangeError for a value that does not fit the type */
  value(member: RecordMember | undefined): unknown;
}

/** A type of values that are JSON. */
interface ValueType {
  type: string;
  element: Omit<SchemaElement, 'name' | 'repetition_type'>;
  /** Whether it holds a value, which is not null. */
  fits(json: string): boolean;
  value(json: string): unknown;
}

const TEXT: SchemaElement['converted_type'] = 'UTF8';
const LARGEST = 2n ** 63n;

const isInteger = (json: string): boolean => {
  if (!/^-?\d{1,19}$/.test(json) || json === '-0') return false;
  const number = BigInt(json);
  return number >= -LARGEST && number < LARGEST;
};

/** Types from the narrowest on; the last holds everything, as JSON. */
const TYPES: readonly ValueType[] = [
  { type: 'boolean', element: { type: 'BOOLEAN' }, fits: (json) => json === 'true' || json === 'false', value: (json) => json === 'true' },
  { type: 'int64', element: { type: 'INT64' }, fits: isInteger, value: BigInt },
  { type: 'double', element: { type: 'DOUBLE' }, fits: (json) => /^[-\d]/.test(json) && isExactNumber(json), value: Number },
  {
    type: 'text',
    element: { type: 'BYTE_ARRAY', converted_type: TEXT, logical_type: { type: 'STRING' } },
    fits: (json) => json.startsWith('"'),
    value: (json) => JSON.parse(json) as string,
  },
];

const JSON_TEXT: ValueType = {
  type: 'JSON',
  element: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
  fits: () => true,
  value: (json) => json,
};

/** The items of a JSON list of plain values as JSON, undefined of anything else. */
function itemsOf(json: string): string[] | undefined {
  if (!json.startsWith('[')) return undefined;
  const inside = json.slice(1, -1).trim();
  if (inside === '') return [];
  // Texts may hold commas; they are all texts then.
  if (!inside.includes('"')) return /[[{]/.test(inside) ? undefined : inside.split(',').map((item) => item.trim());
  const values = JSON.parse(json) as unknown[];
  return values.every((value) => typeof value === 'string' || value === null) ? values.map((value) => JSON.stringify(value)) : undefined;
}

/** The narrowest type of the plain ones that holds all values; text where there are none. */
const narrowest = (values: Iterable<string>, fallback: ValueType | undefined): ValueType | undefined => {
  let types = TYPES;
  let some = false;
  for (const json of values) {
    if (json === 'null') continue;
    some = true;
    types = types.filter(({ fits }) => fits(json));
    if (!types.length) return undefined;
  }
  return some ? types[0] : fallback;
};

const OPTIONAL = 'OPTIONAL' as const;

function bare({ converted_type, logical_type, ...element }: SchemaElement): SchemaElement {
  return element.type === 'BYTE_ARRAY' || converted_type === 'LIST'
    ? { ...element, converted_type: converted_type === 'LIST' ? converted_type : TEXT }
    : element;
}

const outOfType = (json: string): never => {
  throw new RangeError(json);
};

function plainColumn(name: string, { type, element, fits, value }: ValueType): OutputColumn {
  const elements: SchemaElement[] = [{ name, repetition_type: OPTIONAL, ...element }];
  return {
    name,
    type,
    elements,
    physical: elements.map(bare),
    value: (member) => {
      if (member === undefined || member.json === 'null') return null;
      return fits(member.json) ? value(member.json) : outOfType(member.json);
    },
  };
}

/** A column of lists whose items have a type. */
function listColumn(name: string, { type, element, fits, value }: ValueType): OutputColumn {
  const elements: SchemaElement[] = [
    { name, repetition_type: OPTIONAL, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: OPTIONAL, ...element },
  ];
  return {
    name,
    type: `list of ${type}`,
    elements,
    physical: elements.map(bare),
    value: (member) => {
      if (member === undefined || member.json === 'null') return null;
      const items = itemsOf(member.json);
      return items?.every((item) => item === 'null' || fits(item))
        ? items.map((item) => (item === 'null' ? null : value(item)))
        : outOfType(member.json);
    },
  };
}

/** The column of what was found of labels, also where no record shows it. */
export const foundColumn = (name: 'labels' | 'scores'): OutputColumn => listColumn(name, TYPES[name === 'labels' ? 3 : 2]);

/** A column of numbers. */
export const numberColumn = (name: string): OutputColumn => plainColumn(name, TYPES[2]);

/** The column of members of one name: of Parquet the one they are of, else by all their values. */
export function outputColumn(name: string, members: readonly RecordMember[]): OutputColumn {
  const [first] = members;
  if (first?.typed) {
    const { elements, physical, written } = first.typed.column;
    const named = ([element, ...below]: readonly SchemaElement[]): SchemaElement[] => [{ ...element, name }, ...below];
    return {
      name,
      type: 'as it was',
      elements: named(elements),
      physical: named(physical),
      value: ({ typed } = { name, json: 'null' }) => (written ? written(typed?.value) : (typed?.value ?? null)),
    };
  }
  const values = members.map(({ json }) => json);
  const plain = narrowest(values, TYPES[3]);
  if (plain) return plainColumn(name, plain);
  const lists = values.filter((json) => json !== 'null').map(itemsOf);
  if (lists.every((items) => items !== undefined)) {
    const item = narrowest(lists.flat() as string[], TYPES[3]);
    if (item) return listColumn(name, item);
  }
  return plainColumn(name, JSON_TEXT);
}
