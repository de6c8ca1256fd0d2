/**
 * Output and journal of a generation run. An answer is noted in the journal first, with the length that the output then will have, and
 * flushed; its examples are appended to the output after that. So a kill leaves of the last answer a part of its examples, or none, never
 * any that the journal does not know: that part is cut off at the next start, and the answer asked for again. Every example is there once.
 * Whatever else the two files say, the output is not shortened: the run stops and says what to do.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { behindLinks, writeFileAtomically } from '../base/files.ts';
import { type FileLock, lockFile } from '../base/locks/lock-file.ts';
import { parseState } from '../base/state-file.ts';
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

const count = z.int().min(0);
const counts = z.record(z.string(), count);

/** What the journal knows of one answer. */
const entrySchema = z.object({
  /** Number of the request in the plan. */
  request: count,
  kept: count,
  /** Examples dropped, by reason. */
  dropped: counts,
  /** Labels taken out of examples that were kept, by reason. */
  mended: counts.optional(),
  /** Length of the output with this answer, in bytes. */
  bytes: count,
});
type JournalEntry = z.infer<typeof entrySchema>;

const recordSchema = z.looseObject({ text: z.string(), labels: z.array(z.string()), not_labels: z.array(z.string()) });

/** An open output with its journal. */
export interface Journal<Entry = GeneratedRecord> {
  /** Requests that are in. */
  readonly done: ReadonlySet<number>;
  /** Examples of earlier runs. */
  readonly records: readonly Entry[];
  /** Sum of what was dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Sum of the labels that were taken out of kept examples, by reason. */
  readonly mended: Readonly<Record<string, number>>;
  /** Puts the examples of one answer on disk. @throws DataError when the disk is full or goes away. */
  add(
    request: number,
    records: readonly Entry[],
    dropped: Readonly<Record<string, number>>,
    mended: Readonly<Record<string, number>>,
  ): void;
  close(): void;
  /** Closes both files; of a run that failed before its first answer none stays that was not there before. */
  giveUp(): void;
}

/** The journal of an output. */
export const journalPath = (output: string): string => `${output}.journal`;

const NEW_LINE = 10;

/** How a journal begins. */
const HEADER = '{"plan":"';

/** Lines of bytes up to their last line break: a half line is what a kill left. */
const wholeLines = (bytes: Buffer): string[] =>
  bytes
    .subarray(0, bytes.lastIndexOf(NEW_LINE) + 1)
    .toString('utf8')
    .split('\n')
    .slice(0, -1);

/** A line of a file, read through its schema. @throws DataError naming file, line and field */
function readLine<Schema extends z.ZodType>(schema: Schema, line: string, path: string, number: number, what: string): z.infer<Schema> {
  try {
    return parseState(line, schema, `${path}, line ${number}`);
  } catch (error) {
    throw new DataError(`${errorMessage(error)}, so ${what}; put back what it was, or choose another --output`);
  }
}

/** What an earlier run left. */
interface EarlierRun<Entry> {
  entries: JournalEntry[];
  records: Entry[];
  /** Length of the output that counts; what is behind it is of an answer that is asked for again. */
  outputBytes: number;
  /** Length of the journal that counts. */
  journalBytes: number;
}

/** The entries of a journal; undefined where there is none yet that ties an output to a plan. */
function readEntries(output: string, identity: string, outputSize: number): { entries: JournalEntry[]; lines: string[] } | undefined {
  const path = journalPath(output);
  const bytes = existsSync(path) ? readFileSync(path) : undefined;
  if (bytes === undefined && outputSize > 0)
    throw new UsageError(`${output} is there already, without a journal of a run; choose another --output`);
  // A disk that was full, or a kill, may have left of the first line a part.
  const begun = bytes !== undefined && (bytes.includes(NEW_LINE) || !HEADER.startsWith(bytes.toString('utf8', 0, HEADER.length)));
  const lines = begun ? wholeLines(bytes) : [];
  if (begun) {
    const { plan } = readLine(z.object({ plan: z.string() }), lines[0] ?? '', path, 1, 'it is not a journal of glz generate');
    if (lines.length > 1 && plan !== identity)
      throw new UsageError(
        `${output} was begun with another plan (settings, labels, model or seed); go on with the same, or choose another --output`,
      );
    if (lines.length > 1 || plan === identity) {
      const entries = lines.slice(1).map((line, at) => readLine(entrySchema, line, path, at + 2, 'it is not a journal of glz generate'));
      const shrinks = entries.findIndex(({ bytes: length }, at) => at > 0 && length < entries[at - 1].bytes);
      if (shrinks >= 0)
        throw new DataError(`${path}, line ${shrinks + 2}, field "bytes": less than before; it was changed. Choose another --output`);
      return { entries, lines };
    }
  }
  // Without an answer nothing ties an empty output to its plan: a model's name that was wrong may be put right.
  if (outputSize > 0)
    throw new DataError(
      `${output} has ${outputSize} bytes, its journal ${path} knows none of them: it was lost or is of another run. Move both away, or choose another --output`,
    );
  return undefined;
}

/** Reads output and journal of an earlier run and changes neither. @throws UsageError, DataError as {@link openJournal} */
function readEarlierRun<Entry>(output: string, identity: string, schema: z.ZodType<Entry>): EarlierRun<Entry> | undefined {
  const bytes = existsSync(output) ? readFileSync(output) : Buffer.alloc(0);
  const found = readEntries(output, identity, bytes.length);
  if (!found) return undefined;
  const { entries, lines } = found;
  const lengthOf = (number: number): number => entries[number]?.bytes ?? 0;
  const last = entries.length - 1;
  const block = bytes.subarray(lengthOf(last - 1), lengthOf(last));
  // The last answer was noted, and a kill came before all of its examples were written, or a power cut before they were on disk (zeros).
  const isCut = bytes.length < lengthOf(last) || (bytes.length === lengthOf(last) && block.includes(0));
  if (isCut) {
    entries.pop();
    lines.pop();
  }
  const known = lengthOf(entries.length - 1);
  const examples = entries.reduce((sum, { kept }) => sum + kept, 0);
  if (bytes.length < known)
    throw new DataError(
      `${output} ${existsSync(output) ? `has ${bytes.length} bytes` : 'is gone'}, its journal knows ${examples} examples in ${known} bytes: put it back, or choose another --output`,
    );
  const rest = bytes.subarray(known);
  if (!isCut && isUnknown(rest))
    throw new DataError(
      `${output} has ${rest.length} bytes behind byte ${known} that its journal does not know: something else wrote into it. Take them out (the first ${known} bytes stay), move both files away, or choose another --output`,
    );
  const records = wholeLines(bytes.subarray(0, known)).map((line, at) =>
    readLine(schema, line, output, at + 1, 'it is no example of this run'),
  );
  if (records.length !== examples || (known > 0 && bytes[known - 1] !== NEW_LINE))
    throw new DataError(
      `${output} has ${records.length} examples, its journal knows ${examples}: it was changed. Put it back, or choose another --output`,
    );
  return { entries, records, outputBytes: known, journalBytes: Buffer.byteLength(lines.map((line) => `${line}\n`).join('')) };
}

/** Whether bytes are anything but the beginning of an example, which nobody misses. */
function isUnknown(bytes: Buffer): boolean {
  if (bytes.length === 0) return false;
  const text = bytes.toString('utf8');
  if (text.includes('\n') || !text.startsWith('{"')) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function appendAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  fsyncSync(fd);
}

/** Opens a file, which need not exist, to append behind its first `length` bytes. */
function openBehind(path: string, length: number): number {
  if (existsSync(path) && statSync(path).size > length) truncateSync(path, length);
  return openSync(path, 'a');
}

/**
 * Opens an output, or goes on with one.
 * @param identity of the plan: an output goes on only with the plan that it was begun with
 * @param schema of its lines, of generated records unless given
 * @throws UsageError where the output is there without a journal, or belongs to another plan; DataError where it cannot be used, does not
 *   agree with its journal, or another run writes it
 */
export function openJournal(output: string, identity: string): Journal;
export function openJournal<Entry extends object>(output: string, identity: string, schema: z.ZodType<Entry>): Journal<Entry>;
export function openJournal(output: string, identity: string, schema: z.ZodType<object> = recordSchema): Journal<object> {
  let lock: FileLock | undefined;
  try {
    lock = lockFile(behindLinks(output), output);
    return openLocked(output, identity, schema, lock);
  } catch (error) {
    lock?.release();
    if (error instanceof DataError || error instanceof UsageError) throw error;
    throw new DataError(`cannot write ${output}: ${errorMessage(error)}`);
  }
}

function openLocked<Entry extends object>(output: string, identity: string, schema: z.ZodType<Entry>, lock: FileLock): Journal<Entry> {
  const path = journalPath(output);
  const earlier = readEarlierRun(output, identity, schema);
  const made = [path, output].filter((file) => !existsSync(file));
  const header = `${JSON.stringify({ plan: identity })}\n`;
  if (!earlier) writeFileAtomically(path, header);
  const { entries, records, outputBytes, journalBytes } = earlier ?? {
    entries: [],
    records: [],
    outputBytes: 0,
    journalBytes: header.length,
  };
  const out = openBehind(output, outputBytes);
  const log = openBehind(path, journalBytes);
  let length = outputBytes;
  const done = new Set(entries.map(({ request }) => request));
  const dropped: Record<string, number> = {};
  const mended: Record<string, number> = {};
  const add = (sums: Record<string, number>, reasons: Readonly<Record<string, number>>) => {
    for (const [reason, times] of Object.entries(reasons)) sums[reason] = (sums[reason] ?? 0) + times;
  };
  for (const entry of entries) {
    add(dropped, entry.dropped);
    add(mended, entry.mended ?? {});
  }
  let failure: DataError | undefined;
  const close = (): void => {
    closeSync(out);
    closeSync(log);
    lock.release();
  };
  return {
    done,
    records,
    dropped,
    mended,
    add(request, added, reasons, mends) {
      // Behind a part of an answer nothing may be appended.
      if (failure) throw failure;
      const block = Buffer.from(added.map((record) => `${recordLine(record as Parameters<typeof recordLine>[0])}\n`).join(''));
      const entry: JournalEntry = { request, kept: added.length, dropped: reasons, mended: mends, bytes: length + block.length };
      try {
        appendAll(log, Buffer.from(`${JSON.stringify(entry)}\n`));
        if (block.length) appendAll(out, block);
      } catch (error) {
        failure = new DataError(`cannot write ${output}: ${errorMessage(error)}; run the same command again to go on`);
        throw failure;
      }
      length += block.length;
      done.add(request);
      add(dropped, reasons);
      add(mended, mends);
    },
    close,
    giveUp() {
      // Under the lock, which takes its folder along.
      if (done.size === 0) for (const file of made) rmSync(file, { force: true });
      close();
    },
  };
}
