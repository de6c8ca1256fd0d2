/**
 * An output whose pieces are compressed: gzip members one behind the other, which every reader takes for one file, or one frame of zstd. In
 * gzip each block of records begins a new member, so that blocks can be joined without unpacking them.
 */
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { zstdCompressor } from '../../data/zstd.ts';
import type { Output } from './output-file.ts';

/** Bytes that are compressed together: more gain nothing. */
const MEMBER = 1 << 20;

/** Collects pieces and hands them on together. */
function collected(handOn: (bytes: Buffer) => Promise<void>) {
  let pieces: Buffer[] = [];
  let held = 0;
  const flush = (): Promise<void> => {
    if (held === 0) return Promise.resolve();
    const bytes = Buffer.concat(pieces);
    pieces = [];
    held = 0;
    return handOn(bytes);
  };
  return {
    flush,
    async add(piece: string | Uint8Array): Promise<void> {
      const bytes = Buffer.from(piece as string);
      pieces.push(bytes);
      held += bytes.length;
      if (held >= MEMBER) await flush();
    },
  };
}

/** The same output in gzip. The bytes depend on what is written alone, and what is kept of a run that ends early is whole too. */
export function gzipOutput(output: Output): Output {
  let isEmpty = output.isBegun !== true;
  const { add, flush } = collected((bytes) => output.write(gzipSync(bytes)));
  return {
    write(piece) {
      isEmpty = false;
      return add(piece);
    },
    async endBlock(block, records) {
      await flush();
      await output.endBlock?.(block, records);
    },
    async finish() {
      // Of no results too it is a gzip file.
      await (isEmpty ? output.write(gzipSync('')) : flush());
      await output.finish();
    },
    async keep() {
      // Both begin before anything is waited for: a file is there when the call returns.
      const flushed = flush();
      const kept = output.keep();
      await flushed;
      return kept;
    },
    discard: () => output.discard?.(),
  };
}

/** The same output in zstd, of which many readers take the first frame alone: there is one, and it means nothing without its end. */
export function zstdOutput(output: Output, name: string): Output {
  const stream = zstdCompressor(name);
  const written = (async () => {
    for await (const bytes of stream) await output.write(bytes as Buffer);
  })();
  // Whoever writes next is told.
  written.catch(() => {});
  const { add, flush } = collected(async (bytes) => {
    if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), written]);
  });
  const end = async (): Promise<void> => {
    await flush();
    stream.end();
    await written;
  };
  return {
    write: add,
    async finish() {
      await end();
      await output.finish();
    },
    async keep() {
      await end();
      return output.keep();
    },
    discard() {
      stream.destroy();
      output.discard?.();
    },
  };
}
