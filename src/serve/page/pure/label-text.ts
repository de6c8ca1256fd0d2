/**
 * Labels as text that people type and paste: one a line, those that are kinds of another indented below it, `name: what it means`; or YAML and JSON
 * as `glz predict` takes them. Lines that YAML would run together (two without a colon) are labels here, so YAML is left to its parser only where a
 * text has what lines have not.
 */
import { UsageError } from '../../../base/errors.ts';
import { repeatedKey } from '../../../base/repeated-key.ts';
import { parseYaml, withoutNulls } from '../../../base/yaml.ts';
import { type LabelInput, labelInputs } from '../../../text/described-labels.ts';

/** A label of which more is said than its name. */
type SaidLabel = Exclude<LabelInput, string>;

/** A line with a label. */
interface LabelLine {
  /** Columns before it; what stands behind a dash is further in than the dash. */
  indent: number;
  name: string;
  description?: string;
  /** Whether it has what lines have not: a list or an object in brackets, a text over several lines, a field of a label. */
  isYaml: boolean;
}

/** Fields of a label. */
const FIELDS = new Set(['label', 'description', 'examples', 'parent', 'children']);

/** Columns from one tab to the next. */
const TAB = 4;

const BULLET = /^[-*\u2022](?:\s+|$)/;
const COMMENT = /^#(?:\s|$)/;
const QUOTED = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?::(?:\s+(.*))?)?$/;
const NAMED = /^(.*?\S)\s*:(?:\s+(.*))?$/;

/** A list or an object, or what begins as one; not `[draft] letters`. */
const LIKE_JSON = /^\s*(?:\{|\[\s*["[{]|\[[\s\S]*\]\s*$)/;

/** A text in quotes without them, else the text. */
function unquoted(text: string): string {
  if (/^'(?:[^']|'')*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (!/^"(?:[^"\\]|\\.)*"$/.test(text)) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

function indentOf(line: string): number {
  let columns = 0;
  for (const character of /^\s*/.exec(line)![0]) columns += character === '\t' ? TAB - (columns % TAB) : 1;
  return columns;
}

/** Nothing of lines that are blank or a comment. */
function labelLine(line: string): LabelLine | undefined {
  const text = line.trim();
  if (text === '' || COMMENT.test(text)) return undefined;
  const bullet = BULLET.exec(text)?.[0] ?? '';
  const said = text.slice(bullet.length);
  if (said === '') return undefined;
  const indent = indentOf(line) + bullet.length;
  const isQuoted = QUOTED.test(said);
  const [, name, given] = (isQuoted ? QUOTED : NAMED).exec(said) ?? [said, said];
  const meaning = given?.trim();
  const isField = !isQuoted && name !== said && FIELDS.has(name);
  return {
    ...{ indent, name: unquoted(name), isYaml: text === '---' || isField || /^(?:[[{]|[|>][-+\d]*$)/.test(meaning ?? '') },
    ...(meaning === undefined || /^(?:null|~)?$/i.test(meaning) ? {} : { description: unquoted(meaning) }),
  };
}

const linesOf = (text: string): LabelLine[] => text.split(/\r\n|\n|\r/).flatMap((line) => labelLine(line) ?? []);

/** Labels of lines; each below the last one before it that is less indented. */
function linesValue(lines: readonly LabelLine[]): SaidLabel[] {
  const top: SaidLabel[] = [];
  const open: { indent: number; children: LabelInput[] }[] = [];
  for (const { indent, name, description } of lines) {
    while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
    const children: LabelInput[] = [];
    (open.at(-1)?.children ?? top).push({ label: name, ...(description === undefined ? {} : { description }), children });
    open.push({ indent, children });
  }
  return top;
}

function jsonValue(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError('labels: they begin like JSON and are none; write ["sport", "politics"], or one label a line');
  }
  const twice = repeatedKey(text);
  if (twice) throw new UsageError(`labels, line ${twice.line}: the key "${twice.key}" is there twice in one object; keep one`);
  return value;
}

const yamlValue = (text: string): unknown => withoutNulls(parseYaml(text, 'labels', 'failsafe'));

/** Labels of a text, checked as the server checks them; none of a blank one. @throws UsageError that says what is wrong */
export function readLabels(text: string): LabelInput[] {
  if (text.trim() === '') return [];
  if (LIKE_JSON.test(text)) return labelInputs(jsonValue(text), 'labels', UsageError);
  const lines = linesOf(text);
  if (lines.length === 0) return [];
  return labelInputs(lines.some(({ isYaml }) => isYaml) ? yamlValue(text) : linesValue(lines), 'labels', UsageError);
}

/** Names of lines that say nothing else, repetitions left out; undefined for a text that does, or is JSON. */
export function plainNames(text: string): string[] | undefined {
  const lines = linesOf(text);
  const isPlain = lines.every(({ indent, isYaml, description }) => indent === lines[0].indent && !isYaml && description === undefined);
  return LIKE_JSON.test(text) || !isPlain ? undefined : [...new Set(lines.map(({ name }) => name))];
}

/** Labels of a file, by its ending. @throws UsageError */
export const labelsOfFile = (name: string, text: string): LabelInput[] =>
  /\.ya?ml$/i.test(name) ? labelInputs(yamlValue(text), 'labels', UsageError) : readLabels(text);

/** Whether nothing is said but names, on one level. */
export const areNames = (labels: readonly LabelInput[]): labels is readonly string[] => labels.every((label) => typeof label === 'string');

/** A line that is read as this name and description. */
function lineOf(name: string, description: string | undefined): string {
  const written = (first: string, second = description): string => (second === undefined ? first : `${first}: ${second}`);
  const isRead = (line: string): boolean => {
    if (/^[[{]|[\r\n]/.test(line)) return false;
    const read = labelLine(line);
    return read?.indent === 0 && !read.isYaml && read.name === name && read.description === description;
  };
  const quoted = JSON.stringify(name);
  const tries = [written(name), written(quoted), written(name, JSON.stringify(description)), written(quoted, JSON.stringify(description))];
  return tries.find(isRead) ?? tries[3];
}

/** Labels as a text of which {@link readLabels} makes the same: lines, or JSON where labels have examples. */
export function writtenLabels(labels: readonly LabelInput[]): string {
  const hasExamples = (all: readonly LabelInput[]): boolean =>
    all.some((label) => typeof label !== 'string' && (label.examples?.length || hasExamples(label.children ?? [])));
  if (hasExamples(labels)) return JSON.stringify(labels, null, 2);
  const lines = (all: readonly LabelInput[], depth: number): string[] =>
    all.flatMap((label) => {
      const { label: name, description, children } = typeof label === 'string' ? ({ label } as SaidLabel) : label;
      return ['  '.repeat(depth) + lineOf(name, description ?? undefined), ...lines(children ?? [], depth + 1)];
    });
  return lines(labels, 0).join('\n');
}
