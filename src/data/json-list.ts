/** The items of a JSON list, one at a time, however long it is. Knows brackets and quotes; what an item is, its reader decides. */
import { isUtf8 } from 'node:buffer';
import { DataError } from '../base/errors.ts';
import { sourceName } from './source-record.ts';
import { LONGEST_LINE, notUtf8 } from './text-lines.ts';

/** An item of a list. */
export interface ListItem {
  /** Line on which it begins. */
  line: number;
  /** As it is written, on one line. */
  json: string;
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE, BRACE, END_BRACE, LF] = Buffer.from('"\\,[]{}\n');
const isBlank = (byte: number): boolean => byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;

/**
 * The items of the list that some bytes hold, as they are written.
 * @throws DataError naming the line of an item that is too long, or where the list is not closed or not the only thing there is
 */
export async function* jsonListItems(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<ListItem> {
  const name = sourceName(path);
  let line = 1;
  let itemLine = 1;
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let isEnded = false;
  let isFirst = true;
  let afterComma = false;
  let parts: Buffer[] = [];
  let held = 0;
  const item = (last: Buffer): ListItem | undefined => {
    const bytes = Buffer.concat([...parts, last]);
    parts = [];
    held = 0;
    if (!isUtf8(bytes)) throw notUtf8(`${name}, line ${itemLine}`);
    // A line break in JSON is never part of a text.
    const json = bytes
      .toString()
      .trim()
      .replace(/\s*[\r\n]\s*/g, '');
    return json === '' ? undefined : { line: itemLine, json };
  };
  for await (let chunk of chunks) {
    if (isFirst && chunk.length >= 3 && chunk.subarray(0, 3).toString('hex') === 'efbbbf') chunk = chunk.subarray(3);
    isFirst = false;
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) line++;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (isBlank(byte)) continue;
      if (isEnded) throw new DataError(`${name}, line ${line}: text behind the end of a JSON list`);
      if (depth === 1 && held === 0 && chunk.subarray(start, at).every(isBlank)) itemLine = line;
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN || byte === BRACE) {
        if (depth++ === 0) start = at + 1;
      } else if ((byte === COMMA && depth === 1) || byte === CLOSE || byte === END_BRACE) {
        if (byte !== COMMA && --depth > 0) continue;
        const found = item(chunk.subarray(start, at));
        if (found) yield found;
        else if (byte === COMMA || afterComma) throw new DataError(`${name}, line ${line}: not JSON: a comma without an item`);
        afterComma = byte === COMMA;
        start = at + 1;
        isEnded = depth === 0;
      }
    }
    if (depth > 0 && start < chunk.length) {
      const rest = chunk.subarray(start);
      if (held === 0 && rest.every(isBlank)) continue;
      parts.push(rest);
      held += rest.length;
      if (held > LONGEST_LINE)
        throw new DataError(`${name}, line ${itemLine}: an item of more than ${LONGEST_LINE} bytes; is a quote or a bracket not closed?`);
    }
  }
  if (!isEnded) throw new DataError(`${name}, line ${line}: the JSON list is not closed: is the file cut off?`);
}
