/**
 * What the fields of a Parquet file hold: the types of its schema, and values as they lie in the file (whole numbers for dates, bytes for
 * decimals) as JSON. Values are kept as they lie, so that what is read can be written again without loss. Knows no files.
 */
import { isUtf8 } from 'node:buffer';
import type { SchemaElement } from 'hyparquet';
import { isNestedTooDeep } from '../../base/json.ts';

/** A field of a Parquet schema. */
export interface ParquetField {
  name: string;
  /** As the file has it; of an INT96 timestamp the microseconds that it is read as. */
  element: SchemaElement;
  /** Of a list its one item, of a map key and value, of a struct its fields. */
  kind: 'value' | 'list' | 'map' | 'struct';
  children: ParquetField[];
  /** The elements of the schema, this field's first, as they are written. */
  elements: SchemaElement[];
  /** The same without types above the bare ones (numbers, bytes, text, lists): how values are written. */
  physical: SchemaElement[];
  /** How they are read: as they are written, but for INT96. */
  stored: SchemaElement[];
  /** A value of it as JSON, text between quotes. */
  json(value: unknown): string;
  /** A value as the writer takes it, where that is not as the reader gives it. */
  written?: (value: unknown) => unknown;
}

/** A column: a field at the top, and what its file says besides. */
export interface ParquetColumn extends ParquetField {
  /** Keys and values of the file's footer. */
  footer: readonly { key: string; value?: string }[];
}

/** A value as it lies in a Parquet file. */
export interface ParquetValue {
  value: unknown;
  column: ParquetColumn;
}

const MICROSECONDS: Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'> = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
};

/** What an INT96 timestamp is read as: nanoseconds as microseconds, which whoever writes INT96 (Spark) has, and has room for. */
export const microseconds = (nanoseconds: bigint): bigint => floorDivision(nanoseconds, 1000n);

const quoted = (text: string): string => JSON.stringify(text);

/** A whole number with `scale` digits behind the point. */
function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Big-endian bytes as a signed whole number. */
const signedNumber = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));

/** Rounded down. */
const floorDivision = (value: bigint, by: bigint): bigint => (value < 0n ? -((-value + by - 1n) / by) : value / by);

/** Digits behind the second, with their point; none where they are all zero. */
const fractionText = (value: bigint, digits: number): string => (value === 0n ? '' : `.${String(value).padStart(digits, '0')}`);

const DIGITS_OF_UNIT = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;

/** A point in time in ISO 8601, with the digits of its unit; out of the calendar's range the number. */
function timestampText(value: bigint, unit: keyof typeof DIGITS_OF_UNIT, isUtc: boolean): string {
  const digits = DIGITS_OF_UNIT[unit];
  const perSecond = 10n ** BigInt(digits);
  const seconds = floorDivision(value, perSecond);
  const date = new Date(1000 * Number(seconds));
  if (Number.isNaN(date.getTime())) return String(value);
  return quoted(`${date.toISOString().slice(0, -5)}${fractionText(value - seconds * perSecond, digits)}${isUtc ? 'Z' : ''}`);
}

function dateText(days: number): string {
  const date = new Date(86_400_000 * days);
  return Number.isNaN(date.getTime()) ? String(days) : quoted(date.toISOString().split('T')[0]);
}

function timeText(value: bigint, unit: keyof typeof DIGITS_OF_UNIT): string {
  const digits = DIGITS_OF_UNIT[unit];
  const seconds = value / 10n ** BigInt(digits);
  const two = (number: bigint) => String(number).padStart(2, '0');
  const fraction = fractionText(value % 10n ** BigInt(digits), digits);
  return quoted(`${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction}`);
}

function uuidText(bytes: Uint8Array): string {
  return quoted(
    Buffer.from(bytes)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  );
}

/** A half-precision number. */
function halfNumber(bytes: Uint8Array): number {
  const bits = (bytes[1] << 8) | bytes[0];
  const sign = bits >> 15 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return (sign * 2 ** -14 * fraction) / 1024;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** JSON has no numbers that are none. */
const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : Number.isFinite(value) ? String(value) : 'null');

/** Bytes: text where they are UTF-8 (older programs write text so), else in base64. */
const bytesText = (bytes: Uint8Array): string =>
  quoted(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(isUtf8(bytes) ? 'utf8' : 'base64'));

/** JSON that a field of that type holds, or text where it is none that can be written again. */
function jsonText(text: string): string {
  try {
    if (!isNestedTooDeep(text)) return JSON.stringify(JSON.parse(text)) === undefined ? quoted(text) : text.trim();
  } catch {
    // Then it is text.
  }
  return quoted(text);
}

type ToJson = (value: never) => string;

/** How values of a bare type are written as JSON. */
function jsonOfValue(element: SchemaElement): ToJson {
  const { type, converted_type: converted, logical_type: logical, scale = 0 } = element;
  const is = (...names: string[]) => names.includes(converted ?? '') || names.includes(logical?.type ?? '');
  if (is('DECIMAL')) {
    const digits = logical?.type === 'DECIMAL' ? logical.scale : scale;
    return (value: number | bigint | Uint8Array) => decimalText(value instanceof Uint8Array ? signedNumber(value) : BigInt(value), digits);
  }
  if (is('DATE')) return dateText;
  if (logical?.type === 'TIMESTAMP') return (value: bigint) => timestampText(value, logical.unit, logical.isAdjustedToUTC);
  if (converted === 'TIMESTAMP_MILLIS') return (value: bigint) => timestampText(value, 'MILLIS', true);
  if (converted === 'TIMESTAMP_MICROS') return (value: bigint) => timestampText(value, 'MICROS', true);
  if (logical?.type === 'TIME') return (value: number | bigint) => timeText(BigInt(value), logical.unit);
  if (converted === 'TIME_MILLIS' || converted === 'TIME_MICROS')
    return (value: number | bigint) => timeText(BigInt(value), converted === 'TIME_MILLIS' ? 'MILLIS' : 'MICROS');
  if (is('UUID')) return uuidText;
  if (is('FLOAT16')) return (value: Uint8Array) => numberText(halfNumber(value));
  if (is('JSON')) return (value: string | Uint8Array) => (typeof value === 'string' ? jsonText(value) : bytesText(value));
  const isUnsigned = converted?.startsWith('UINT_') || (logical?.type === 'INTEGER' && !logical.isSigned);
  switch (type) {
    case 'BOOLEAN':
      return String;
    case 'INT32':
      return isUnsigned ? (value: number) => String(value >>> 0) : String;
    case 'INT64':
      return isUnsigned ? (value: bigint) => String(BigInt.asUintN(64, value)) : String;
    case 'FLOAT':
    case 'DOUBLE':
      return numberText;
    default:
      return (value: string | Uint8Array) => (typeof value === 'string' ? quoted(value) : bytesText(value));
  }
}

/** A group of a schema that the reader and the writer take for a list. */
const isList = ({ converted_type, logical_type }: SchemaElement, children: readonly ParquetField[]): boolean =>
  (converted_type === 'LIST' || logical_type?.type === 'LIST') &&
  children.length === 1 &&
  children[0].element.repetition_type === 'REPEATED' &&
  children[0].children.length <= 1;

const isMap = ({ converted_type, logical_type }: SchemaElement, children: readonly ParquetField[]): boolean =>
  (converted_type === 'MAP' || converted_type === 'MAP_KEY_VALUE' || logical_type?.type === 'MAP') &&
  children.length === 1 &&
  children[0].element.repetition_type === 'REPEATED' &&
  children[0].children.length === 2;

const isText = ({ type, converted_type, logical_type }: SchemaElement): boolean =>
  type === 'BYTE_ARRAY' &&
  (['UTF8', 'ENUM', 'JSON'].includes(converted_type ?? '') || ['STRING', 'ENUM', 'JSON'].includes(logical_type?.type ?? ''));

/** An element as it is read and written: nothing that reader or writer would turn into something else. */
const physicalOf = ({ converted_type, logical_type, scale, precision, ...element }: SchemaElement): SchemaElement =>
  isText({ converted_type, logical_type, ...element }) ? { ...element, converted_type: 'UTF8' } : element;

const orNull =
  (write: (value: never) => string) =>
  (value: unknown): string =>
    value === null || value === undefined ? 'null' : write(value as never);

/** The function for what is there, where there is something to do. */
const ofThere = (isNeeded: boolean, change: (value: never) => unknown): ParquetField['written'] =>
  isNeeded ? (value: unknown) => (value === null || value === undefined ? null : change(value as never)) : undefined;

/** Names and values as a JSON object. */
const objectText = (members: readonly string[]): string => `{${members.join(',')}}`;

function mapText(key: ParquetField, item: ParquetField, entries: readonly Record<string, unknown>[]): string {
  const keys = entries.map((entry) => key.json(entry[key.name]));
  const values = entries.map((entry) => item.json(entry[item.name]));
  if (isText(key.element)) return objectText(keys.map((each, at) => `${each}:${values[at]}`));
  return `[${keys.map((each, at) => `[${each},${values[at]}]`).join(',')}]`;
}

/** The field that a schema's element number `at` begins. */
function fieldOf(schema: readonly SchemaElement[], at: number): ParquetField {
  const own = schema[at].type === 'INT96' ? { ...schema[at], ...MICROSECONDS } : schema[at];
  const children: ParquetField[] = [];
  let next = at + 1;
  for (let child = 0; child < (own.num_children ?? 0); child++) {
    if (!schema[next]) throw new Error('its schema ends early');
    const field = fieldOf(schema, next);
    children.push(field);
    next += field.elements.length;
  }
  const below = (which: 'elements' | 'physical' | 'stored') => children.flatMap((child) => child[which]);
  const field: ParquetField = {
    name: own.name,
    element: own,
    kind: 'value',
    children,
    elements: [own, ...below('elements')],
    physical: [physicalOf(own), ...below('physical')],
    stored: [physicalOf(schema[at]), ...below('stored')],
    json: orNull(jsonOfValue(own)),
  };
  if (isList(own, children)) {
    const [repeated] = children;
    field.kind = 'list';
    for (const [first] of [field.physical, field.stored]) first.converted_type = 'LIST';
    const item = repeated.children[0] ?? { ...repeated, json: orNull(jsonOfValue(repeated.element)) };
    field.children = [item];
    field.json = orNull((values: unknown[]) => `[${values.map(item.json).join(',')}]`);
    field.written = ofThere(item.written !== undefined, (values: unknown[]) => values.map(item.written!));
  } else if (isMap(own, children)) {
    const [{ name, children: pair }] = children;
    field.kind = 'map';
    field.children = pair;
    field.json = orNull((map: Record<string, Record<string, unknown>[]>) => mapText(pair[0], pair[1], map[name]));
    // The reader would make an object of it, whose names are text and have an order of their own; the writer takes it for one only so.
    field.physical[0].converted_type = 'MAP';
    field.written = ofThere(true, (map: Record<string, Record<string, unknown>[]>) =>
      map[name].map((entry) =>
        Object.fromEntries(pair.map((each) => [each.name, each.written ? each.written(entry[each.name]) : entry[each.name]])),
      ),
    );
  } else if (children.length > 0 || own.type === undefined) {
    field.kind = 'struct';
    field.json = orNull((struct: Record<string, unknown>) =>
      objectText(children.map(({ name, json }) => `${quoted(name)}:${json(struct[name])}`)),
    );
    field.written = ofThere(
      children.some(({ written }) => written),
      (struct: Record<string, unknown>) =>
        Object.fromEntries(children.map(({ name, written }) => [name, written ? written(struct[name]) : struct[name]])),
    );
  }
  if (own.repetition_type === 'REPEATED') {
    const { json, written } = field;
    field.json = orNull((values: unknown[]) => `[${values.map(json).join(',')}]`);
    field.written = ofThere(written !== undefined, (values: unknown[]) => values.map(written!));
  }
  return field;
}

/** The columns of a schema. @throws Error for a schema that is none */
export function columnsOf(schema: readonly SchemaElement[], footer: ParquetColumn['footer']): ParquetColumn[] {
  if (!schema.length) throw new Error('it has no schema');
  const columns: ParquetColumn[] = [];
  for (let at = 1; at < schema.length; ) {
    const field = fieldOf(schema, at);
    columns.push(Object.assign(field, { footer }));
    at += field.elements.length;
  }
  return columns;
}

/** A value as JavaScript has it: text, numbers (the nearest ones), lists, objects. */
export function plainValue(column: ParquetField, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (column.kind === 'value' && typeof value === 'string' && column.element.converted_type !== 'JSON') return value;
  return JSON.parse(column.json(value)) as unknown;
}
