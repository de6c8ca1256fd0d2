/** The signals by which a command is asked to end. */

/** Ctrl-C; what `kill` and a system that shuts down send; a terminal or a connection that goes away. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `onSignal` each time the command is asked to end, in place of ending it. @returns a function that ends the listening */
export function onInterrupt(onSignal: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
