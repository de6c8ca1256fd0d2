/**
 * The values of a Parquet column, a page at a time: memory holds some pages, whatever the size of a row group. Only columns of lists and
 * structs are read a row group at a time. What pages say of their sizes is checked before anything is decoded. Knows bytes; no files.
 */
import { isUtf8 } from 'node:buffer';
import type { ColumnMetaData, Compressors, FileMetaData, PageHeader, RowGroup } from 'hyparquet';
import { microseconds, type ParquetColumn } from './parquet-field.ts';

/** What decodes Parquet. */
export type ParquetLibrary = typeof import('hyparquet') & Pick<typeof import('hyparquet/src/column.js'), 'parquetHeader'>;

/** Where columns lie. */
export interface PageSource {
  library: ParquetLibrary;
  compressors: Compressors;
  /** Bytes of the file. */
  size: number;
  /** @throws DataError where the file is shorter */
  read(start: number, length: number): Promise<Uint8Array>;
  /** Told of the bytes of each page that was read. */
  onBytes(bytes: number): void;
}

/** More bytes of one page, or of one row group of a column of lists, are not held. */
const MOST_BYTES = 1 << 28;

/** More values are in no page. */
const MOST_VALUES = 1 << 24;

/** Bytes that are read at once where pages are small. */
const WINDOW = 1 << 16;

/** A header of a page may hold texts, its smallest and largest, and not more. */
const LONGEST_HEADER = 1 << 24;

/** A page with its header. */
interface Page {
  header: PageHeader;
  bytes: Uint8Array;
}

/** @throws Error where a page says of itself what cannot be */
function checkPage(header: PageHeader, room: number): void {
  const { type, compressed_page_size: stored, uncompressed_page_size: unpacked } = header;
  const values = (header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header)?.num_values;
  if (!(stored >= 0 && stored <= room)) throw new Error(`a page of ${stored} bytes where ${room} are left`);
  if (!(unpacked >= 0 && unpacked <= MOST_BYTES)) throw new Error(`a page of ${unpacked} bytes; ${MOST_BYTES} are held at most`);
  if (type !== 'INDEX_PAGE' && !(values !== undefined && values >= 0 && values <= MOST_VALUES))
    throw new Error(`a page of ${values ?? 'no'} values; ${MOST_VALUES} are held at most`);
}

/** The pages of a column chunk, one at a time; its index is left out. */
async function* pagesOf({ library, size, read }: PageSource, meta: ColumnMetaData): AsyncGenerator<Page> {
  const [dictionary, data] = [Number(meta.dictionary_page_offset ?? 0), Number(meta.data_page_offset)];
  let at = dictionary > 0 ? Math.min(dictionary, data) : data;
  const end = at + Number(meta.total_compressed_size);
  if (!(at >= 4 && end >= at && end <= size)) throw new Error(`a column from byte ${at} to ${end} of ${size}`);
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = at;
  const bytesAt = async (start: number, length: number): Promise<Uint8Array> => {
    if (start < windowStart || start + length > windowStart + window.length) {
      window = await read(start, Math.min(end - start, Math.max(length, WINDOW)));
      windowStart = start;
    }
    return window.subarray(start - windowStart, start - windowStart + length);
  };
  while (at < end) {
    let header: PageHeader | undefined;
    let length = 0;
    for (let room = Math.min(256, end - at); !header; room = Math.min(16 * room, end - at)) {
      const bytes = await bytesAt(at, room);
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 };
      try {
        header = library.parquetHeader(reader);
        length = reader.offset;
      } catch (error) {
        // It may go on behind what was read.
        if (room >= Math.min(LONGEST_HEADER, end - at)) throw error;
      }
    }
    checkPage(header, end - at - length);
    const whole = length + header.compressed_page_size;
    if (header.type !== 'INDEX_PAGE') yield { header, bytes: await bytesAt(at, whole) };
    at += whole;
  }
}

/** Pages of one chunk, and what the file says of it. */
interface Chunk {
  meta: ColumnMetaData;
  pages: Page[];
}

const PARSERS = {
  // Not by TextDecoder, which takes a mark at the beginning away. What is no text stays bytes.
  stringFromBytes: (bytes: Uint8Array) =>
    bytes && (isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : bytes.slice()),
  timestampFromNanoseconds: microseconds,
};

/** The values of a column in chunks of it, as a file of their own. */
async function decoded({ library, compressors }: PageSource, column: ParquetColumn, chunks: readonly Chunk[], rows: number) {
  const size = chunks.reduce((sum, { pages }) => pages.reduce((bytes, page) => bytes + page.bytes.length, sum), 0);
  // Four bytes in front: a place of 0 is none.
  const all = new Uint8Array(4 + size);
  let at = 4;
  const columns = chunks.map(({ meta, pages }) => {
    const start = at;
    let [dictionary, data]: (bigint | undefined)[] = [];
    for (const { header, bytes } of pages) {
      if (header.type === 'DICTIONARY_PAGE') dictionary ??= BigInt(at);
      else data ??= BigInt(at);
      all.set(bytes, at);
      at += bytes.length;
    }
    const place = {
      dictionary_page_offset: dictionary,
      data_page_offset: data ?? BigInt(start),
      total_compressed_size: BigInt(at - start),
    };
    return { file_offset: 4n, meta_data: { ...meta, ...place, statistics: undefined } };
  });
  const metadata: FileMetaData = {
    version: 2,
    schema: [{ name: 'root', num_children: 1 }, ...column.stored],
    num_rows: BigInt(rows),
    row_groups: [{ columns, num_rows: BigInt(rows), total_byte_size: BigInt(size) }],
    metadata_length: 0,
  };
  const values: ArrayLike<unknown>[] = [];
  await library.parquetRead({
    file: { byteLength: all.length, slice: (start, end) => all.buffer.slice(start, end) },
    metadata,
    compressors,
    parsers: PARSERS,
    utf8: false,
    geoparquet: false,
    onChunk: ({ columnData }) => void values.push(columnData as ArrayLike<unknown>),
  });
  const found = values.reduce((sum, { length }) => sum + length, 0);
  if (found !== rows) throw new Error(`${found} values where there should be ${rows}`);
  return values;
}

const isFlat = ({ kind, element }: ParquetColumn): boolean => kind === 'value' && element.repetition_type !== 'REPEATED';

/**
 * Values of a column in a row group, some at a time.
 * @throws Error for what is damaged, compressed in an unknown way, or larger than what is held
 */
export async function* columnValues(source: PageSource, group: RowGroup, column: ParquetColumn): AsyncGenerator<ArrayLike<unknown>> {
  const metas = group.columns.flatMap(({ meta_data: meta }) => (meta?.path_in_schema[0] === column.name ? [meta] : []));
  if (metas.length !== column.stored.filter(({ type }) => type !== undefined).length)
    throw new Error('its values are not there (encrypted, or in another file)');
  if (isFlat(column)) {
    const [meta] = metas;
    let dictionary: Page[] = [];
    for await (const page of pagesOf(source, meta)) {
      source.onBytes(page.bytes.length);
      const { type, data_page_header: v1, data_page_header_v2: v2 } = page.header;
      // A page is a view of what is read next too.
      if (type === 'DICTIONARY_PAGE') dictionary = [{ ...page, bytes: page.bytes.slice() }];
      else yield* await decoded(source, column, [{ meta, pages: [...dictionary, page] }], (v1 ?? v2)!.num_values);
    }
    return;
  }
  const size = metas.reduce((sum, meta) => sum + Number(meta.total_uncompressed_size), 0);
  if (!(size <= MOST_BYTES))
    throw new Error(`${size} bytes in a row group of lists or structs; ${MOST_BYTES} are held at most: write it with smaller row groups`);
  const chunks: Chunk[] = [];
  for (const meta of metas) {
    const pages: Page[] = [];
    let values = 0;
    for await (const page of pagesOf(source, meta)) {
      values += (page.header.data_page_header ?? page.header.data_page_header_v2)?.num_values ?? 0;
      if (values > MOST_VALUES)
        throw new Error(`more than ${MOST_VALUES} values in a row group of lists: write it with smaller row groups`);
      pages.push({ ...page, bytes: page.bytes.slice() });
      source.onBytes(page.bytes.length);
    }
    chunks.push({ meta, pages });
  }
  yield* await decoded(source, column, chunks, Number(group.num_rows));
}
