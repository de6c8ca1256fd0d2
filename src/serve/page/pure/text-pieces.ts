/** The words of a text by what they add to a label's score, or add more to it than to another's. */

import { COLOURED, strongestScore } from '../../../classify/explain/deciding-words.ts';
import type { WordScore } from '../../../classify/library-types.ts';

/** A piece of the text. */
export interface TextPiece {
  text: string;
  /** From -1 (speaks against, the strongest) to 1 (speaks for); 0 between words. */
  strength: number;
}

/** The text in pieces, in order, nothing left out. Words that lie outside of the text or over each other are passed by. */
export function textPieces(text: string, words: readonly WordScore[]): TextPiece[] {
  const strongest = strongestScore(words);
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { start, end, score } of [...words].sort((one, other) => one.start - other.start)) {
    if (!(start >= at && end > start && end <= text.length)) continue;
    if (start > at) pieces.push({ text: text.slice(at, start), strength: 0 });
    const strength = strongest > 0 ? score / strongest : 0;
    pieces.push({ text: text.slice(start, end), strength: Math.abs(strength) < COLOURED ? 0 : strength });
    at = end;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), strength: 0 });
  return pieces;
}

/** The words that matter most, whichever way, the strongest first; marks between words are coloured in the text only. */
export const strongestWords = (words: readonly WordScore[], most: number): WordScore[] => {
  const ranked = words.filter(({ word }) => /[\p{L}\p{N}]/u.test(word)).sort((one, other) => Math.abs(other.score) - Math.abs(one.score));
  const least = COLOURED * Math.abs(ranked[0]?.score ?? 0);
  return ranked.slice(0, most).filter(({ score }) => score !== 0 && Math.abs(score) >= least);
};
