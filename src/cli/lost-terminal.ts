/** A terminal that goes away while a command runs: messages are lost, and nothing else. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

/** Lets the process outlive its terminal and end as it would have: the signal that tells of it, if one comes, is for the command to take. */
export function outliveTerminal(): void {
  process.stderr.on('error', () => {});
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  // Node sets each terminal back to its old mode when it ends, and aborts where that is gone.
  process.on('exit', () => {
    for (const fd of terminals)
      if (!isatty(fd)) {
        closeSync(fd);
        openSync(devNull, 'r+');
      }
  });
}
