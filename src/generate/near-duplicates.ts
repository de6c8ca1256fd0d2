/**
 * Finds texts that nearly repeat an earlier one: word pairs as sets, candidates by MinHash in bands (Broder 1997; Leskovec et al.,
 * ch. 3), then the exact Jaccard similarity of each candidate.
 */

/** Share of word pairs in common from which a text counts as a repetition. */
const SIMILAR = 0.5;
/** 24 bands of 3 hashes: a pair of similarity 0.5 shares a band with probability 0.96, one of 0.7 with 0.9999, one of 0.05 with 0.003. */
const BANDS = 24;
const ROWS = 3;

const mix = (h: number): number => {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};

/** Words; each character of scripts without blanks between words. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}]+/gu;

function hash(word: string): number {
  let h = word.length;
  for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** Hashes of a text's word pairs, in ascending order; of a text of one word, of that word. */
function wordPairs(text: string): Int32Array {
  const words = (text.toLowerCase().normalize('NFKC').match(WORD) ?? []).map(hash);
  const pairs = words.length < 2 ? words : words.slice(1).map((word, i) => mix(Math.imul(words[i], 31) ^ word));
  return Int32Array.from(new Set(pairs)).sort();
}

/** Share of the members of two ascending sets that both have. */
function jaccard(a: Int32Array, b: Int32Array): number {
  let common = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) common++;
    const step = a[i] - b[j];
    if (step <= 0) i++;
    if (step >= 0) j++;
  }
  return common / (a.length + b.length - common || 1);
}

/** One number for each band of a text's MinHash signature. */
function bandKeys(pairs: Int32Array): Int32Array {
  const keys = new Int32Array(BANDS);
  for (let band = 0; band < BANDS; band++) {
    let key = band;
    for (let row = 0; row < ROWS; row++) {
      const seed = Math.imul(band * ROWS + row + 1, 0x9e3779b1);
      let least = 0x7fffffff;
      for (let i = 0; i < pairs.length; i++) {
        const value = mix(pairs[i] ^ seed);
        if (value < least) least = value;
      }
      key = mix(Math.imul(key, 31) ^ least);
    }
    keys[band] = key;
  }
  return keys;
}

/** Remembers texts and tells repetitions. */
export interface NearDuplicates {
  /** Whether a text nearly repeats one that was added. */
  has(text: string): boolean;
  add(text: string): void;
}

/** An empty memory of texts: about 2 KB for each text that is added. */
export function createNearDuplicates(): NearDuplicates {
  const texts: Int32Array[] = [];
  // By key the last text that has it, and for each text the one before: lists without an array for each.
  const last = Array.from({ length: BANDS }, () => new Map<number, number>());
  const before: Int32Array[] = [];
  return {
    has(text) {
      const pairs = wordPairs(text);
      const keys = bandKeys(pairs);
      const tried = new Set<number>();
      for (let band = 0; band < BANDS; band++)
        for (let other = last[band].get(keys[band]); other !== undefined && other >= 0; other = before[other][band]) {
          if (tried.has(other)) continue;
          tried.add(other);
          if (jaccard(pairs, texts[other]) >= SIMILAR) return true;
        }
      return false;
    },
    add(text) {
      const pairs = wordPairs(text);
      const number = texts.push(pairs) - 1;
      const earlier = new Int32Array(BANDS);
      for (const [band, key] of bandKeys(pairs).entries()) {
        earlier[band] = last[band].get(key) ?? -1;
        last[band].set(key, number);
      }
      before.push(earlier);
    },
  };
}
