/** Integer labels as the labels that they stand for. Knows values of fields; nothing of records and files. */
import { DataError } from '../../base/errors.ts';
import { parsePythonList } from '../python-list.ts';

const isNumber = (value: unknown): value is number | string =>
  typeof value === 'number' || (typeof value === 'string' && /^\s*-?\d+\s*$/.test(value));

/** A note on labels that all are numbers, as tables have them; undefined for others. @param source names them */
export function numbersNote(labels: readonly string[], source: string): string | undefined {
  if (labels.length === 0 || !labels.every(isNumber)) return undefined;
  const some = labels.slice(0, 3).join(', ');
  return `note: the labels of ${source} are numbers (${some}${labels.length > 3 ? ', ...' : ''}), which mean nothing to a model; --label-names says what they stand for`;
}

/** Several numbers in one text: a list of JSON or Python, or with a separator in between. */
function numbersIn(text: string, separator: string): unknown[] | undefined {
  const parts = /^\s*\[.*\]\s*$/s.test(text) ? parsePythonList(text) : text.includes(separator) ? text.split(separator) : undefined;
  return parts?.every(isNumber) ? parts : undefined;
}

/** A label of a number. @throws DataError where there is none */
function nameOf(value: number | string, names: readonly string[], where: string): string {
  const number = Number(value);
  if (number === -1) throw new DataError(`${where}: -1, which says that the text has no label`);
  const name = names[number];
  if (name === undefined) throw new DataError(`${where}: ${number} has no name; there are ${names.length}, for 0 to ${names.length - 1}`);
  return name;
}

/**
 * A field of labels with names for numbers; what is no number stays as it is.
 * @param names of the numbers, where they are known
 * @throws DataError for a number that has no name, and for numbers of which no names are known
 */
export function namedLabels(value: unknown, names: readonly string[] | undefined, where: string, separator = '|'): unknown {
  const list = Array.isArray(value) ? (value as unknown[]) : typeof value === 'string' ? numbersIn(value, separator) : undefined;
  if (!names) {
    const all: unknown[] = [value].flat();
    if (all.length && all.every((each) => typeof each === 'number'))
      throw new DataError(`${where}: the label is a number, ${all[0]}; say what the numbers stand for with --label-names a,b,c`);
    return value;
  }
  if (list) return list.map((each) => (isNumber(each) ? nameOf(each, names, where) : each));
  return isNumber(value) ? nameOf(value, names, where) : value;
}
