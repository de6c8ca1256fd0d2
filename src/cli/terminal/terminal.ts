/** What a command says: every line of text that others wrote is made printable here, so that none of it is obeyed by a terminal. */
import { fstatSync, readFileSync, statSync } from 'node:fs';
import { printable } from '../../base/printable.ts';
import { lookOf } from '../../base/terminal/look.ts';

/** A line for the user, on stderr. */
export function noteLine(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** What went wrong, on stderr, with the one prefix that all errors have. */
export function errorLine(message: string): void {
  process.stderr.write(`${lookOf(process.stderr).paint('glz:', 'poor')} ${message.split('\n').map(printable).join('\n')}\n`);
}

/** Text for the user on stdout, which may have several lines. Not for results: those are written as they are. */
export function printText(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
}

/**
 * Whether stdout was closed when the process began, as far as Linux can tell: Node then opens /dev/null in its place, for reading and
 * writing, and what is written is lost without an error. A parent that opens it so for a child (Python's DEVNULL, 'ignore' of Node) looks the same.
 */
export function isStdoutClosed(): boolean {
  try {
    const flags = /^flags:\s*0*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))?.[1];
    const readsAndWrites = (Number.parseInt(flags ?? '0', 8) & 3) === 2;
    return readsAndWrites && fstatSync(1).rdev === statSync('/dev/null').rdev;
  } catch {
    return false;
  }
}
