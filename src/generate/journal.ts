/**
 * Output and journal of a generation run. An answer's examples are appended to the output and flushed, then the journal notes that the
 * answer is in and how long the output is. A kill between both leaves examples that the journal does not know: they are cut off at the
 * next start and asked for again. So every example is there once.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import type { RecordMember } from '../data/record-members.ts';
import { recordLine, type WRITTEN } from './record-line.ts';

/** A generated record. */
export interface GeneratedRecord {
  text: string;
  labels: string[];
  not_labels: string[];
  [field: string]: unknown;
  /** Of a user's record: its fields as they were written. */
  [WRITTEN]?: readonly RecordMember[];
}

/** What the journal knows of one answer. */
export interface JournalEntry {
  /** Number of the request in the plan. */
  request: number;
  kept: number;
  /** Examples dropped, by reason. */
  dropped: Record<string, number>;
  /** Labels taken out of examples that were kept, by reason. */
  mended?: Record<string, number>;
  /** Length of the output after this answer, in bytes. */
  bytes: number;
}

/** An open output with its journal. */
export interface Journal {
  /** Requests that are in. */
  readonly done: ReadonlySet<number>;
  /** Examples of earlier runs. */
  readonly records: readonly GeneratedRecord[];
  /** Sum of what was dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Sum of the labels that were taken out of kept examples, by reason. */
  readonly mended: Readonly<Record<string, number>>;
  /** Puts the examples of one answer on disk. @throws DataError when the disk is full or goes away. */
  add(
    request: number,
    records: readonly GeneratedRecord[],
    dropped: Readonly<Record<string, number>>,
    mended: Readonly<Record<string, number>>,
  ): void;
  close(): void;
}

const journalPath = (output: string): string => `${output}.journal`;

/** Lines of a file up to its last line break: a half line is what a kill left. */
function wholeLines(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  fsyncSync(fd);
}

/**
 * Opens an output, or goes on with one.
 * @param identity of the plan: an output goes on only with the plan that it was begun with
 * @throws UsageError where the output is there without a journal, or belongs to another plan; DataError where it cannot be used
 */
export function openJournal(output: string, identity: string): Journal {
  const path = journalPath(output);
  mkdirSync(dirname(output), { recursive: true });
  const entries: JournalEntry[] = [];
  let length = 0;
  let lines: string[] = [];
  if (existsSync(path)) {
    lines = wholeLines(path);
    try {
      const header = lines.length ? (JSON.parse(lines[0]) as { plan?: string }) : undefined;
      // Without an answer nothing ties the output to its plan: a model's name that was wrong may be put right.
      if (lines.length === 1 && header?.plan !== identity) lines = [];
      else if (header && header.plan !== identity)
        throw new UsageError(
          `${output} was begun with another plan (settings, model or seed); go on with the same, or choose another --output`,
        );
      for (const line of lines.slice(1)) entries.push(JSON.parse(line) as JournalEntry);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new DataError(`${path} is not a journal: ${errorMessage(error)}`);
    }
    length = entries.at(-1)?.bytes ?? 0;
  } else if (existsSync(output)) throw new UsageError(`${output} is there already, without a journal of a run; choose another --output`);

  let out: number;
  let log: number;
  try {
    out = openSync(output, existsSync(output) ? 'r+' : 'w+');
    log = openSync(path, existsSync(path) ? 'r+' : 'w+');
    const size = fstatSync(out).size;
    if (size < length)
      throw new DataError(`${output} has ${size} bytes, its journal knows ${length}: it was changed; choose another --output`);
    ftruncateSync(out, length);
    ftruncateSync(log, Buffer.byteLength(lines.map((line) => `${line}\n`).join('')));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`cannot write ${output}: ${errorMessage(error)}`);
  }
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) at += readSync(out, bytes, at, length - at, at);
  const records = bytes
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as GeneratedRecord);
  // Both go on at their ends.
  closeSync(out);
  closeSync(log);
  out = openSync(output, 'a');
  log = openSync(path, 'a');
  if (lines.length === 0) writeAll(log, Buffer.from(`${JSON.stringify({ plan: identity })}\n`));
  const done = new Set(entries.map(({ request }) => request));
  const dropped: Record<string, number> = {};
  const mended: Record<string, number> = {};
  const count = (sums: Record<string, number>, reasons: Readonly<Record<string, number>>) => {
    for (const [reason, times] of Object.entries(reasons)) sums[reason] = (sums[reason] ?? 0) + times;
  };
  for (const entry of entries) {
    count(dropped, entry.dropped);
    count(mended, entry.mended ?? {});
  }
  return {
    done,
    records,
    dropped,
    mended,
    add(request, added, reasons, mends) {
      const block = Buffer.from(added.map((record) => `${recordLine(record)}\n`).join(''));
      try {
        if (block.length) writeAll(out, block);
        length += block.length;
        writeAll(
          log,
          Buffer.from(
            `${JSON.stringify({ request, kept: added.length, dropped: reasons, mended: mends, bytes: length } satisfies JournalEntry)}\n`,
          ),
        );
      } catch (error) {
        throw new DataError(`cannot write ${output}: ${errorMessage(error)}; run the same command again to go on`);
      }
      done.add(request);
      count(dropped, reasons);
      count(mended, mends);
    },
    close() {
      closeSync(out);
      closeSync(log);
    },
  };
}
