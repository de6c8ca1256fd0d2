/** Explanations for a reader at a terminal: the text with the words that decided in colour, and those words with their figures. */
import { printable } from '../../base/printable.ts';
import { COLOURED, type DecidingOptions, decidingWords, strongestScore } from '../../classify/explain/deciding-words.ts';
import type { Explanation, WordScore } from '../../classify/library-types.ts';

/** Words with figures behind each label. */
const SHOWN_WORDS = 5;

/** Characters of a word, or of a sentence that stands for one. */
const SHOWN_LENGTH = 40;

/** Share of the strongest word's score from which on a coloured word is in bold. */
const BOLD = 0.7;

const RESET = '\u001b[0m';
const FOR = '\u001b[32m';
const AGAINST = '\u001b[31m';
const STRONG = '\u001b[1m';

/** Text as a terminal shows it, its own line breaks kept. */
const shown = (text: string): string => text.split('\n').map(printable).join('\n');

function coloured(text: string, words: readonly WordScore[]): string {
  const strongest = strongestScore(words);
  let result = '';
  let at = 0;
  for (const { word, start, end, score } of words) {
    result += shown(text.slice(at, start));
    const share = strongest > 0 ? Math.abs(score) / strongest : 0;
    const colour = share < COLOURED ? '' : (share < BOLD ? '' : STRONG) + (score > 0 ? FOR : AGAINST);
    result += colour ? `${colour}${shown(word)}${RESET}` : shown(word);
    at = end;
  }
  return result + shown(text.slice(at));
}

const figure = (score: number): string => `${score < 0 ? '-' : '+'}${Math.abs(score).toFixed(2)}`;

function wordLine(words: readonly WordScore[]): string {
  const strongest = [...words].sort((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, SHOWN_WORDS);
  const short = (word: string) => (word.length > SHOWN_LENGTH ? `${word.slice(0, SHOWN_LENGTH - 3).trimEnd()}...` : word);
  return strongest.map(({ word, score }) => `${printable(short(word))} ${figure(score)}`).join(', ');
}

/** How explanations are shown. */
export interface ExplainedTextOptions extends Pick<DecidingOptions, 'isChoice'> {
  /** Whether the terminal has colours, and they are wanted. */
  hasColours: boolean;
}

/** Lines that say why a text got its labels; empty where it got none. */
export function explainedText(text: string, explanations: readonly Explanation[], { hasColours, isChoice }: ExplainedTextOptions): string {
  const [best] = explanations;
  const deciding = decidingWords(explanations, { isChoice });
  if (!deciding) return '';
  const { other, words } = deciding;
  const width = Math.max(...explanations.map(({ label }) => printable(label).length));
  const isExact = best.method === 'exact';
  return [
    ...(hasColours ? [coloured(text, words)] : [shown(text)]),
    '',
    ...(other === undefined ? [] : [`${printable(deciding.label)} rather than ${printable(other)}: ${wordLine(words)}`, '']),
    isExact ? `what words add (${figure(best.bias)} without any):` : 'how much less without a word:',
    ...explanations.map((each) => `${printable(each.label).padEnd(width)}  ${figure(each.logit)}: ${wordLine(each.words)}`),
    '',
  ].join('\n');
}
