/**
 * Candidate labels out of a file, in the format that its content shows: JSON or YAML (a list, an object of names and what they mean, a tree),
 * JSON one a line, a table with a column `label`, or one label a line. What looks like something else is refused with what was meant.
 */

import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { CsvError, parse as parseCsv } from 'csv-parse/sync';
import { DataError, errorMessage } from '../base/errors.ts';
import { freeHeap } from '../base/free-memory.ts';
import { isObject } from '../base/is-object.ts';
import { repeatedKey } from '../base/repeated-key.ts';
import { LARGEST_YAML, parseYaml, withoutNulls } from '../base/yaml.ts';
import { labelSet } from '../text/described-labels.ts';
import { createEarlier } from '../text/earlier-text.ts';
import type { LabelPlaces } from '../text/label-places.ts';
import type { LabelSet } from '../text/label-texts.ts';
import { abbreviated, cleanLabels } from '../text/labels.ts';
import { type LabelLine, type LabelLines, labelLines } from './label-lines.ts';

/** Larger label files are no label files. */
const LARGEST_LABEL_FILE = 64 * 1024 * 1024;
const MOST_LINES = 1_000_000;

/**
 * Bytes of JavaScript's heap that are taken while a file is read, beside those of its text: a name, a row of a table of names and one that says
 * more, a string of JSON that may say more and one of a tree. By the smallest heap with which 200,000 labels of each were read, and a little more.
 */
const HEAP_OF = { name: 72, row: 250, describedRow: 1100, string: 530, treeString: 1600 } as const;

/** The byte order mark, which some editors write. */
const MARK = Buffer.from('\uFEFF');

const DASH = /^-\s/;
const LIST_ITEM = /^[*•]\s/;
const NUMBERED = /^(\d+)[.)]\s/;
/** A YAML scalar that is what it says, without quotes, comments and the like. */
const PLAIN_SCALAR = /^[\p{L}\p{N}][^:#]*$/u;

/** Where labels stand that are a line each. */
const placesOf = (lines: LabelLines): LabelPlaces => ({ lineOf: (at) => lines.line(at).number });

const wrong = (path: string, { number }: LabelLine, what: string): DataError => new DataError(`${path}, line ${number}: ${what}`);

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
      `${path}, line ${found.line + firstLine - 1}: the key "${abbreviated(found.key)}" is there twice in one object${found.firstLine < found.line ? ` (before in line ${found.firstLine + firstLine - 1})` : ''}; keep one`,
    );
}

/**
 * @param parts labels, or the strings of JSON
 * @param copies how often the text is held meanwhile
 * @throws DataError where JavaScript's heap has no room for so many labels: it would end the process in the middle, without a word of ours
 */
function checkHeap(bytes: Buffer, path: string, parts: number, each: number, copies = 1): void {
  const [needed, free] = [copies * bytes.length + parts * each, freeHeap()].map((size) => Math.ceil(size / 1e6));
  if (needed <= free) return;
  throw new DataError(
    `${path}: to read so many labels takes some ${needed} MB of JavaScript's heap, of which ${free} are free; give it more: NODE_OPTIONS=--max-old-space-size=${needed + 50}`,
  );
}

/** How many of a byte there are. */
function countOf(bytes: Buffer, character: string): number {
  let count = 0;
  for (let at = bytes.indexOf(character); at >= 0; at = bytes.indexOf(character, at + 1)) count++;
  return count;
}

/** Whether JSON that has objects looks like labels that are kinds of others. */
const isLikeTree = (bytes: Buffer): boolean =>
  bytes.includes('"children"') ||
  (bytes.toString('latin1', 0, 100).trimStart().startsWith('{') &&
    !bytes.includes('"label"') &&
    (bytes.includes('[') || countOf(bytes, '{') > 1));

/** {@link checkHeap} of JSON. @throws as checkHeap */
function checkHeapOfJson(bytes: Buffer, path: string): void {
  const strings = Math.ceil(countOf(bytes, '"') / 2);
  const each = !bytes.includes('{') ? HEAP_OF.name : isLikeTree(bytes) ? HEAP_OF.treeString : HEAP_OF.string;
  checkHeap(bytes, path, strings, each, 2);
}

/** Whether a line is a JSON list or object. */
const isJsonLine = ({ text }: LabelLine): boolean => /^[[{]/.test(text) && tryJson(text) !== undefined;

/** Text that begins like JSON: one value, or one a line. */
function jsonLabels(text: string, lines: LabelLines, path: string): LabelSet {
  const whole = tryJson(text);
  if (whole) {
    refuseRepeated(text, path);
    return labelSet(whole.value, path, DataError, { text });
  }
  const [odd] = lines.firstOf((line) => !tryJson(line.text));
  if (lines.count > 1 && !odd) {
    const values = lines.map(({ text: json, number }) => {
      refuseRepeated(json, path, number);
      return JSON.parse(json);
    });
    return labelSet(values, path, DataError, placesOf(lines));
  }
  if (odd && isJsonLine(lines.line(0)))
    throw wrong(path, odd, 'not JSON, as the lines before it are; write all labels as JSON, one a line');
  throw new DataError(`${path}: begins like JSON and is none; write a JSON list, ["sport", "politics"], or one label a line`);
}

/** Lines of which some are in quotes, as JSON and tables write text. */
function quotedLabels(lines: LabelLines, path: string): string[] {
  const unquoted = (line: LabelLine): unknown => {
    if (!line.text.startsWith('"')) return line.text;
    const json = tryJson(line.text);
    if (json) return json.value;
    if (/^"(?:[^"]|"")*"$/.test(line.text)) return line.text.slice(1, -1).replaceAll('""', '"');
    throw wrong(path, line, 'begins with a quote and is no label in quotes; write one label a line, or a JSON list with [ and ]');
  };
  return cleanLabels(lines.map(unquoted), path, DataError, placesOf(lines));
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
  return labelSet(withoutNulls(value), path, DataError, { text });
}

/** Lines of which the first begins with a dash: a YAML list, of names alone or of more. */
function dashLabels(text: () => string, lines: LabelLines, path: string): LabelSet {
  const itemOf = (line: LabelLine): string => line.text.slice(1).trim();
  const [odd, more] = lines.firstOf(
    (line) => !line.isIndented && !DASH.test(line.text) && line.text !== '-',
    (line) => line.isIndented || (itemOf(line) !== '' && !PLAIN_SCALAR.test(itemOf(line))),
  );
  if (odd) throw wrong(path, odd, 'not an item of the YAML list that the file begins as');
  return more ? yamlLabels(text(), path) : { labels: cleanLabels(lines.map(itemOf), path, DataError, placesOf(lines)) };
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
function tableLabels(text: string, header: LabelLine, path: string): LabelSet {
  if (!isHeader(header.text))
    throw wrong(path, header, 'no column "label" in the header of the table; labels without a header go into a .txt file, one a line');
  const names = cells(header.text).map((name) => (name === 'labels' ? 'label' : name));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw wrong(path, header, `the column "${abbreviated(twice)}" is there twice`);
  const others = names.filter((name) => !COLUMNS.includes(name)).map((name) => `"${abbreviated(name)}"`);
  if (others.length > 0)
    throw wrong(path, header, `besides "label" there is ${others.join(', ')}; a table of labels has ${COLUMNS.join(', ')}`);
  try {
    // Not as rows with what is known of each, which of a million take a gigabyte.
    const found: string[][] = [];
    const endOf: number[] = [];
    parseCsv(text, {
      delimiter: delimiterOf(header.text, path),
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      trim: true,
      on_record: (record: string[], { lines }) => {
        found.push(record);
        endOf.push(lines);
        return null;
      },
    });
    const labels = found.slice(1).map((record) => {
      if (names.length === 1) return record[0];
      return Object.fromEntries(names.map((name, at) => [name, record[at]]));
    });
    return labelSet(labels, path, DataError, { lineOf: (at) => endOf[at + 1] });
  } catch (error) {
    if (error instanceof CsvError)
      throw new DataError(
        `${path}: not a table of ${names.length === 1 ? 'one column' : names.join(', ')}: ${error.message}; a label with a comma stands in double quotes`,
      );
    throw error;
  }
}

/** Whether all of some lines look like a name and what it means. */
function areDescribed(lines: LabelLines): boolean {
  const nameOf = ({ text }: LabelLine): string | undefined => /^([^:]+):(?:\s|$)/.exec(text)?.[1];
  if (!lines.every((line) => nameOf(line) !== undefined)) return false;
  const names = lines.map((line) => nameOf(line)!);
  const earlier = createEarlier(names);
  return names.every((_, at) => earlier(at) === undefined) && lines.firstOf(({ text }) => !text.endsWith(':'))[0] !== undefined;
}

/** Whether all of some lines look like rows of a table, with as many cells each. */
function areRows(lines: LabelLines): boolean {
  return [',', ';'].some((separator) => {
    const cellsOf = ({ text }: LabelLine): number => text.split(separator).length;
    const first = cellsOf(lines.line(0));
    return first > 1 && lines.every((line) => cellsOf(line) === first);
  });
}

/** One label a line. */
function plainLabels(lines: LabelLines, path: string): string[] {
  const first = lines.line(0);
  let at = 0;
  const areNumbered = lines.count > 1 && lines.every(({ text }) => NUMBERED.exec(text)?.[1] === String(++at));
  if (LIST_ITEM.test(first.text) || areNumbered)
    throw wrong(path, first, `"${abbreviated(first.text)}" is an item of a list; write the labels alone, one a line`);
  const [dash, json, tab] = lines.firstOf(
    ({ text }) => DASH.test(text),
    isJsonLine,
    ({ text }) => text.includes('\t'),
  );
  if (dash)
    throw wrong(path, dash, 'begins with a dash as in a YAML list, which other lines do not; write one label a line, or - before each');
  if (json) throw wrong(path, json, 'JSON among lines that are none; write all labels as JSON, one a line, or none of them');
  if (tab) throw wrong(path, tab, 'a tab; write one label a line, or a table with a column "label"');
  const isOne = lines.count === 1 && /[,;|，、；]/.test(first.text);
  if (isOne || first.text.endsWith(','))
    throw wrong(
      path,
      first,
      `"${abbreviated(first.text)}" is one label or several; write one a line, or a JSON list: ["sport", "politics"]`,
    );
  const asLabel = `if it is one label, write a JSON list: [${JSON.stringify(abbreviated(first.text))}, ...]`;
  if (lines.count > 1 && areDescribed(lines))
    throw wrong(
      path,
      first,
      `"${abbreviated(first.text)}" looks like a name and what it means, as do all lines: end the file's name in .yaml; ${asLabel}`,
    );
  if (lines.count > 1 && areRows(lines))
    throw wrong(
      path,
      first,
      `"${abbreviated(first.text)}" looks like a row of a table, as do all lines: write label,description above them; ${asLabel}`,
    );
  return cleanLabels(
    lines.map(({ text }) => text),
    path,
    DataError,
    placesOf(lines),
  );
}

/**
 * Labels out of the bytes of a file, UTF-8 without its mark.
 * @param path names the file in messages; its ending tells tables and YAML
 * @throws DataError naming file and line
 */
export function labelsOfBytes(bytes: Buffer, path: string): LabelSet {
  const extension = extname(path).toLowerCase();
  const lines = labelLines(bytes, MOST_LINES);
  if (!lines) throw new DataError(`${path}: more than ${MOST_LINES} lines are no list of labels`);
  if (lines.count === 0) return { labels: cleanLabels([], path, DataError) };
  const first = lines.line(0);
  // Plain lines are never one text.
  const text = () => bytes.toString('utf8');
  const isYaml = extension === '.yaml' || extension === '.yml' || first.text === '---';
  if (/^[[{]/.test(first.text) || (tryJson(first.text) && lines.firstOf(isJsonLine)[0])) {
    checkHeapOfJson(bytes, path);
    return jsonLabels(text(), lines, path);
  }
  if (isYaml || DASH.test(first.text)) {
    const items = lines.filter((line) => line.text !== '---' && !line.text.startsWith('#'));
    if (items.count > 0 && DASH.test(items.line(0).text)) {
      checkHeap(bytes, path, items.count, HEAP_OF.name);
      return dashLabels(text, items, path);
    }
    if (isYaml) return yamlLabels(text(), path);
  }
  if (first.text.endsWith(':') && lines.firstOf((line) => line.number > first.number && DASH.test(line.text))[0])
    throw wrong(path, first, 'a YAML list under a name; write the list alone');
  if (extension === '.csv' || extension === '.tsv' || isHeader(first.text)) {
    checkHeap(bytes, path, lines.count - 1, cells(first.text).length > 1 ? HEAP_OF.describedRow : HEAP_OF.row, 2);
    return tableLabels(text(), first, path);
  }
  checkHeap(bytes, path, lines.count, HEAP_OF.name);
  const [quote] = lines.firstOf((line) => line.text.startsWith('"'));
  return { labels: quote ? quotedLabels(lines, path) : plainLabels(lines, path) };
}

/** Labels of a file. @throws DataError naming file and line of what is no list of labels */
export function readLabelsFile(path: string): LabelSet {
  let bytes: Buffer;
  try {
    if (statSync(path).size > LARGEST_LABEL_FILE) throw new Error('too large for a list of labels');
    bytes = readFileSync(path);
    if (bytes.length > 1 && [0xfffe, 0xfeff].includes(bytes.readUInt16BE())) throw new Error('it looks like UTF-16; convert it to UTF-8');
    if (!isUtf8(bytes)) throw new Error('not UTF-8 text; convert it to UTF-8');
  } catch (error) {
    throw new DataError(`cannot read the labels ${path}: ${errorMessage(error)}`);
  }
  return labelsOfBytes(bytes.subarray(bytes.subarray(0, MARK.length).equals(MARK) ? MARK.length : 0), path);
}
