/** A terminal that goes away while a command runs: messages are lost, and nothing else. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

/** Lets go of terminals: what Node then finds in their places it leaves as it is. */
function leave(terminals: readonly number[]): void {
  for (const fd of terminals) {
    closeSync(fd);
    openSync(devNull, 'r+');
  }
}

/**
 * Ends with the exit code that is set, whatever becomes of the terminal meanwhile: between a look at it and Node's setting it back it may go. Nothing
 * may be said after that.
 */
export function leaveTerminal(): void {
  // Registered last, so that it runs last.
  process.on('exit', () => leave([0, 1, 2].filter((fd) => isatty(fd))));
}

/** Lets the process outlive its terminal and end as it would have: the signal that tells of it, if one comes, is for the command to take. */
export function outliveTerminal(): void {
  process.stderr.on('error', () => {});
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  // Node sets each terminal back to its old mode when it ends, and aborts where that is gone.
  process.on('exit', () => {
    leave(terminals.filter((fd) => !isatty(fd)));
  });
}
