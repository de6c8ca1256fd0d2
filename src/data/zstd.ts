/**
 * zstd where Node has it (22.15 and newer). Node decompresses the first frame of several and takes a frame that is cut off for whole, so
 * frames are told apart here by their headers.
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import { DataError } from '../base/errors.ts';

interface NodeZstd {
  createZstdDecompress?: () => Transform;
  createZstdCompress?: () => Transform;
  zstdDecompressSync?: (input: Uint8Array, options?: { maxOutputLength?: number }) => Buffer;
}

const { createZstdDecompress, createZstdCompress, zstdDecompressSync }: NodeZstd = zlib as unknown as NodeZstd;

/** Decompresses one frame at once; undefined where Node has no zstd. */
export const unzstdSync = zstdDecompressSync;

const MAGIC = 0xfd2fb528;

/** A compressor of one frame. @throws DataError where Node has none */
export function zstdCompressor(what: string): Transform {
  if (!createZstdCompress)
    throw new DataError(`${what}: zstd needs Node 22.15 or newer, and this is ${process.version}; write gzip (.gz) instead`);
  return createZstdCompress();
}

/** Bytes in pieces of given lengths. */
function cursorOf(chunks: AsyncIterable<Buffer>) {
  const source = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  /** So many bytes, fewer at the end. */
  async function upTo(length: number): Promise<Buffer> {
    const parts = [held];
    let size = held.length;
    while (size < length) {
      const { value, done } = await source.next();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
    const all = parts.length > 1 ? Buffer.concat(parts) : held;
    held = all.subarray(length);
    return all.subarray(0, length);
  }
  return {
    upTo,
    /** @throws Error at the end */
    async exactly(length: number): Promise<Buffer> {
      const bytes = await upTo(length);
      if (bytes.length < length) throw new Error('unexpected end of file');
      return bytes;
    },
    close: () => source.return?.(),
  };
}

type Cursor = ReturnType<typeof cursorOf>;

/** A frame behind its magic number (RFC 8878). */
async function* restOfFrame({ exactly }: Cursor, magic: Buffer): AsyncGenerator<Buffer> {
  yield magic;
  const descriptor = await exactly(1);
  yield descriptor;
  const flags = descriptor[0];
  const isSingle = (flags >> 5) & 1;
  const sizeBytes = [isSingle, 2, 4, 8][flags >> 6];
  const dictionaryBytes = [0, 1, 2, 4][flags & 3];
  yield await exactly(1 - isSingle + dictionaryBytes + sizeBytes);
  for (let isLast = false; !isLast; ) {
    const head = await exactly(3);
    yield head;
    const block = head.readUIntLE(0, 3);
    isLast = (block & 1) === 1;
    const isRepeated = ((block >> 1) & 3) === 1;
    yield await exactly(isRepeated ? 1 : block >> 3);
  }
  if (flags & 4) yield await exactly(4);
}

/** What is compressed in all frames. @throws DataError where Node has no zstd; Error for what is damaged or cut off */
export async function* unzstd(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  if (!createZstdDecompress)
    throw new DataError(
      `${name}: compressed with zstd, which Node reads from 22.15 on, and this is ${process.version}; unpack it first (zstd -dc FILE | glz ... -)`,
    );
  const cursor = cursorOf(chunks);
  try {
    for (let magic = await cursor.upTo(4); magic.length; magic = await cursor.upTo(4)) {
      const mark = magic.length === 4 ? magic.readUInt32LE() : 0;
      // Frames of others, which say how long they are.
      if (mark >>> 4 === 0x184d2a5) {
        for (let left = (await cursor.exactly(4)).readUInt32LE(); left > 0; )
          left -= (await cursor.exactly(Math.min(left, 1 << 20))).length;
        continue;
      }
      if (mark !== MAGIC) throw new Error('bytes that are not zstd behind a part that is');
      // What went wrong comes out of the last stream.
      yield* pipeline(
        Readable.from(restOfFrame(cursor, magic), { objectMode: false }),
        createZstdDecompress(),
        () => {},
      ) as AsyncIterable<Buffer>;
    }
  } finally {
    await cursor.close();
  }
}
