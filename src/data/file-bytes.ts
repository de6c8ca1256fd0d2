/** What kind of file some bytes are, and their text as UTF-8. Knows bytes; nothing of lines and records. */
import { DataError } from '../base/errors.ts';
import type { Encoding } from '../options/predict.ts';

/** Files that are taken for text by mistake: how they begin, what they are and what to do. */
const OTHER_KINDS: readonly (readonly [start: string, what: string])[] = [
  ['PK\x03\x04', 'a ZIP file or a workbook (XLSX), not text; save the sheet as CSV, or unpack the archive'],
  ['\xd0\xcf\x11\xe0', 'an old Office file (XLS, DOC), not text; save the sheet as CSV'],
  ['%PDF-', 'a PDF, not text; take its text out first (pdftotext FILE -)'],
  ['PAR1', 'Parquet, which is read from its end: give the file itself by its name, not through a pipe and not in gzip'],
  ['BZh', 'compressed with bzip2, which is not read; unpack it first (bzip2 -dc FILE | glz ... -)'],
];

/** The bytes as they are. @throws DataError for a file that begins as one of another kind */
export async function* refuseOtherKinds(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (!head) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const start = head.toString('latin1', 0, 8);
    const kind = OTHER_KINDS.find(([mark]) => start.startsWith(mark));
    // Texts may begin with BZh; bzip2 goes on with a digit and a mark of its own.
    if (kind && (kind[0] !== 'BZh' || /^BZh[1-9]1AY/.test(start))) throw new DataError(`${name}: ${kind[1]}`);
    // A pipe may deliver a mark byte by byte.
    if (OTHER_KINDS.some(([mark]) => (mark === 'BZh' ? 'BZh' : mark).startsWith(start)) && start.length < 5) continue;
    yield head;
    head = undefined;
  }
  if (head?.length) yield head;
}

/** The encoding that a byte order mark says. */
function encodingOfMark(head: Buffer): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined;
}

/** Bytes that are looked at for UTF-16 without its mark, and fewer than that say nothing. */
const [LOOKED_AT, FEWEST] = [100, 8];

/** UTF-16 without its mark: of Latin letters every other byte is 0. */
function unmarkedUtf16(head: Buffer): Encoding | undefined {
  const start = head.subarray(0, LOOKED_AT);
  if (start.length < FEWEST) return undefined;
  const zeros = (first: number) => start.filter((byte, at) => at % 2 === first && byte === 0).length / (start.length / 2);
  if (zeros(0) === 0 && zeros(1) > 0.75) return 'utf-16le';
  return zeros(1) === 0 && zeros(0) > 0.75 ? 'utf-16be' : undefined;
}

/** Bytes of a text as UTF-8: as they are unless another encoding is given, or a mark says UTF-16. @throws DataError for what is no text in it */
export async function* asUtf8(chunks: AsyncIterable<Buffer>, encoding: Encoding | undefined, name: string): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let decoder: InstanceType<typeof TextDecoder> | null | undefined;
  const decoded = (bytes: Buffer | undefined): Buffer => {
    try {
      return Buffer.from(decoder!.decode(bytes, { stream: bytes !== undefined }));
    } catch {
      throw new DataError(`${name}: not text in ${decoder!.encoding}; look which encoding it has`);
    }
  };
  const begin = (): void => {
    const found = encoding ?? encodingOfMark(head);
    const unmarked = found === undefined ? unmarkedUtf16(head) : undefined;
    if (unmarked)
      throw new DataError(`${name}: looks like UTF-16 without its mark: say --encoding ${unmarked}, or convert the file to UTF-8`);
    // The mark stays, as it does in UTF-8: whoever reads lines takes it off, and results may have it again.
    decoder = found === undefined || found === 'utf-8' ? null : new TextDecoder(found, { fatal: true, ignoreBOM: true });
  };
  for await (const chunk of chunks) {
    if (decoder === undefined) {
      head = Buffer.concat([head, chunk]);
      if (head.length < 2) continue;
      begin();
      yield decoder ? decoded(head) : head;
    } else yield decoder ? decoded(chunk) : chunk;
  }
  if (decoder === undefined && head.length) {
    begin();
    yield decoder ? decoded(head) : head;
  }
  if (decoder) yield decoded(undefined);
}
