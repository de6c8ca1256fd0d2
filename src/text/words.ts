/**
 * The words of a text, as a reader sees them, whatever tokens a vocabulary makes of it. Words are those of Unicode (UAX 29, by `Intl.Segmenter`, which
 * knows Chinese, Japanese and Thai too); what is no word and no white space (punctuation, an emoji) stands by itself. Knows no models.
 */
import type { PlacedTokens } from './tokenizer/encoded-rows.ts';

/** UTF-16 units [start, end) of a text. */
export interface Place {
  start: number;
  end: number;
}

/** Words of a text, and which of them each of its tokens is of. */
export interface WordsOfTokens {
  /** In order; each has a token. */
  words: Place[];
  /** Number of each token's word. [T] */
  wordOf: Int32Array;
}

type Granularity = 'word' | 'sentence';

const segmenters = new Map<Granularity, Intl.Segmenter>();

/** UTF-16 units that are segmented together: each step of a segmenter takes time for all of its text. */
const PIECE = 2048;

const LOW_HALF = /[\udc00-\udfff]/;

/** A segmenter. It takes some 50 ms to make: a run that needs none does without. */
function segmenterOf(granularity: Granularity): Intl.Segmenter {
  // Of one language, whatever the user's: a text has the same words everywhere.
  const segmenter = segmenters.get(granularity) ?? new Intl.Segmenter('en', { granularity });
  segmenters.set(granularity, segmenter);
  return segmenter;
}

/** The segments of a text, in order, as far as they are asked for. */
function* segments(text: string, granularity: Granularity): Generator<Place & { isWordLike?: boolean }> {
  const segmenter = segmenterOf(granularity);
  let size = PIECE;
  for (let from = 0; from < text.length; ) {
    // Not between the halves of a character.
    const end = from + size + (LOW_HALF.test(text[from + size] ?? '') ? 1 : 0);
    const found = [...segmenter.segment(text.slice(from, end))];
    // The last one may go on behind the piece.
    if (end < text.length) found.pop();
    size = found.length > 0 ? PIECE : 2 * size;
    for (const { segment, isWordLike } of found) {
      yield { start: from, end: from + segment.length, isWordLike };
      from += segment.length;
    }
  }
}

const isSpace = (text: string): boolean => text.trim() === '';

/** The words of a text up to the one that `end` is in or behind; `!!!` is one. */
export function textWords(text: string, end = text.length): Place[] {
  const words: Place[] = [];
  let before = '';
  for (const { start, end: behind, isWordLike } of segments(text, 'word')) {
    if (start >= end) break;
    const segment = text.slice(start, behind);
    const last = words.at(-1);
    if (!isWordLike && segment === before && last?.end === start) last.end = behind;
    else if (!isSpace(segment)) words.push({ start, end: behind });
    before = segment;
  }
  return words;
}

/** The sentences of a text, without white space round them. */
export function textSentences(text: string): Place[] {
  return [...segments(text, 'sentence')].map((place) => trimmed(text, place)).filter(isThere);
}

const isThere = ({ start, end }: Place): boolean => start < end;

/** A place without white space at its ends. */
function trimmed(text: string, { start, end }: Place): Place {
  const piece = text.slice(start, end);
  const kept = piece.trimStart();
  const from = start + piece.length - kept.length;
  return { start: from, end: from + kept.trimEnd().length };
}

/** Number of the first word that ends behind a place; of the last one where there is none. */
function wordAt(words: readonly Place[], place: number): number {
  let [low, high] = [0, words.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle].end > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The words that tokens are of. A token of white space is the next word's; words that one token covers are one (`[UNK]` for two emojis); words
 * without a token, which the model does not read, are left out.
 */
export function wordsOfTokens(text: string, { starts, ends }: Pick<PlacedTokens, 'starts' | 'ends'>): WordsOfTokens {
  const last = ends.reduce((most, end) => Math.max(most, end), 0);
  const pieces = textWords(text, last);
  if (pieces.length === 0) pieces.push({ start: 0, end: last }); // white space that a vocabulary has tokens for
  const firstOf = new Int32Array(starts.length);
  const hasToken = new Uint8Array(pieces.length);
  const isJoined = new Uint8Array(pieces.length); // to the one before
  for (const [token, start] of starts.entries()) {
    const own = trimmed(text, { start, end: ends[token] });
    const first = wordAt(pieces, own.start);
    firstOf[token] = first;
    hasToken[first] = 1;
    for (let next = first + 1; next < pieces.length && pieces[next].start < own.end; next++) {
      isJoined[next] = 1;
      hasToken[next] = 1;
    }
  }
  const words: Place[] = [];
  const numbers = new Int32Array(pieces.length);
  for (const [at, { start, end }] of pieces.entries()) {
    if (!hasToken[at]) continue;
    if (isJoined[at]) words[words.length - 1].end = end;
    else words.push({ start, end });
    numbers[at] = words.length - 1;
  }
  return { words, wordOf: firstOf.map((piece) => numbers[piece]) };
}
