/**
 * The words of a text, as a reader sees them, whatever tokens a vocabulary makes of it. Words are those of Unicode (UAX 29, by `Intl.Segmenter`, which
 * knows Chinese, Japanese and Thai too); what is no word and no white space (punctuation, an emoji) stands by itself. Knows no models.
 */
import type { PlacedTokens } from './tokenizer/tokenizer.ts';

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

const segmenters = new Map<'word' | 'sentence', Intl.Segmenter>();

/** Segments of a text. A segmenter takes some 50 ms to make: a run that needs none does without. */
function segments(text: string, granularity: 'word' | 'sentence'): Intl.Segments {
  // Of one language, whatever the user's: a text has the same words everywhere.
  const segmenter = segmenters.get(granularity) ?? new Intl.Segmenter('en', { granularity });
  segmenters.set(granularity, segmenter);
  return segmenter.segment(text);
}

const isSpace = (text: string): boolean => text.trim() === '';

/** The words of a text up to the one that `end` is in or behind; `!!!` is one. */
export function textWords(text: string, end = text.length): Place[] {
  const words: Place[] = [];
  let before: Intl.SegmentData | undefined;
  for (const segment of segments(text, 'word')) {
    if (segment.index >= end) break;
    const last = words.at(-1);
    const isRepeated = before && !segment.isWordLike && segment.segment === before.segment;
    if (isRepeated && last?.end === segment.index) last.end += segment.segment.length;
    else if (!isSpace(segment.segment)) words.push({ start: segment.index, end: segment.index + segment.segment.length });
    before = segment;
  }
  return words;
}

/** The sentences of a text, without white space round them. */
export function textSentences(text: string): Place[] {
  return [...segments(text, 'sentence')]
    .map(({ index, segment }) => trimmed(text, { start: index, end: index + segment.length }))
    .filter(isThere);
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
