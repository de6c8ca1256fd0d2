/** Random numbers that are a pure function of their seeds: the same run everywhere, and a resumed run goes on as if never stopped. */

/** Mixes integers into one 32-bit seed (MurmurHash3's finalizer between them). */
function mixSeeds(seeds: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const seed of seeds) {
    hash ^= seed | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash;
}

/** Uniform numbers in [0, 1) with 32 bits, from a 32-bit seed (mulberry32 by Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A stream of numbers in [0, 1), given by its seeds. */
export const randomStream = (...seeds: number[]): (() => number) => seededRandom(mixSeeds(seeds));

/** A whole number in [0, below). */
export const randomInteger = (random: () => number, below: number): number => Math.floor(random() * below);

/** A normally distributed number, of mean 0 and deviation 1 (Box and Muller). */
export const normalNumber = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Shuffles in place (Fisher-Yates) and returns the array. */
export function shuffle<T extends { length: number; [index: number]: unknown }>(items: T, random: () => number): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInteger(random, i + 1);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items;
}
