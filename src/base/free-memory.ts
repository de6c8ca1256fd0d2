/** How much memory is left. */
import { freemem } from 'node:os';

/** Bytes that this process may still take, of the machine or of the container that it runs in. */
export const freeMemory = (): number => {
  // Node before 20.13 does not know of containers.
  const free = typeof process.availableMemory === 'function' ? process.availableMemory() : freemem();
  return Math.min(free, freemem());
};
