/**
 * TensorBoard event files: TFRecords (length, data, masked CRC-32C of each) that hold Event messages of scalars
 * (tensorflow/core/util/event.proto). Written record by record, so that a killed run loses nothing that was logged.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DataError, errorMessage } from '../../base/errors.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { Message } from '../../base/protobuf-message.ts';

/** Scalars by step. */
export interface EventFile {
  /** Adds the values of a step, at `time` (milliseconds since 1970; now unless given). @throws DataError when they cannot be written */
  add(step: number, values: Readonly<Record<string, number>>, time?: number): void;
  close(): void;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C (Castagnoli) of bytes; node:zlib has the other CRC-32 only. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** TFRecord's checksum: CRC-32C, rotated and shifted so that the sum of data that holds sums stays useful. */
const maskedCrc = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** One record of a TFRecord file. */
function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

// Field numbers of event.proto and summary.proto.
const event = (time: number): Message => new Message().double(1, time / 1000);
const FILE_VERSION = 3;
const SUMMARY = 5;
const SESSION_LOG = 7;
const SESSION_START = 1;

/** What the event file of a start at `time` (milliseconds since 1970) is called. */
export const eventFileName = (time: number): string =>
  `events.out.tfevents.${String(Math.floor(time / 1000)).padStart(10, '0')}.${hostname()}.${process.pid}.${time % 1000}`;

/**
 * Opens a new event file in a folder for a run that goes on behind `step`. Its first events tell TensorBoard to forget what older files of
 * the folder say of later steps: those were lost when the run was killed, and come again.
 * @throws DataError when it cannot be written
 */
export function openEventFile(folder: string, step: number, time = Date.now()): EventFile {
  const path = join(folder, eventFileName(time));
  let fd: number;
  const write = (message: Message): void => {
    try {
      writeSync(fd, tfRecord(Buffer.concat(message.chunks)));
    } catch (error) {
      throw new DataError(`cannot write ${path}: ${errorMessage(error)}`);
    }
  };
  try {
    makeFolder(folder);
    fd = openSync(path, 'a');
  } catch (error) {
    throw new DataError(`cannot write ${path}: ${errorMessage(error)}`);
  }
  write(event(time).string(FILE_VERSION, 'brain.Event:2'));
  if (step > 0)
    write(
      event(time)
        .int(2, step + 1)
        .message(SESSION_LOG, new Message().int(1, SESSION_START)),
    );
  return {
    add(at, values, when = Date.now()) {
      const summary = new Message();
      for (const [tag, value] of Object.entries(values)) summary.message(1, new Message().string(1, tag).float(2, value));
      write(event(when).int(2, at).message(SUMMARY, summary));
    },
    close: () => closeSync(fd),
  };
}
