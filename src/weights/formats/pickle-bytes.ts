/** The bytes of a pickle, taken from front to back, never beyond their end. Knows no values. */
import { DataError } from '../../base/errors.ts';

/** Bytes that are left of a pickle. Everything throws DataError, with `fail`, where the pickle is cut short. */
export interface PickleBytes {
  /** What is wrong with the pickle, with the byte where it is. */
  fail(why: string): DataError;
  /** Where the next bytes are, which are taken. */
  take(length: number): number;
  takeBytes(length: number): Uint8Array;
  /** @throws DataError where it is not UTF-8 */
  takeString(length: number): string;
  /** Up to the next line feed, which is taken too. */
  takeLine(): string;
  byte(): number;
  uint16(): number;
  int32(): number;
  uint32(): number;
  uint64(): number;
  /** Big-endian, as in pickles; integers are little-endian. */
  float64(): number;
  /** Of the next byte. */
  position(): number;
}

/** Begins at `start`. @param where file name, for messages */
export function createPickleBytes(bytes: Uint8Array, start: number, where: string): PickleBytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true });
  let at = start;
  const fail = (why: string) => new DataError(`${where}: the pickle ${why} (byte ${at}); the file is broken or no weight file`);
  const take = (length: number): number => {
    if (!Number.isSafeInteger(length) || length < 0 || at + length > bytes.length) throw fail('is cut short');
    at += length;
    return at - length;
  };
  const takeBytes = (length: number): Uint8Array => {
    const from = take(length);
    return bytes.subarray(from, from + length);
  };
  const takeString = (length: number): string => {
    const slice = takeBytes(length);
    try {
      return text.decode(slice);
    } catch {
      throw fail('has a string that is not UTF-8');
    }
  };
  return {
    fail,
    take,
    takeBytes,
    takeString,
    takeLine() {
      const end = bytes.indexOf(10, at);
      if (end < 0) throw fail('is cut short');
      const line = takeString(end - at);
      at++;
      return line;
    },
    byte: () => view.getUint8(take(1)),
    uint16: () => view.getUint16(take(2), true),
    int32: () => view.getInt32(take(4), true),
    uint32: () => view.getUint32(take(4), true),
    uint64: () => Number(view.getBigUint64(take(8), true)),
    float64: () => view.getFloat64(take(8), false),
    position: () => at,
  };
}
