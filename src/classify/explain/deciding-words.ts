/** Which words decided, out of explanations: for a terminal and for a page alike. Knows neither. */
import type { Explanation, WordScore } from '../library-types.ts';

/** Share of the strongest word's score from which on a word is coloured: colour should lead the eye. */
export const COLOURED = 0.4;

/** Words with what they add to a label, or add more to it than to another. */
export interface DecidingWords {
  label: string;
  /** The label that it is compared with; absent: the words' scores are the label's own. */
  other?: string;
  words: WordScore[];
}

/** What is known of the labels that are explained. */
export interface DecidingOptions {
  /** Whether the labels compete: what decided is then what words add more to one than to another. */
  isChoice: boolean;
  /** The label that is asked about, of those that are explained; the best unless given. */
  chosen?: string;
}

/**
 * The words that decided for a label: of the best what they add more to it than to the second, of another what they add more to it than to the
 * best. Undefined where nothing is explained.
 * @param explanations of one text, the best label first
 */
export function decidingWords(explanations: readonly Explanation[], { isChoice, chosen }: DecidingOptions): DecidingWords | undefined {
  const at = Math.max(
    0,
    explanations.findIndex(({ label }) => label === chosen),
  );
  const one = explanations[at];
  if (!one) return undefined;
  const other = isChoice ? explanations[at === 0 ? 1 : 0] : undefined;
  if (!other) return { label: one.label, words: one.words };
  return {
    ...{ label: one.label, other: other.label },
    words: one.words.map((word, place) => ({ ...word, score: word.score - other.words[place].score })),
  };
}

/** The score that shares are of: the largest, whichever way. */
export const strongestScore = (words: readonly WordScore[]): number =>
  words.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
