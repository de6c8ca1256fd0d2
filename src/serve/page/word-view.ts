/** The text with the words coloured that decided for a label. */

import type { DecidingWords } from '../../classify/explain/deciding-words.ts';
import { find, make } from './dom.ts';
import { strongestWords, textPieces } from './pure/text-pieces.ts';

/** Words that are listed beneath with what they add. */
const LISTED = 8;

const signed = (value: number): string => `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;

const HINT = 'The figures are what a word adds';

/** Shows the words that decided for a label, or nothing. */
export function showWords(text: string, deciding: DecidingWords | undefined): void {
  const box = find('why');
  box.hidden = deciding === undefined || deciding.words.length === 0;
  if (deciding === undefined || box.hidden) {
    box.replaceChildren();
    return;
  }
  const { label, other, words } = deciding;
  const pieces = textPieces(text, words).map(({ text: piece, strength }) => {
    if (strength === 0) return piece;
    const mark = make('mark', { className: strength > 0 ? 'for' : 'against', textContent: piece });
    mark.style.setProperty('--strength', Math.abs(strength).toFixed(2));
    return mark;
  });
  box.replaceChildren(
    make(
      'h3',
      {},
      'Why ',
      make('em', { textContent: label }),
      ...(other === undefined ? [] : [' rather than ', make('span', { className: 'other', textContent: other })]),
    ),
    make(
      'p',
      { className: 'read', tabIndex: 0, attributes: { role: 'region', 'aria-label': 'The text, its deciding words coloured' } },
      ...pieces,
    ),
    make(
      'ul',
      {
        className: 'weights',
        attributes: { 'aria-label': other === undefined ? `Words for and against ${label}` : `Words for ${label}, and for ${other}` },
      },
      ...strongestWords(words, LISTED).map(({ word, score }) =>
        make(
          'li',
          { className: score > 0 ? 'for' : 'against' },
          make('span', { textContent: word }),
          make('b', { textContent: signed(score) }),
        ),
      ),
    ),
    make('p', {
      className: 'hint',
      textContent:
        other === undefined
          ? `Green speaks for the label; red with dots beneath, against it. ${HINT} to the label’s raw score.`
          : `Green speaks for ${label}; red with dots beneath, for ${other}. ${HINT} more to the raw score of the first.`,
    }),
  );
}
