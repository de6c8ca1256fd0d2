/** The text with the words coloured that decided a label. */

import type { Explanation } from '../../classify/library-types.ts';
import { find, make } from './dom.ts';
import { strongestWords, textPieces } from './pure/deciding-words.ts';

/** Words that are listed beneath with what they add. */
const LISTED = 8;

const signed = (value: number): string => `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;

/** Shows the words of one label, or nothing. */
export function showWords(text: string, explanation: Explanation | undefined): void {
  const box = find('why');
  box.hidden = explanation === undefined || explanation.words.length === 0;
  if (explanation === undefined || box.hidden) {
    box.replaceChildren();
    return;
  }
  const pieces = textPieces(text, explanation.words).map(({ text: piece, strength }) => {
    if (strength === 0) return piece;
    const mark = make('mark', { className: strength > 0 ? 'for' : 'against', textContent: piece });
    mark.style.setProperty('--strength', Math.abs(strength).toFixed(2));
    return mark;
  });
  const strongest = strongestWords(explanation.words, LISTED);
  box.replaceChildren(
    make('h3', {}, 'Why ', make('em', { textContent: explanation.label })),
    make(
      'p',
      { className: 'read', tabIndex: 0, attributes: { role: 'region', 'aria-label': 'The text, its deciding words coloured' } },
      ...pieces,
    ),
    make(
      'ul',
      { className: 'weights', attributes: { 'aria-label': `Words for and against ${explanation.label}` } },
      ...strongest.map(({ word, score }) =>
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
        'Green speaks for the label; red with dots beneath, against it. The figures are what a word adds to the label’s raw score.',
    }),
  );
}
