/** Parquet files, read by hyparquet, which does not come with glz: the footer, what decompresses them, and their rows in order. */
import { type FileHandle, open } from 'node:fs/promises';
import zlib from 'node:zlib';
import type { Compressors, FileMetaData, RowGroup } from 'hyparquet';
import { DataError, errorMessage } from '../../base/errors.ts';
import { requirePackages } from '../../base/optional-package.ts';
import { unzstdSync } from '../zstd.ts';
import { columnValues, type ParquetLibrary } from './column-values.ts';
import { columnsOf, type ParquetColumn } from './parquet-field.ts';

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array;

/** How a Parquet file begins and ends. */
const MAGIC = 'PAR1';

/** Larger footers are none. */
const LARGEST_FOOTER = 1 << 28;

const atMost = (length: number) => ({ maxOutputLength: Math.max(1, length) });

/** What Node decompresses, zstd from 22.15 on; hyparquet does SNAPPY by itself. */
const CODECS: Record<string, Decompress> = {
  GZIP: (input, length) => zlib.gunzipSync(input, atMost(length)),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, atMost(length)),
  ...(unzstdSync ? { ZSTD: (input: Uint8Array, length: number) => unzstdSync!(input, atMost(length)) } : {}),
};

/** What a further package decompresses. */
const FURTHER = ['ZSTD', 'LZ4', 'LZ4_RAW'];

/** What decompresses columns. @throws DataError for a codec that nothing decompresses, or only a package that is not there */
async function compressorsOf(path: string, { row_groups }: FileMetaData, wanted: readonly ParquetColumn[]): Promise<Compressors> {
  const names = new Set(wanted.map(({ name }) => name));
  const codecs = row_groups.flatMap(({ columns }) =>
    columns.flatMap(({ meta_data: meta }) => (meta && names.has(meta.path_in_schema[0]) ? [meta.codec as string | undefined] : [])),
  );
  const others = [...new Set(codecs)].filter(
    (codec) => codec === undefined || !['UNCOMPRESSED', 'SNAPPY', ...Object.keys(CODECS)].includes(codec),
  );
  const unknown = others.findIndex((codec) => codec === undefined || !FURTHER.includes(codec));
  if (unknown >= 0)
    throw new DataError(
      `${path}: compressed with ${others[unknown] ?? 'a codec that has no name'}, which is not read; write it with snappy or zstd`,
    );
  if (!others.length) return CODECS;
  requirePackages(['hyparquet-compressors'], `reading ${path} (${others.join(', ')})`);
  const { compressors } = await import('hyparquet-compressors');
  return { ...compressors, ...CODECS };
}

/** An open Parquet file. */
export interface ParquetFile {
  columns: readonly ParquetColumn[];
  records: number;
  /** Rows of columns, in order: the values as they lie in the file. */
  rows(wanted: readonly ParquetColumn[], onBytes?: (bytes: number) => void): AsyncGenerator<unknown[]>;
  close(): Promise<void>;
}

/** Bytes of a file. @throws DataError where it is shorter */
async function readBytes(file: FileHandle, path: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, start + at);
    if (bytesRead === 0) throw new DataError(`${path}: cut off at byte ${start + at}`);
    at += bytesRead;
  }
  return bytes;
}

/** What a library found wrong with a file; its places and types of errors say nothing to a user. */
const damaged = (where: string, error: unknown): DataError =>
  error instanceof DataError
    ? error
    : new DataError(`${where}: damaged, or not as Parquet is: ${errorMessage(error).replace(/^parquet /, '')}`);

async function readFooter(file: FileHandle, path: string, size: number, library: ParquetLibrary): Promise<FileMetaData> {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  const start = text(await readBytes(file, path, 0, Math.min(4, size)));
  if (start === 'PARE') throw new DataError(`${path}: an encrypted Parquet file, which is not read`);
  if (start !== MAGIC) throw new DataError(`${path}: not a Parquet file: it does not begin with ${MAGIC}`);
  const end = size < 12 ? new Uint8Array(8) : await readBytes(file, path, size - 8, 8);
  if (text(end.subarray(4)) === 'PARE') throw new DataError(`${path}: an encrypted Parquet file, which is not read`);
  if (text(end.subarray(4)) !== MAGIC)
    throw new DataError(`${path}: a Parquet file that is cut off: its end, which says where its columns are, is not there`);
  const length = new DataView(end.buffer).getUint32(0, true);
  if (length === 0 || length > size - 12 || length > LARGEST_FOOTER)
    throw new DataError(`${path}: a damaged Parquet file: a footer of ${length} bytes`);
  return library.parquetMetadata(await readBytes(file, path, size - 8 - length, length + 8), { geoparquet: false });
}

/** Checks that what reads Parquet is there. @throws DataError that says how to add it */
const requireParquetReader = (): void => requirePackages(['hyparquet'], 'reading Parquet');

async function loadLibrary(): Promise<ParquetLibrary> {
  requireParquetReader();
  const [library, { parquetHeader }] = await Promise.all([import('hyparquet'), import('hyparquet/src/column.js')]);
  return { ...library, parquetHeader };
}

/** Rows of a group by the values of its columns. @throws Error for a column that ends early */
async function* rowsOf(columns: readonly ParquetColumn[], valuesOf: (at: number) => AsyncGenerator<ArrayLike<unknown>>, rows: number) {
  const cursors = columns.map((_, at) => ({ more: valuesOf(at), held: [] as ArrayLike<unknown>, at: 0 }));
  try {
    for (let row = 0; row < rows; row++) {
      const values = new Array<unknown>(columns.length);
      for (const [at, cursor] of cursors.entries()) {
        while (cursor.at >= cursor.held.length) {
          const next = await cursor.more.next();
          if (next.done) throw new Error(`column "${columns[at].name}" ends at row ${row} of ${rows} of its group`);
          cursor.held = next.value;
          cursor.at = 0;
        }
        values[at] = cursor.held[cursor.at++];
      }
      yield values;
    }
  } finally {
    for (const { more } of cursors) await more.return(undefined);
  }
}

/** Opens a Parquet file and reads its footer. @throws DataError that says what is wrong with it, or that hyparquet is not there */
export async function openParquet(path: string): Promise<ParquetFile> {
  const library = await loadLibrary();
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  });
  try {
    const { size } = await file.stat();
    const metadata = await readFooter(file, path, size, library);
    const columns = columnsOf(metadata.schema, metadata.key_value_metadata ?? []);
    const twice = columns.find(({ name }, at) => columns.findIndex((column) => column.name === name) < at);
    if (twice) throw new DataError(`${path}: the column "${twice.name}" occurs twice`);
    if (!columns.length) throw new DataError(`${path}: a Parquet file without columns`);
    const read = (start: number, length: number) => readBytes(file, path, start, length);
    return {
      columns,
      records: metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0),
      close: () => file.close(),
      async *rows(wanted, onBytes = () => {}) {
        const compressors = await compressorsOf(path, metadata, wanted);
        const source = { library, compressors, size, read, onBytes };
        const valuesOf = (group: RowGroup, number: number) =>
          async function* (at: number) {
            try {
              yield* columnValues(source, group, wanted[at]);
            } catch (error) {
              throw damaged(`${path}, row group ${number}, column "${wanted[at].name}"`, error);
            }
          };
        for (const [at, group] of metadata.row_groups.entries()) {
          try {
            yield* rowsOf(wanted, valuesOf(group, at + 1), Number(group.num_rows));
          } catch (error) {
            throw damaged(`${path}, row group ${at + 1}`, error);
          }
        }
      },
    };
  } catch (error) {
    await file.close();
    throw damaged(path, error);
  }
}
