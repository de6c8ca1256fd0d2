/** JSON of others: parsed only if it is nested no deeper than can be written again. Imports node and errors. */
import { readFileSync, statSync } from 'node:fs';
import { DataError, errorMessage } from './errors.ts';
import { isObject } from './is-object.ts';

/** Deepest nesting of lists and objects. JSON.parse reads any, and JSON.stringify overflows the stack of what has some thousand. */
export const DEEPEST_NESTING = 500;

/** Whether lists and objects of a JSON text are nested deeper than {@link DEEPEST_NESTING}. Brackets inside strings do not count. */
export function isNestedTooDeep(json: string): boolean {
  // Each level has two brackets.
  if (json.length < 2 * DEEPEST_NESTING) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) inString = !inString;
    else if (inString) {
      if (code === 0x5c) at++;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > DEEPEST_NESTING) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Parses JSON. @throws DataError that begins with `where` when it is none, or nested too deeply */
export function parseJson(text: string, where: string): unknown {
  if (isNestedTooDeep(text)) throw new DataError(`${where}: nested more than ${DEEPEST_NESTING} levels deep`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`${where}: not JSON: ${errorMessage(error)}`);
  }
}

/** Larger files are no settings. */
const LARGEST_SETTINGS = 1 << 24;

/** The JSON object in a file of settings (`config.json` and the like). @throws DataError naming the file when there is none */
export function readJsonObject(path: string): Record<string, unknown> {
  let text: string;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error('not a file');
    if (stats.size > LARGEST_SETTINGS) throw new Error(`${stats.size} bytes are more than a settings file has`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  const value = parseJson(text, path);
  if (!isObject(value)) throw new DataError(`${path} is not a JSON object`);
  return value;
}
