/** Finds texts that nearly repeat an earlier one: MinHash over word trigrams, in bands (Broder 1997; Leskovec et al., ch. 3). */

const HASHES = 64;
/** 16 bands of 4: a pair of Jaccard similarity 0.7 shares a band with probability 0.99. */
const BANDS = 16;
/** Estimated similarity from which a text counts as a repetition. */
const SIMILAR = 0.6;

function hash(text: string, seed: number): number {
  let h = seed ^ text.length;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x5bd1e995) ^ (h >>> 15);
  h = Math.imul(h ^ (h >>> 13), 0x85ebca6b);
  return (h ^ (h >>> 16)) >>> 0;
}

const words = (text: string): string[] =>
  text
    .toLowerCase()
    .normalize('NFKC')
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** Word trigrams; of a text of fewer than three words, all of it. */
function shingles(text: string): Set<string> {
  const all = words(text);
  if (all.length < 3) return new Set([all.join(' ')]);
  return new Set(all.slice(2).map((_, i) => all.slice(i, i + 3).join(' ')));
}

function signature(text: string): Uint32Array {
  const least = new Uint32Array(HASHES).fill(0xffffffff);
  for (const shingle of shingles(text)) {
    // One strong hash, then 64 cheap permutations of it.
    const base = hash(shingle, 0x9747b28c);
    for (let i = 0; i < HASHES; i++) {
      const value = (Math.imul(base ^ Math.imul(i + 1, 0x9e3779b1), 0x85ebca6b + 2 * i) ^ (base >>> (i & 15))) >>> 0;
      if (value < least[i]) least[i] = value;
    }
  }
  return least;
}

/** Remembers texts and tells repetitions. */
export interface NearDuplicates {
  /** Whether a text nearly repeats one that was added. */
  has(text: string): boolean;
  add(text: string): void;
}

/** An empty memory of texts. */
export function createNearDuplicates(): NearDuplicates {
  const signatures: Uint32Array[] = [];
  const bands = Array.from({ length: BANDS }, () => new Map<string, number[]>());
  const keys = (own: Uint32Array) =>
    Array.from({ length: BANDS }, (_, band) => own.subarray((band * HASHES) / BANDS, ((band + 1) * HASHES) / BANDS).join());
  return {
    has(text) {
      const own = signature(text);
      const tried = new Set<number>();
      for (const [band, key] of keys(own).entries())
        for (const other of bands[band].get(key) ?? []) {
          if (tried.has(other)) continue;
          tried.add(other);
          let equal = 0;
          for (let i = 0; i < HASHES; i++) if (signatures[other][i] === own[i]) equal++;
          if (equal / HASHES >= SIMILAR) return true;
        }
      return false;
    },
    add(text) {
      const own = signature(text);
      const number = signatures.push(own) - 1;
      for (const [band, key] of keys(own).entries()) {
        const list = bands[band].get(key);
        if (list) list.push(number);
        else bands[band].set(key, [number]);
      }
    },
  };
}
