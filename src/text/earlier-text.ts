/** Finds texts of a list that stand in it twice. Of a million a Map would take some 50 bytes each while it grows; this table takes 8 to 16. */

/** Another one for each process: nobody can make up a list whose texts all meet. */
const SEED = (Math.random() * 2 ** 32) | 0;

/** Hash of a text (FNV-1a, mixed as MurmurHash3 ends). */
function hashOf(text: string): number {
  let hash = SEED;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * Looks at the texts of a list, one after the other.
 * @param list of its final length; texts may be put in as they are looked at
 * @returns gives for the text of a number the number of the same one that was looked at before, if one was
 */
export function createEarlier(list: readonly string[]): (at: number) => number | undefined {
  const mask = 2 ** Math.ceil(Math.log2(2 * list.length + 2)) - 1;
  const table = new Int32Array(mask + 1); // numbers from 1; 0 is a free place
  return (at) => {
    const text = list[at];
    let place = hashOf(text) & mask;
    for (; table[place] !== 0; place = (place + 1) & mask) if (list[table[place] - 1] === text) return table[place] - 1;
    table[place] = at + 1;
    return undefined;
  };
}
