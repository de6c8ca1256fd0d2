/** Lines of a text that is read in pieces: how they end, how long they may be, whether they are UTF-8. Knows no formats. */
import { isUtf8 } from 'node:buffer';
import { DataError } from '../base/errors.ts';
import { sourceName } from './source-record.ts';

/** A longer line is refused: it is no record, and would not fit in memory. */
export const LONGEST_LINE = 64 * 1024 * 1024;

/** More lines without anything in a row are no text. */
const MOST_EMPTY_LINES = 100_000;

/** Lines as bytes, without their LF. @throws DataError for one that is too long */
export async function* readLines(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  let line = 1;
  let empty = 0;
  const where = () => `${sourceName(path)}, line ${line}`;
  const joined = (last: Buffer): Buffer => {
    const whole = parts.length ? Buffer.concat([...parts, last]) : last;
    parts = [];
    held = 0;
    return whole;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const whole = joined(chunk.subarray(start, end));
      // A gzip of nothing but line ends is small, and goes on for hours.
      empty = whole.length === 0 || (whole.length === 1 && whole[0] === 13) ? empty + 1 : 0;
      if (empty > MOST_EMPTY_LINES) throw new DataError(`${where()}: ${MOST_EMPTY_LINES} empty lines in a row; this is no file of records`);
      yield whole;
      start = end + 1;
      line++;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
      if (held > LONGEST_LINE) throw new DataError(`${where()}: longer than ${LONGEST_LINE} bytes; records are one a line`);
    }
  }
  if (held > 0) yield joined(Buffer.alloc(0));
}

/** Bytes as text, without a byte order mark at the start of the file; what is not UTF-8 is replaced. */
export function decode(bytes: Buffer, first: boolean): string {
  const text = bytes.toString('utf8');
  return first && text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** What is wrong with bytes that are not UTF-8. */
export const notUtf8 = (where: string): DataError =>
  new DataError(`${where}: not UTF-8 text; convert the file, or say --encoding windows-1252 where it is that`);

/** A line of JSONL or plain text. @throws DataError where it is not UTF-8 */
export function decodeLine(bytes: Buffer, where: string, first: boolean): string {
  if (!isUtf8(bytes)) throw notUtf8(where);
  return decode(bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes, first);
}
