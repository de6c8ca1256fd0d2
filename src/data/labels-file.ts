/**
 * Candidate labels out of a file, in the format that its content shows: JSON or YAML (a list, an object of names and what they mean, a tree),
 * JSON one a line, a table with a column `label`, or one label a line. What looks like something else is refused with what was meant.
 */

import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { CsvError, parse as parseCsv } from 'csv-parse/sync';
import { DataError, errorMessage } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { repeatedKey } from '../base/repeated-key.ts';
import { LARGEST_YAML, parseYaml, withoutNulls } from '../base/yaml.ts';
import { labelSet } from '../text/described-labels.ts';
import type { LabelSet } from '../text/label-texts.ts';
import { abbreviated, cleanLabels } from '../text/labels.ts';

/** Larger label files are no label files. */
const LARGEST_LABEL_FILE = 64 * 1024 * 1024;
const MOST_LINES = 1_000_000;

/** A line that is not blank. */
interface Line {
  /** From 1. */
  number: number;
  /** Trimmed. */
  text: string;
  isIndented: boolean;
}

const DASH = /^-\s/;
const LIST_ITEM = /^[*•]\s/;
const NUMBERED = /^(\d+)[.)]\s/;
/** A YAML scalar that is what it says, without quotes, comments and the like. */
const PLAIN_SCALAR = /^[\p{L}\p{N}][^:#]*$/u;

const wrong = (path: string, { number }: Line, what: string): DataError => new DataError(`${path}, line ${number}: ${what}`);

function tryJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** @throws DataError for a key that is there twice: only the last would count */
function refuseRepeated(json: string, path: string, firstLine = 1): void {
  const found = repeatedKey(json);
  if (found)
    throw new DataError(
      `${path}, line ${found.line + firstLine - 1}: the key "${abbreviated(found.key)}" is there twice in one object; keep one`,
    );
}

/** Whether a line is a JSON list or object. */
const isJsonLine = ({ text }: Line): boolean => /^[[{]/.test(text) && tryJson(text) !== undefined;

/** Text that begins like JSON: one value, or one a line. */
function jsonLabels(text: string, lines: readonly Line[], path: string): LabelSet {
  const whole = tryJson(text);
  if (whole) {
    refuseRepeated(text, path);
    return labelSet(whole.value, path, DataError);
  }
  const values = lines.map((line) => tryJson(line.text));
  const odd = values.indexOf(undefined);
  if (lines.length > 1 && odd < 0) {
    for (const { text: json, number } of lines) refuseRepeated(json, path, number);
    return labelSet(
      values.map((each) => each!.value),
      path,
      DataError,
      (at) => `${path}, line ${lines[at].number}: label ${at + 1}`,
    );
  }
  if (odd > 0 && isJsonLine(lines[0]))
    throw wrong(path, lines[odd], 'not JSON, as the lines before it are; write all labels as JSON, one a line');
  throw new DataError(`${path}: begins like JSON and is none; write a JSON list, ["sport", "politics"], or one label a line`);
}

/** Lines of which some are in quotes, as JSON and tables write text. */
function quotedLabels(lines: readonly Line[], path: string): string[] {
  const unquoted = (line: Line): unknown => {
    if (!line.text.startsWith('"')) return line.text;
    const json = tryJson(line.text);
    if (json) return json.value;
    if (/^"(?:[^"]|"")*"$/.test(line.text)) return line.text.slice(1, -1).replaceAll('""', '"');
    throw wrong(path, line, 'begins with a quote and is no label in quotes; write one label a line, or a JSON list with [ and ]');
  };
  return cleanLabels(lines.map(unquoted), path, DataError);
}

/** A whole YAML list or object of labels. */
function yamlLabels(text: string, path: string): LabelSet {
  if (text.length > LARGEST_YAML)
    throw new DataError(
      `${path}: YAML of more than ${LARGEST_YAML} characters; write so many labels as JSON, or as a table with the columns label, description`,
    );
  let value: unknown;
  try {
    value = parseYaml(text, path, 'failsafe');
  } catch (error) {
    throw new DataError(errorMessage(error));
  }
  const names = isObject(value) ? Object.keys(value) : [];
  if (names.length === 1 && /^(candidate_)?labels$/i.test(names[0]))
    throw new DataError(`${path}: a YAML list under the name "${names[0]}"; write the list alone`);
  if (typeof value === 'string')
    throw new DataError(`${path}: not a YAML list of labels; write "- sport", one a line, or "sport: what it means"`);
  return labelSet(withoutNulls(value), path, DataError);
}

/** Lines of which the first begins with a dash: a YAML list, of names alone or of more. */
function dashLabels(text: string, lines: readonly Line[], path: string): LabelSet {
  const odd = lines.find((line) => !line.isIndented && !DASH.test(line.text) && line.text !== '-');
  if (odd) throw wrong(path, odd, 'not an item of the YAML list that the file begins as');
  const items = lines.map((line) => line.text.slice(1).trim());
  const isPlain = lines.every(({ isIndented }) => !isIndented) && items.every((item) => item === '' || PLAIN_SCALAR.test(item));
  return isPlain ? { labels: cleanLabels(items, path, DataError) } : yamlLabels(text, path);
}

const cells = (line: string): string[] => line.split(/[,;\t]/).map((cell) => cell.replaceAll('"', '').trim().toLowerCase());

/** Whether a line is the header of a table of labels. */
const isHeader = (line: string): boolean => {
  const names = cells(line);
  return names.includes('label') || (names.length === 1 && names[0] === 'labels');
};

/** Columns that a table of labels may have. */
const COLUMNS = ['label', 'description', 'parent'];

/** What stands between the columns: what the header has most of. */
function delimiterOf(header: string, path: string): string {
  if (extname(path).toLowerCase() === '.tsv') return '\t';
  const count = (separator: string) => header.split(separator).length;
  return [',', ';', '\t'].reduce((most, each) => (count(each) > count(most) ? each : most));
}

/** A table whose header has the column `label`, and what the labels mean, and what they are kinds of. */
function tableLabels(text: string, lines: readonly Line[], path: string): LabelSet {
  const [header] = lines;
  if (!isHeader(header.text))
    throw wrong(path, header, 'no column "label" in the header of the table; labels without a header go into a .txt file, one a line');
  const names = cells(header.text).map((name) => (name === 'labels' ? 'label' : name));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw wrong(path, header, `the column "${abbreviated(twice)}" is there twice`);
  const others = names.filter((name) => !COLUMNS.includes(name)).map((name) => `"${abbreviated(name)}"`);
  if (others.length > 0)
    throw wrong(path, header, `besides "label" there is ${others.join(', ')}; a table of labels has ${COLUMNS.join(', ')}`);
  try {
    const rows = parseCsv(text, {
      info: true,
      delimiter: delimiterOf(header.text, path),
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    const found = rows.slice(1);
    const labels = found.map(({ record }) => Object.fromEntries(names.map((name, at) => [name, record[at]])));
    const spotOf = (at: number) => `${path}, line ${found[at].info.lines}: label ${at + 1}`;
    return labelSet(names.length === 1 ? labels.map(({ label }) => label) : labels, path, DataError, spotOf);
  } catch (error) {
    if (error instanceof CsvError)
      throw new DataError(
        `${path}: not a table of ${names.length === 1 ? 'one column' : names.join(', ')}: ${error.message}; a label with a comma stands in double quotes`,
      );
    throw error;
  }
}

/** Whether all of some lines look like a name and what it means. */
function areDescribed(lines: readonly Line[]): boolean {
  const names = lines.map(({ text }) => /^([^:]+):(?:\s|$)/.exec(text)?.[1]);
  return new Set(names).size === lines.length && !names.includes(undefined) && lines.some(({ text }) => !text.endsWith(':'));
}

/** Whether all of some lines look like rows of a table, with as many cells each. */
function areRows(lines: readonly Line[]): boolean {
  const counts = [',', ';'].map((separator) => new Set(lines.map(({ text }) => text.split(separator).length)));
  return counts.some((count) => count.size === 1 && !count.has(1));
}

/** One label a line. */
function plainLabels(lines: readonly Line[], path: string): string[] {
  const [first] = lines;
  const item =
    LIST_ITEM.test(first.text) || (lines.length > 1 && lines.every(({ text }, at) => NUMBERED.exec(text)?.[1] === String(at + 1)));
  if (item) throw wrong(path, first, `"${abbreviated(first.text)}" is an item of a list; write the labels alone, one a line`);
  const dash = lines.find(({ text }) => DASH.test(text));
  if (dash)
    throw wrong(path, dash, 'begins with a dash as in a YAML list, which other lines do not; write one label a line, or - before each');
  const json = lines.find(isJsonLine);
  if (json) throw wrong(path, json, 'JSON among lines that are none; write all labels as JSON, one a line, or none of them');
  const tab = lines.find(({ text }) => text.includes('\t'));
  if (tab) throw wrong(path, tab, 'a tab; write one label a line, or a table with a column "label"');
  const isOne = lines.length === 1 && /[,;|，、；]/.test(first.text);
  if (isOne || first.text.endsWith(','))
    throw wrong(
      path,
      first,
      `"${abbreviated(first.text)}" is one label or several; write one a line, or a JSON list: ["sport", "politics"]`,
    );
  const asLabel = `if it is one label, write a JSON list: [${JSON.stringify(abbreviated(first.text))}, ...]`;
  if (lines.length > 1 && areDescribed(lines))
    throw wrong(
      path,
      first,
      `"${abbreviated(first.text)}" looks like a name and what it means, as do all lines: end the file's name in .yaml; ${asLabel}`,
    );
  if (lines.length > 1 && areRows(lines))
    throw wrong(
      path,
      first,
      `"${abbreviated(first.text)}" looks like a row of a table, as do all lines: write label,description above them; ${asLabel}`,
    );
  return cleanLabels(
    lines.map(({ text }) => text),
    path,
    DataError,
  );
}

/**
 * Labels out of the text of a file.
 * @param path names the file in messages; its ending tells tables and YAML
 * @throws DataError naming file and line
 */
export function labelsOfText(text: string, path: string): LabelSet {
  const extension = extname(path).toLowerCase();
  const all = text.split(/\r\n|\n|\r/, MOST_LINES + 2);
  if (all.at(-1) === '') all.pop(); // what is behind the last line's end
  if (all.length > MOST_LINES) throw new DataError(`${path}: more than ${MOST_LINES} lines are no list of labels`);
  const lines = all
    .map((line, at): Line => ({ number: at + 1, text: line.trim(), isIndented: /^\s/.test(line) }))
    .filter((line) => line.text !== '');
  if (lines.length === 0) return { labels: cleanLabels([], path, DataError) };
  const isYaml = extension === '.yaml' || extension === '.yml' || lines[0].text === '---';
  if (/^[[{]/.test(lines[0].text) || (tryJson(lines[0].text) && lines.some(isJsonLine))) return jsonLabels(text, lines, path);
  if (isYaml || DASH.test(lines[0].text)) {
    const items = lines.filter((line) => line.text !== '---' && !line.text.startsWith('#'));
    if (items.length > 0 && DASH.test(items[0].text)) return dashLabels(text, items, path);
    if (isYaml) return yamlLabels(text, path);
  }
  if (lines[0].text.endsWith(':') && lines.slice(1).some((line) => DASH.test(line.text)))
    throw wrong(path, lines[0], 'a YAML list under a name; write the list alone');
  if (extension === '.csv' || extension === '.tsv' || isHeader(lines[0].text)) return tableLabels(text, lines, path);
  return { labels: lines.some((line) => line.text.startsWith('"')) ? quotedLabels(lines, path) : plainLabels(lines, path) };
}

/** Labels of a file. @throws DataError naming file and line of what is no list of labels */
export function readLabelsFile(path: string): LabelSet {
  let text: string;
  try {
    if (statSync(path).size > LARGEST_LABEL_FILE) throw new Error('too large for a list of labels');
    const bytes = readFileSync(path);
    if (bytes.length > 1 && [0xfffe, 0xfeff].includes(bytes.readUInt16BE())) throw new Error('it looks like UTF-16; convert it to UTF-8');
    if (!isUtf8(bytes)) throw new Error('not UTF-8 text; convert it to UTF-8');
    text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new DataError(`cannot read the labels ${path}: ${errorMessage(error)}`);
  }
  return labelsOfText(text, path);
}
