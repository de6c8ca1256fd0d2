/** Bars, best first; they move to their new length and place. */

import { find, make } from './dom.ts';
import { type Bar, percent } from './pure/bars.ts';

/** Bars shown before somebody asks for all. */
const FIRST = 12;

/** A list of bars. */
export interface BarList {
  show(bars: readonly Bar[], explained: ReadonlySet<string>, chosen: string | undefined): void;
}

interface Row {
  item: HTMLLIElement;
  face: HTMLElement;
  fill: HTMLElement;
  value: HTMLElement;
}

const isStill = matchMedia('(prefers-reduced-motion: reduce)');

/** A row for a label: a button where its words can be looked at. */
function makeRow(label: string, isButton: boolean, onChoose: (label: string) => void): Row {
  const fill = make('span', { className: 'fill' });
  const value = make('span', { className: 'value' });
  const track = make('span', { className: 'track', attributes: { 'aria-hidden': 'true' } }, fill);
  const parts = [make('span', { className: 'name', textContent: label }), value, track];
  const face = isButton ? make('button', { type: 'button', className: 'face' }, ...parts) : make('div', { className: 'face' }, ...parts);
  if (isButton) face.addEventListener('click', () => onChoose(label));
  return { item: make('li', {}, face), face, fill, value };
}

/** Moves elements from where they were to where they are. */
function glide(items: readonly HTMLElement[], change: () => void): void {
  const moves = !isStill.matches;
  const before = new Map(items.filter((item) => moves && item.isConnected).map((item) => [item, item.getBoundingClientRect().top]));
  change();
  for (const item of items) {
    const from = before.get(item);
    const way = from === undefined || !item.isConnected ? 0 : from - item.getBoundingClientRect().top;
    if (Math.abs(way) < 1) continue;
    item.animate([{ transform: `translateY(${way}px)` }, { transform: 'none' }], { duration: 260, easing: 'cubic-bezier(.2,.7,.2,1)' });
  }
}

/** Makes the list. @param onChoose told which label's words to show */
export function createBarList(onChoose: (label: string) => void): BarList {
  const list = find<HTMLOListElement>('bars');
  const more = find<HTMLButtonElement>('more-bars');
  const rows = new Map<string, Row>();
  let isWhole = false;
  let last: Parameters<BarList['show']> | undefined;

  const show: BarList['show'] = (bars, explained, chosen) => {
    last = [bars, explained, chosen];
    const shown = isWhole ? bars : bars.slice(0, FIRST);
    const names = new Set(shown.map(({ label }) => label));
    for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
    const ordered = shown.map(({ label }) => {
      const isButton = explained.has(label);
      const known = rows.get(label);
      if (known && (known.face.tagName === 'BUTTON') === isButton) return known;
      const row = makeRow(label, isButton, onChoose);
      rows.set(label, row);
      return row;
    });
    const focused = document.activeElement;
    glide(
      ordered.map(({ item }) => item),
      () => list.replaceChildren(...ordered.map(({ item }) => item)),
    );
    // What is moved in the page loses the focus.
    if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true });
    for (const [at, { label, score }] of shown.entries()) {
      const { item, face, fill, value } = ordered[at];
      fill.style.width = `${100 * score}%`;
      value.textContent = percent(score);
      item.classList.toggle('best', at === 0);
      if (face.tagName === 'BUTTON') face.setAttribute('aria-pressed', String(label === chosen));
    }
    more.hidden = bars.length <= FIRST;
    more.textContent = isWhole ? `Show the best ${FIRST}` : `Show all ${bars.length}`;
  };

  more.addEventListener('click', () => {
    isWhole = !isWhole;
    if (last) show(...last);
  });
  return { show };
}
