/** The two errors a user can cause. Anything else that is thrown is a defect of glz and keeps its stack trace. Imported by every folder. */
import { messageLine } from './printable.ts';

/** Wrong usage or settings: bad flag, bad config value, missing argument. The command exits with code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
  /** @param message made one printable line, whatever it quotes */
  constructor(message: string) {
    super(messageLine(message));
  }
}

/**
 * Something outside glz is wrong: a file that cannot be read, a malformed record, a broken weight file, a full disk.
 * The message is one line that says what, where (file, line, field) and what to do. The command exits with code 1.
 */
export class DataError extends Error {
  override name = 'DataError';
  /** @param message made one printable line, whatever it quotes */
  constructor(message: string) {
    super(messageLine(message));
  }
}

/** What should be written cannot be: a full disk, a folder without rights. What else there is to be done could not be written either. */
export class UnwritableError extends DataError {}

/**
 * `error` as one line for a message: the message of an Error, else its string form; of an error of the system only what is wrong, of one
 * with an excerpt of the text behind it (YAML) only the sentence before.
 */
export function errorMessage(error: unknown): string {
  const { message, code, syscall } = (error ?? {}) as { message?: unknown; code?: unknown; syscall?: unknown };
  if (typeof message !== 'string') return messageLine(String(error));
  // "ENOENT: no such file or directory, open '/a/b'": the caller's own words name the file and what was done with it.
  const prefix = `${code}: `;
  if (typeof syscall !== 'string' || !message.startsWith(prefix)) return messageLine(message.split(/:?\n\n/)[0]!);
  return message.slice(prefix.length).split(`, ${syscall}`)[0]!;
}
