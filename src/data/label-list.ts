/**
 * Lists of labels as users write them in one piece: on the command line, in a field of a record, as JSON. What has a structure is taken for
 * what it is, or refused with what was meant: read otherwise, it would become one odd label, or two halves of one, and be scored.
 * A JSON list says exactly which labels there are; every refusal names it as the way out.
 */

import { CsvError, parse } from 'csv-parse/sync';
import { DataError, UsageError } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { codePointName } from '../base/printable.ts';
import { repeatedKey } from '../base/repeated-key.ts';
import { labelSet } from '../text/described-labels.ts';
import type { LabelSet } from '../text/label-texts.ts';
import { abbreviated, cleanLabels } from '../text/labels.ts';
import { parsePythonList } from './python-list.ts';

type ErrorType = typeof UsageError | typeof DataError;

/** What may stand between labels besides `|`, and may as well belong to one. */
const LIKE_SEPARATORS = /[,;\t\r\n，、；]/;

/** A JSON list as it is written, in messages. */
const AS_JSON = '["sport", "politics"]';

/** Labels as a JSON list, in a message. */
const listed = (labels: readonly string[]): string => JSON.stringify(labels.map(abbreviated));

/**
 * The labels of a parsed JSON value: a list of strings, or of objects that have a `label` and nothing else.
 * @throws ErrorType for anything else, naming the label
 */
function labelsOfJson(value: unknown, where: string, ErrorType: ErrorType): string[] {
  if (isObject(value)) {
    const names = Object.keys(value).slice(0, 3).map(abbreviated).join(', ');
    throw new ErrorType(`${where}: a JSON object${names ? ` (of ${names})` : ''}, where a list of labels is expected: ${AS_JSON}`);
  }
  if (!Array.isArray(value)) return cleanLabels(value, where, ErrorType);
  const labels = value.map((item: unknown, at) => {
    if (!isObject(item)) return item;
    const more = Object.keys(item).find((key) => key !== 'label');
    if (more !== undefined)
      throw new ErrorType(`${where}: label ${at + 1} is an object with "${abbreviated(more)}"; only names are read: ${AS_JSON}`);
    return item.label;
  });
  return cleanLabels(labels, where, ErrorType);
}

/** JSON out of text that begins and ends like a list or an object of labels; in records also a list of Python. @throws ErrorType */
function parseLabelJson(text: string, where: string, ErrorType: ErrorType): unknown {
  try {
    const value: unknown = JSON.parse(text);
    const twice = repeatedKey(text);
    if (twice) throw new ErrorType(`${where}: the key "${abbreviated(twice.key)}" is there twice in one object; keep one`);
    return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const python = ErrorType === DataError && text.startsWith('[') ? parsePythonList(text) : undefined;
    if (python) return python;
    throw new ErrorType(`${where}: begins and ends like a JSON list and is none; write ${AS_JSON}, all its quotes kept by the shell`);
  }
}

/** The parts between commas; in double quotes a comma is text. @throws UsageError for quotes that do not fit */
export function splitAtCommas(text: string, where: string): string[] {
  const wrong = () => new UsageError(`${where}: the quotes do not fit; what has a comma in it stands in quotes: "Food, drinks",sport`);
  const read = (options: object): string[] => (parse(text, { trim: true, ...options }) as string[][])[0] ?? [];
  try {
    return read({});
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code !== 'INVALID_OPENING_QUOTE') throw wrong();
  }
  // Quotes inside a label: `the "best" one`. A single one may be half of a pair with a comma in it.
  try {
    const parts = read({ relax_quotes: true });
    if (parts.every((part) => part.split('"').length % 2 === 1)) return parts;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
  }
  throw wrong();
}

/** What begins like JSON of labels. */
const CUT_JSON = /^\{|^\[\s*["[{]/;

/** What is JSON of labels: a list or an object. */
const LIKE_JSON = /^\[.*\]$|^\{.*\}$/s;

/**
 * Labels out of an option of the command line: between commas, where a label with a comma stands in double quotes, or JSON as {@link labelSet} has it.
 * @param where the option, for messages
 * @throws UsageError for what is no list of labels, or looks like one that is written otherwise
 */
export function parseLabels(text: string, where: string): LabelSet {
  const trimmed = text.trim();
  if (LIKE_JSON.test(trimmed)) return labelSet(parseLabelJson(trimmed, where, UsageError), where, UsageError);
  return { labels: labelsBetweenCommas(trimmed, where) };
}

/** Quotes of books and word processors around the whole: a shell takes them for letters. */
const TYPOGRAPHIC = /^([“”„‟«»‘’‚‛]).*[“”‟«»‘’‛]$/su;

function labelsBetweenCommas(trimmed: string, where: string): string[] {
  const [, quote] = TYPOGRAPHIC.exec(trimmed) ?? [];
  if (quote !== undefined)
    throw new UsageError(
      `${where}: ${quote} (${codePointName(quote)}) is a typographic quote, which would be part of the label: type plain quotes, "a,b"`,
    );
  if (/[\r\n]/.test(trimmed))
    throw new UsageError(`${where}: line breaks between labels; put commas between them, or give their file with --labels-file`);
  if (trimmed === '') return cleanLabels([], where);
  if (CUT_JSON.test(trimmed))
    throw new UsageError(`${where}: begins like JSON and is none; write ${AS_JSON}, all its quotes kept by the shell`);
  const labels = cleanLabels(splitAtCommas(trimmed, where), where);
  if (labels[0].startsWith("'") && labels.at(-1)!.endsWith("'"))
    throw new UsageError(`${where}: single quotes are part of the labels here; leave them out or write double quotes`);
  if (labels.length === 1 && (labels[0].includes('|') || (LIKE_SEPARATORS.test(labels[0]) && !labels[0].includes(','))))
    throw new UsageError(
      `${where}: "${abbreviated(labels[0])}" is one label; put commas between several, or write ${listed(labels)} if it is one`,
    );
  return labels;
}

/** How a field of a record is read. */
export interface LabelFieldOptions {
  /** Whether a list may be empty. */
  allowEmpty?: boolean;
  /** What stands between labels where a field is text; `|` unless given, and text with commas or the like is then refused. */
  separator?: string;
}

function splitField(text: string, where: string, separator: string | undefined): string[] {
  if (separator !== undefined) return text.split(separator);
  if (!text.includes('|') && LIKE_SEPARATORS.test(text))
    throw new DataError(
      `${where}: "${abbreviated(text)}" is one label or several; say what stands between labels with --label-separator ("|" if it is one), put | there, or write a JSON list`,
    );
  return text.split('|');
}

/** The choices of an annotator, as Label Studio writes several of them in its short form. */
function choicesIn(value: unknown): unknown {
  return isObject(value) && Object.keys(value).length === 1 && Array.isArray(value.choices) ? value.choices : value;
}

/** The same in the cell of a table. */
function choicesInText(text: string): unknown {
  if (!/^\{\s*"choices"/.test(text)) return text;
  try {
    return choicesIn(JSON.parse(text));
  } catch {
    return text;
  }
}

/**
 * A list of labels out of a field: a list, or text (tables) with the labels between `|` or as JSON.
 * @param where file, line and field, for messages
 * @throws DataError
 */
export function labelList(given: unknown, where: string, { allowEmpty = false, separator }: LabelFieldOptions = {}): string[] {
  const value = typeof given === 'string' ? choicesInText(given.trim()) : choicesIn(given);
  const text = typeof value === 'string' ? value.trim() : undefined;
  if (allowEmpty && (text === '' || text === '[]' || (Array.isArray(value) && value.length === 0))) return [];
  if (text === undefined) return labelsOfJson(value, where, DataError);
  if (/^\[.*\]$/s.test(text)) return labelsOfJson(parseLabelJson(text, where, DataError), where, DataError);
  return cleanLabels(text === '' ? [] : splitField(text, where, separator), where, DataError);
}

/**
 * Candidates out of a field of a record: as {@link labelList}, where labels may say more than their names as {@link labelSet} has it.
 * @param where file, line and field, for messages
 * @throws DataError
 */
export function candidateSet(value: unknown, where: string, { separator }: LabelFieldOptions = {}): LabelSet {
  if (typeof value !== 'string') return labelSet(value, where, DataError);
  const text = value.trim();
  if (LIKE_JSON.test(text)) return labelSet(parseLabelJson(text, where, DataError), where, DataError);
  if (CUT_JSON.test(text)) throw new DataError(`${where}: begins like JSON and is none; write ${AS_JSON}`);
  return { labels: labelList(value, where, { separator }) };
}
