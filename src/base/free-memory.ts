/** How much memory is left. */
import { freemem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** What V8 counts into its limit for young objects: three times 16 MiB, which nothing that stays can take. */
const YOUNG = 3 * 2 ** 24;

/** Bytes that JavaScript's heap may still grow by for what stays; garbage that was not collected yet counts as taken. */
export function freeHeap(): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  return Math.max(0, limit - YOUNG - used);
}

/** Bytes that this process may still take, of the machine or of the container that it runs in. */
export const freeMemory = (): number => {
  // Node before 20.13 does not know of containers.
  const free = typeof process.availableMemory === 'function' ? process.availableMemory() : freemem();
  return Math.min(free, freemem());
};
