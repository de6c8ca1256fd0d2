/**
 * Reads entries of a zip file (stored or deflated, zip64 too) as torch.save writes it. The file is untrusted: every range is checked before
 * it is read, and what the entries unpack to is bounded by the size of the file. Own code and not a library because entries are read in
 * part and synchronously: a storage of weights is gigabytes. Knows nothing of weights. Format: PKWARE APPNOTE 6.3.10, sections 4.3 and
 * 4.5.3.
 */
import * as zlib from 'node:zlib';
import { DataError, errorMessage } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';
import type { RandomAccessFile } from './random-access-file.ts';

/** An entry of the central directory. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly size: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly compressedSize: number;
  /** CRC-32 of the unpacked bytes; 0 where the writer left it out, as torch.save can. */
  readonly checksum: number;
  /** Where its local header is in the file. */
  readonly headerAt: number;
}

const END_SIGNATURE = 0x06054b50;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;
const LARGEST_DIRECTORY = 64 * 2 ** 20;

/** Weights hardly compress; an archive that unpacks to more than this many times its size (and more than the allowance) is a bomb. */
const LARGEST_RATIO = 4;
const UNPACKED_ALLOWANCE = 16 * 2 ** 20;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Start, size and number of entries of the central directory. */
function findDirectory(file: RandomAccessFile): { start: number; size: number; count: number } {
  const broken = (why: string) => new DataError(`${file.path}: ${why}; the file is cut short or no zip file, fetch it again`);
  if (file.size < END_SIZE) throw broken('it has no zip directory');
  const tailStart = Math.max(0, file.size - END_SIZE - LONGEST_COMMENT);
  const tail = viewOf(file.read(tailStart, file.size - tailStart));
  let at = tail.byteLength - END_SIZE;
  while (at >= 0 && !(tail.getUint32(at, true) === END_SIGNATURE && at + END_SIZE + tail.getUint16(at + 20, true) === tail.byteLength))
    at--;
  if (at < 0) throw broken('it has no zip directory');
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  const locatorAt = tailStart + at - 20;
  if (locatorAt >= 0) {
    const locator = viewOf(file.read(locatorAt, 20));
    if (locator.getUint32(0, true) === ZIP64_LOCATOR_SIGNATURE) {
      const end = viewOf(file.read(Number(locator.getBigUint64(8, true)), 56));
      if (end.getUint32(0, true) !== ZIP64_END_SIGNATURE) throw broken('its zip64 directory is not where it should be');
      count = Number(end.getBigUint64(32, true));
      size = Number(end.getBigUint64(40, true));
      start = Number(end.getBigUint64(48, true));
    }
  }
  if (size > LARGEST_DIRECTORY || start + size > file.size)
    throw broken(`its zip directory of ${size} bytes at ${start} is not in the file`);
  return { start, size, count };
}

/** Sizes and position that do not fit 32 bits stand in the zip64 extra field, in this order, each only if it is needed. */
function zip64Sizes(extra: DataView, sizes: number[]): number[] | undefined {
  const missing = sizes.filter((size) => size === 0xffffffff).length;
  if (missing === 0) return sizes;
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    if (at + 4 + 8 * missing > extra.byteLength) return undefined;
    let field = at + 4;
    return sizes.map((size) => {
      if (size !== 0xffffffff) return size;
      field += 8;
      return Number(extra.getBigUint64(field - 8, true));
    });
  }
  return undefined;
}

/**
 * The entries of a zip file by name.
 * @throws DataError when the directory is broken, an entry is encrypted or packed in another way, or the whole unpacks to far more than the file
 */
export function readZipDirectory(file: RandomAccessFile): Map<string, ZipEntry> {
  const { start, size, count } = findDirectory(file);
  const bytes = file.read(start, size);
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  const broken = (why: string) => new DataError(`${file.path}: ${why}; the file is broken, fetch it again`);
  let unpacked = 0;
  let packed = 0;
  for (let at = 0, number = 0; number < count; number++) {
    if (at + 46 > size || view.getUint32(at, true) !== ENTRY_SIGNATURE)
      throw broken(`its zip directory lacks entry ${number + 1} of ${count}`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > size) throw broken(`entry ${number + 1} of its zip directory is cut short`);
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + at + 46, nameLength).toString('utf8');
    const method = view.getUint16(at + 10, true);
    if (view.getUint16(at + 8, true) & 1) throw new DataError(`${file.path}: ${quoted(name)} is encrypted`);
    if (method !== 0 && method !== 8)
      throw new DataError(`${file.path}: ${quoted(name)} is packed by method ${method}; only stored and deflated entries are read`);
    const sizes = zip64Sizes(new DataView(bytes.buffer, bytes.byteOffset + at + 46 + nameLength, extraLength), [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    if (!sizes) throw broken(`${quoted(name)} has no valid zip64 sizes`);
    const [entrySize, compressedSize, headerAt] = sizes;
    if (method === 0 && entrySize !== compressedSize) throw broken(`${quoted(name)} is stored but has two sizes`);
    if (headerAt + 30 + compressedSize > file.size) throw broken(`${quoted(name)} is not in the file`);
    if (entries.has(name)) throw broken(`${quoted(name)} is there twice`);
    unpacked += entrySize;
    packed += compressedSize;
    entries.set(name, { name, size: entrySize, method, compressedSize, checksum: view.getUint32(at + 16, true), headerAt });
    at = next;
  }
  if (packed > file.size) throw broken('its entries overlap');
  if (unpacked > UNPACKED_ALLOWANCE + LARGEST_RATIO * file.size)
    throw new DataError(`${file.path}: ${file.size} bytes that unpack to ${unpacked} are no weights`);
  return entries;
}

function inflate(packed: Uint8Array, { size }: ZipEntry, where: string): Uint8Array<ArrayBuffer> {
  let inflated: Buffer;
  try {
    // One byte more than promised is enough to see that there are too many.
    inflated = zlib.inflateRawSync(packed, { maxOutputLength: size + 1 });
  } catch (error) {
    throw new DataError(`${where} cannot be unpacked (${errorMessage(error)}): the file is broken`);
  }
  if (inflated.length !== size) throw new DataError(`${where} unpacks to another size than ${size}: the file is broken`);
  return Uint8Array.from(inflated);
}

/**
 * Bytes of an entry, or of a part of it.
 * @param from first byte of the unpacked entry
 * @param length how many; all the rest unless given
 * @throws DataError when they are not there or do not unpack to the size that the directory says
 */
export function readZipEntry(file: RandomAccessFile, entry: ZipEntry, from = 0, length = entry.size - from): Uint8Array<ArrayBuffer> {
  const where = `${file.path}: ${quoted(entry.name)}`;
  if (from < 0 || length < 0 || from + length > entry.size)
    throw new DataError(`${where} has ${entry.size} bytes where ${from + length} are needed: the file is broken`);
  const local = viewOf(file.read(entry.headerAt, 30));
  if (local.getUint32(0, true) !== LOCAL_SIGNATURE) throw new DataError(`${where} is not where the zip directory says: the file is broken`);
  const dataAt = entry.headerAt + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const unpacked = entry.method === 0 ? file.read(dataAt + from, length) : inflate(file.read(dataAt, entry.compressedSize), entry, where);
  const isWhole = unpacked.length === entry.size;
  // Node before 20.15 has no CRC-32: such a file is read without this check.
  if (isWhole && entry.checksum !== 0 && zlib.crc32 && zlib.crc32(unpacked) !== entry.checksum)
    throw new DataError(`${where} is damaged (checksum): fetch the file again`);
  return entry.method === 0 ? unpacked : unpacked.slice(from, from + length);
}
