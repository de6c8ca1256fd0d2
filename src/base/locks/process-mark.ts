/**
 * A part of a file's name that says which process the file belongs to, and whether that process still runs: `glz-PID-START-PLACE`. Files of
 * a process that was killed can so be told from those of one that is at work.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A mark within a longer regular expression. */
export const MARK_PATTERN = 'glz-\\d+-[0-9a-f]{8}-[0-9a-f]{8}';

/**
 * Whose a mark is: this process's, one's that runs, one's that runs no longer, or one's that cannot be seen from here (another machine, or
 * another container). A number that was given to a new process counts as running where the system does not tell when it was started.
 */
export type MarkOwner = 'own' | 'running' | 'dead' | 'elsewhere';

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

function readOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** What the system says of a process (Linux), from its state on; nothing where it says nothing. */
function statusOf(pid: number): string[] {
  // The name stands before, in brackets, and may hold anything.
  const status = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return status.slice(status.lastIndexOf(')') + 2).split(' ');
}

/** When a process was started, as far as the system tells: a number is given to another process later. */
function startOf(status: readonly string[]): string | undefined {
  const ticks = status[19]; // since the machine was started
  return ticks === undefined ? undefined : short(`${readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))} ${ticks}`);
}

/** Where processes see each other: numbers mean nothing on another machine or in another container. */
const placeOf = (): string => short(`${hostname()} ${readOr(() => readlinkSync('/proc/self/ns/pid'))}`);

const NO_START = '00000000';
let own: string | undefined;

/** The mark of this process. */
export function ownMark(): string {
  own ??= `glz-${process.pid}-${startOf(statusOf(process.pid)) ?? NO_START}-${placeOf()}`;
  return own;
}

/** Whether a process of this machine runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The number of a mark's process. */
export const markedPid = (mark: string): number => Number(mark.split('-')[1]);

/** Whose a mark is. */
export function markOwner(mark: string): MarkOwner {
  if (mark === ownMark()) return 'own';
  const [, , start, place] = mark.split('-');
  if (place !== placeOf()) return 'elsewhere';
  const pid = markedPid(mark);
  if (!isRunning(pid)) return 'dead';
  const status = statusOf(pid);
  // Ended, and its parent has not looked yet: in containers without an init that may stay so.
  if (/^[ZX]/.test(status[0])) return 'dead';
  const found = startOf(status);
  return found !== undefined && start !== NO_START && found !== start ? 'dead' : 'running';
}
