/** The bytes of a file or of stdin: decompressed, as UTF-8, and no others than those of text. Knows no lines. */
import { createReadStream, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError, errorMessage } from '../base/errors.ts';
import { asUtf8, refuseOtherKinds } from './file-bytes.ts';
import { type ReadOptions, sourceName } from './source-record.ts';
import { unzstd } from './zstd.ts';

/** @throws DataError where a path is no file that can be read as records. */
export function checkIsFile(path: string): void {
  let isFile: boolean;
  try {
    isFile = !statSync(path).isDirectory();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DataError(missing ? `${path}: no such file` : `cannot read ${path}: ${errorMessage(error)}`);
  }
  if (!isFile) throw new DataError(`${path} is a folder, not a file of records`);
}

/** Whether bytes begin as zstd does, as far as there are any. */
const isZstd = (head: Buffer): boolean => Buffer.of(0x28, 0xb5, 0x2f, 0xfd).subarray(0, head.length).equals(head.subarray(0, 4));

/** The bytes of a source, decompressed where they begin with the mark of gzip or zstd, and as UTF-8. */
export async function* readBytes(path: string, { stdin = process.stdin, onBytes, encoding }: ReadOptions): AsyncGenerator<Buffer> {
  const source: Readable = path === '-' ? stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  let seen = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
      seen += bytes.length;
      onBytes?.(seen);
      yield bytes;
    }
  }
  try {
    const chunks = counted();
    // Two bytes tell gzip, four zstd; a pipe may deliver them one by one.
    let head = Buffer.alloc(0);
    while (head.length < 4 && (head.length < 2 || isZstd(head))) {
      const { value, done } = await chunks.next();
      if (done) break;
      head = Buffer.concat([head, value]);
    }
    async function* all(): AsyncGenerator<Buffer> {
      if (head.length) yield head;
      yield* chunks;
    }
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    // What went wrong comes out of the last stream.
    const gunzipped = () => pipeline(Readable.from(all(), { objectMode: false }), createGunzip(), () => {}) as AsyncIterable<Buffer>;
    const plain = isGzip ? gunzipped() : head.length >= 4 && isZstd(head) ? unzstd(all(), sourceName(path)) : all();
    yield* asUtf8(refuseOtherKinds(plain, sourceName(path)), encoding, sourceName(path));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${sourceName(path)}: ${errorMessage(error)}`);
  } finally {
    // A pipe whose other end lives on would keep the process alive.
    source.destroy();
  }
}
