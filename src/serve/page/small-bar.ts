/** A bar on one line: name, bar, figure. */
import { make } from './dom.ts';
import { percent } from './pure/bars.ts';

/** Makes one, an item of a list. @param depth steps that its name stands further in */
export function smallBar(name: string, score: number, isBest: boolean, depth = 0): HTMLElement {
  const fill = make('span', { className: 'fill' });
  fill.style.width = `${100 * score}%`;
  const title = make('span', { className: 'name', textContent: name });
  title.style.paddingLeft = `${0.9 * Math.min(depth, 6)}em`;
  const parts = [
    title,
    make('span', { className: 'track', attributes: { 'aria-hidden': 'true' } }, fill),
    make('span', { className: 'value', textContent: percent(score) }),
  ];
  return make('li', { className: isBest ? 'best' : '' }, make('div', { className: 'face' }, ...parts));
}
