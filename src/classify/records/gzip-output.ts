/** An output whose pieces are compressed: gzip members one behind the other, which every reader takes for one file. */
import { gzipSync } from 'node:zlib';
import type { Output } from './output-file.ts';

/** Bytes that are compressed together: more gain nothing. */
const MEMBER = 1 << 20;

/** The same output, compressed. The bytes depend on what is written alone, and what is kept of a run that ends early is whole too. */
export function gzipOutput(output: Output): Output {
  let pieces: Buffer[] = [];
  let held = 0;
  let isEmpty = true;
  const flush = (): Promise<void> => {
    if (held === 0) return Promise.resolve();
    const member = gzipSync(Buffer.concat(pieces));
    pieces = [];
    held = 0;
    return output.write(member);
  };
  return {
    async write(piece) {
      const bytes = Buffer.from(piece as string);
      pieces.push(bytes);
      isEmpty = false;
      held += bytes.length;
      if (held >= MEMBER) await flush();
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
    discard: () => output.discard(),
  };
}
