/**
 * Whether a vocabulary knows the script of a text. An English one has the letters of others singly, or not at all: whatever such a text says,
 * the model reads a row of letters, and its scores are alike for all labels.
 */

const SCRIPTS = [
  ...[
    'Cyrillic',
    'Greek',
    'Arabic',
    'Hebrew',
    'Armenian',
    'Georgian',
    'Ethiopic',
    'Devanagari',
    'Bengali',
    'Gurmukhi',
    'Gujarati',
    'Tamil',
  ],
  ...['Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan', 'Han', 'Hiragana', 'Katakana', 'Hangul'],
] as const;
const PATTERNS = SCRIPTS.map((script) => ({ script, letters: new RegExp(`\\p{Script=${script}}`, 'gu') }));
type Script = (typeof SCRIPTS)[number];

/** Letters that are not Latin; most texts have none, and cost this look only. */
const OTHER_LETTER = /[^\p{Script=Latin}\P{L}]/u;
const LETTER = /\p{L}/gu;

/** Pieces with two letters of a script and more that a vocabulary has at least which was made with texts in it; English ones have up to 8. */
const KNOWN_PIECES = 50;
/** A character of Chinese is a word's worth: pieces of one count. English vocabularies have some 500. */
const KNOWN_CHARACTERS = 1500;

/** Texts are judged by their beginning. */
const JUDGED = 2000;

/** What each byte is written as in a byte-level vocabulary (GPT-2): printable ones as themselves, the others from U+0100 on. */
function byteOfCharacter(): Map<string, number> {
  const isPlain = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return new Map(Array.from({ length: 256 }, (_, byte) => [String.fromCharCode(isPlain(byte) ? byte : next++), byte]));
}

/** A text that has the pieces of a tokenizer.json in quotes, and no letters but Latin ones around them. */
function quotedPieces(json: string, byteLevel: boolean): string {
  // A vocabulary of 250,000 pieces is read in a tenth of the time as it stands; merges name pieces once more.
  if (!byteLevel && !json.includes('"merges":')) return json;
  const { model } = JSON.parse(json) as { model: { vocab: Record<string, number> | [string, number][] } };
  const names = Array.isArray(model.vocab) ? model.vocab.map(([name]) => name) : Object.keys(model.vocab);
  const bytes = byteOfCharacter();
  // Parts of characters, in byte-level vocabularies, hold no letter.
  const written = (name: string) =>
    byteLevel ? Buffer.from(Array.from(name, (character) => bytes.get(character) ?? 0)).toString('utf8') : name;
  return `"${names.map((name) => written(name).replaceAll('"', '')).join('""')}"`;
}

/** Whether a vocabulary has enough pieces of a script. */
function knowsScript(pieces: string, script: Script): boolean {
  const letter = `\\p{Script=${script}}`;
  const piece = new RegExp(script === 'Han' ? `${letter}[^"]*"` : `${letter}[^"]*?${letter}[^"]*"`, 'gu');
  let missing = script === 'Han' ? KNOWN_CHARACTERS : KNOWN_PIECES;
  while (missing > 0 && piece.test(pieces)) missing--;
  return missing === 0;
}

/** Scripts other than Latin that the vocabulary of a tokenizer.json knows. */
export function knownScripts(json: string, byteLevel: boolean): Script[] {
  const pieces = quotedPieces(json, byteLevel);
  return SCRIPTS.filter((script) => knowsScript(pieces, script));
}

/**
 * Makes a function that names the script which most letters of a text are in, where the vocabulary knows little of it.
 * @param json tokenizer.json; read when the first text comes that is not in Latin letters
 */
export function createUnknownScript(json: string, byteLevel: boolean): (text: string) => string | undefined {
  let pieces: string | undefined;
  const known = new Map<Script, boolean>();
  const isKnown = (script: Script): boolean => {
    pieces ??= quotedPieces(json, byteLevel);
    const found = known.get(script) ?? knowsScript(pieces, script);
    known.set(script, found);
    return found;
  };
  return (text) => {
    if (!OTHER_LETTER.test(text)) return undefined;
    const judged = text.slice(0, JUDGED);
    const letters = judged.match(LETTER)?.length ?? 0;
    const unknown = PATTERNS.map(({ script, letters: pattern }) => ({ script, count: judged.match(pattern)?.length ?? 0 }))
      .filter(({ script, count }) => count > 0 && !isKnown(script))
      .sort((a, b) => b.count - a.count);
    // Japanese is written in three.
    return unknown.reduce((sum, { count }) => sum + count, 0) > letters / 2 ? unknown[0].script : undefined;
  };
}
