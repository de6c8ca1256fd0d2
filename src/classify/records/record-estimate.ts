/** How many records a file has, as far as can be told while it is read. */
import { closeSync, openSync, readSync } from 'node:fs';
import { statsOf } from '../../base/files.ts';

/** An estimate that grows better with every piece of the file. */
export interface RecordEstimate {
  /** To be told of the bytes read so far whenever another piece was read. */
  onBytes(bytes: number): void;
  /** To be told where the file says how many records it has. */
  onTotal(records: number): void;
  /** The same records, counted. */
  counted<T>(records: AsyncIterable<T>): AsyncGenerator<T>;
  /** Records of the whole file; undefined before anything can be said. */
  estimate(): number | undefined;
}

/** Bytes at the start of a file whose lines are counted. */
const HEAD = 1 << 18;

/** How files begin whose line ends say nothing: gzip, zstd, Parquet. */
const COMPRESSED = ['\x1f\x8b', '\x28\xb5\x2f\xfd', 'PAR1'];

/** Records of a file of `size` bytes by the lines at its start; undefined where it is compressed or cannot be read. */
function byLines(path: string, size: number): number | undefined {
  const head = Buffer.alloc(Math.min(HEAD, size));
  try {
    const fd = openSync(path, 'r');
    readSync(fd, head);
    closeSync(fd);
  } catch {
    return undefined; // whoever reads the records says what is wrong
  }
  if (head.length === 0 || COMPRESSED.some((mark) => head.toString('latin1', 0, mark.length) === mark)) return undefined;
  let lines = head.at(-1) === 10 ? 0 : 1;
  for (let at = head.indexOf(10); at >= 0; at = head.indexOf(10, at + 1)) lines++;
  return Math.round((lines * size) / head.length);
}

/** An estimate for several files that are read one after the other. */
export interface FilesEstimate {
  /** Begins with a file, which may stand among them more than once. */
  of(path: string): RecordEstimate;
  /** Passes a file over of which nothing is read. */
  pass(path: string): void;
  /** Records of all files; undefined before anything can be said, and where one is a pipe. */
  estimate(): number | undefined;
}

/** Estimates the records of several files: those that are yet to be read are taken to have as many a byte as the others. @param shards as recordEstimate has it */
export function filesEstimate(paths: readonly string[], shards = 1): FilesEstimate {
  const sizes = paths.map((path) => {
    const kind = path === '-' ? undefined : statsOf(path);
    return kind?.isFile() ? kind.size : undefined;
  });
  const begun: (Pick<RecordEstimate, 'estimate'> | undefined)[] = paths.map(() => undefined);
  const placeOf = (path: string): number => paths.findIndex((each, at) => each === path && !begun[at]);
  return {
    of(path) {
      const estimate = recordEstimate(path, shards);
      begun[placeOf(path)] = estimate;
      return estimate;
    },
    pass(path) {
      const place = placeOf(path);
      if (place < 0) return;
      begun[place] = { estimate: () => 0 };
      sizes[place] = 0;
    },
    estimate() {
      let [records, read, left] = [0, 0, 0];
      for (const [at, size] of sizes.entries()) {
        const known = begun[at]?.estimate();
        if (size === undefined && (sizes.length > 1 || known === undefined)) return undefined;
        if (begun[at] && known === undefined) return undefined;
        records += known ?? 0;
        if (begun[at]) read += size ?? 0;
        else left += size!;
      }
      return left > 0 && read > 0 ? Math.round(records * (1 + left / read)) : records;
    },
  };
}

/**
 * Estimates the records of a file: at first by the lines at its start, then by the records read of the bytes that are consumed; exact once
 * all are read. Of a pipe nothing is known before.
 * @param shards how many there are where those of one of them are counted
 */
export function recordEstimate(path: string, shards = 1): RecordEstimate {
  const kind = path === '-' ? undefined : statsOf(path);
  const size = kind?.isFile() ? kind.size : undefined;
  let read = 0;
  let seen = 0;
  const lines = size === undefined ? undefined : byLines(path, size);
  let isSaid = false;
  let total = lines === undefined ? undefined : Math.ceil(lines / shards);
  return {
    onBytes(bytes) {
      // Another piece is read when the records of those before it are all out.
      if (size !== undefined && seen > 0 && !isSaid) total = Math.round((read * size) / seen);
      seen = bytes;
    },
    onTotal(records) {
      isSaid = true;
      total = Math.ceil(records / shards);
    },
    async *counted(records) {
      try {
        for await (const record of records) {
          read++;
          yield record;
        }
      } finally {
        total = read; // of a file that is broken there will be no more
      }
    },
    estimate: () => (total === undefined ? undefined : Math.max(total, read)),
  };
}
