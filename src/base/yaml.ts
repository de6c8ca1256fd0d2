/** YAML of settings files, bounded: for a megabyte of brackets the parser takes minutes, or the whole process with it. */
import { LineCounter, parseDocument } from 'yaml';
import { errorMessage, UsageError } from './errors.ts';
import { quoted } from './printable.ts';

/** Larger files are no settings: the largest here has 10 kB, and what some texts cost grows with the square of their length. */
export const LARGEST_YAML = 1 << 16;
/** Deepest nesting: open brackets, marks in a row, columns of indentation. */
const MOST_BRACKETS = 32;
const MOST_MARKS = 32;
const DEEPEST_INDENT = 256;

/** What of a text is nested deeper than settings are. Strings and comments count too: none holds so many open brackets. */
function excessOf(text: string, largest: number): string | undefined {
  if (text.length > largest) return `${largest} characters`;
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') {
      if (++depth > MOST_BRACKETS) return `${MOST_BRACKETS} open brackets`;
    } else if ((character === ']' || character === '}') && depth > 0) depth--;
  }
  for (const line of text.split('\n')) {
    const indent = /^[ \t]*/.exec(line)![0].length;
    if (indent > DEEPEST_INDENT) return `${DEEPEST_INDENT} columns of indentation`;
    const words = line.slice(indent).split(/[ \t]+/, MOST_MARKS + 1);
    if (words.length > MOST_MARKS && words.every((word) => /^(?:[-?:]|[&!].*)$/.test(word))) return `${MOST_MARKS} marks in a row`;
  }
  return undefined;
}

/** What is said of a key that stands at a place for the second time. @param line of the place, @param column from 1 */
function repeatedKey(text: string, line: number, column: number): string {
  const lines = text.split('\n');
  const [own] = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^:]*)/.exec(lines[line - 1].slice(column - 1))!;
  const before = lines.slice(0, line - 1).findLastIndex((each) => each.slice(column - 1).startsWith(`${own}:`));
  return `the key ${quoted(own.replace(/^(["'])(.*)\1$/, '$2').trim())} is there twice in one object${before < 0 ? '' : ` (before in line ${before + 1})`}; keep one`;
}

/**
 * Parses a settings file.
 * @param schema failsafe: every scalar is text
 * @param largest most characters
 * @throws UsageError that begins with `where` when it is no YAML, too large or nested too deeply
 */
export function parseYaml(text: string, where: string, schema: 'core' | 'failsafe' = 'core', largest = LARGEST_YAML): unknown {
  const excess = excessOf(text, largest);
  if (excess !== undefined) throw new UsageError(`${where}: more than ${excess}: these are no settings`);
  const lineCounter = new LineCounter();
  const bad = (error: unknown, place = ''): UsageError => new UsageError(`${where}: not YAML${place}: ${errorMessage(error)}`);
  try {
    // The parser's own messages show the lines around, anew for each of a hundred thousand errors.
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'error', lineCounter, schema });
    const [error] = document.errors;
    if (error) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      if (error.code === 'DUPLICATE_KEY') throw new UsageError(`${where}, line ${line}: ${repeatedKey(text, line, col)}`);
      throw bad(error, `, line ${line}, column ${col}`);
    }
    return document.toJS();
  } catch (error) {
    throw error instanceof UsageError ? error : bad(error);
  }
}

/** Deeper values are refused by what reads them; a circle has no end. */
const DEEPEST = 40;

/** A value of the schema `failsafe`, with '' where YAML says null, which is text to a parser that takes every scalar for text. */
export function withoutNulls(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return depth > 0 && /^(null|Null|NULL|~)$/.test(value) ? '' : value;
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => (typeof each === 'string' ? each : withoutNulls(each, depth + 1)));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutNulls(each, depth + 1)]));
}
