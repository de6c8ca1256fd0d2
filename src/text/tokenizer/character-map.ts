/** Checks SentencePiece's compiled character map before it reaches the native library, which follows it without looking. */

/** The bits of one unit of the character map's trie (a Darts double array, as SentencePiece writes it). */
const IS_VALUE = 0x80000000;
const HAS_LEAF = 0x100;
/** The longest that Unicode's own compatibility forms have is 33 bytes. */
const LONGEST_TEXT = 256;
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);

/**
 * What is wrong with a character map in base64: a byte count, a trie of 32-bit units, then texts that end in zero bytes. Every step from
 * every unit has to stay inside the trie, and every value has to point at the start of a character inside the texts.
 */
export function characterMapFault(base64: unknown): string | undefined {
  if (typeof base64 !== 'string' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return 'it is not base64';
  const map = Buffer.from(base64, 'base64');
  if (map.toString('base64') !== base64) return 'it is not base64';
  if (map.length < 4) return 'shorter than its header';
  const bytes = map.readUInt32LE(0);
  if (bytes === 0 || bytes % 4 !== 0 || bytes > map.length - 4) return `a trie of ${bytes} bytes in ${map.length}`;
  const texts = map.subarray(4 + bytes);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(texts);
  } catch {
    return 'its texts are not UTF-8';
  }
  for (let start = 0; start < texts.length; ) {
    const zero = texts.indexOf(0, start);
    const end = zero < 0 ? texts.length : zero;
    if (end - start > LONGEST_TEXT) return `a character becomes ${end - start} bytes`;
    start = end + 1;
  }
  const units = bytes / 4;
  const view = new DataView(map.buffer, map.byteOffset + 4, bytes);
  const unitAt = (index: number) => view.getUint32(4 * index, true);
  for (let index = 0; index < units; index++) {
    const unit = unitAt(index);
    if (unit & IS_VALUE) continue;
    const next = (index ^ offsetOf(unit)) >>> 0;
    // A step adds a byte by exclusive or, which changes the lowest eight bits only.
    if ((next | 0xff) >= units) return `unit ${index} leads outside`;
    if (!(unit & HAS_LEAF)) continue;
    const value = unitAt(next) & 0x7fffffff;
    if (value > texts.length || (value < texts.length && (texts[value]! & 0xc0) === 0x80)) return `unit ${index} points outside the texts`;
  }
  return undefined;
}
