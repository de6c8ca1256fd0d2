/** Bars, best first; they move to their new length and place. */

import { find, make } from './dom.ts';
import { type Bar, percent } from './pure/bars.ts';

/** Bars shown before somebody asks for all. */
const FIRST = 12;

/** A list of bars. */
export interface BarList {
  show(bars: readonly Bar[], look: BarLook): void;
}

/** How bars are shown. */
export interface BarLook {
  /** Labels whose words can be looked at. */
  explained: ReadonlySet<string>;
  /** The one whose words are. */
  chosen?: string;
  /** Of labels in levels: where each stands. */
  paths?: ReadonlyMap<string, readonly string[]>;
  /** Labels that are taken. */
  taken: ReadonlySet<string>;
  /** Whether none of them fits. */
  isNone?: boolean;
  /** Scores from which on labels are taken, where they were fitted: marked on the bars. */
  thresholds?: ReadonlyMap<string, number>;
}

interface Row {
  item: HTMLLIElement;
  face: HTMLElement;
  name: HTMLElement;
  fill: HTMLElement;
  /** Where its threshold is. */
  mark: HTMLElement;
  value: HTMLElement;
}

const isStill = matchMedia('(prefers-reduced-motion: reduce)');

/** A row for a label: a button where its words can be looked at. */
function makeRow(label: string, isButton: boolean, onChoose: (label: string) => void): Row {
  const fill = make('span', { className: 'fill' });
  const value = make('span', { className: 'value' });
  const mark = make('span', { className: 'mark-at', hidden: true });
  const track = make('span', { className: 'track scale', attributes: { 'aria-hidden': 'true' } }, fill, mark);
  const name = make('span', { className: 'name' });
  const parts = [name, value, track];
  const face = isButton ? make('button', { type: 'button', className: 'face' }, ...parts) : make('div', { className: 'face' }, ...parts);
  if (isButton) face.addEventListener('click', () => onChoose(label));
  return { item: make('li', {}, face), face, name, fill, mark, value };
}

/** A label, behind those above it. */
function nameParts(label: string, path: readonly string[] | undefined): (Node | string)[] {
  if (!path || path.length < 2) return [label];
  return [make('span', { className: 'above', textContent: `${path.slice(0, -1).join(' \u203a ')} \u203a ` }), path.at(-1)!];
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

  const show: BarList['show'] = (bars, look) => {
    last = [bars, look];
    const { explained, chosen, paths, taken, isNone = false, thresholds } = look;
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
      const { item, face, name, fill, mark, value } = ordered[at];
      const threshold = thresholds?.get(label);
      mark.hidden = threshold === undefined;
      mark.style.left = `${100 * (threshold ?? 0)}%`;
      name.replaceChildren(...nameParts(label, paths?.get(label)));
      fill.style.width = `${100 * score}%`;
      value.textContent = percent(score);
      item.classList.toggle('best', taken.has(label));
      if (face.tagName === 'BUTTON') face.setAttribute('aria-pressed', String(label === chosen));
    }
    list.classList.toggle('none', isNone);
    more.hidden = bars.length <= FIRST;
    more.textContent = isWhole ? `Show the best ${FIRST}` : `Show all ${bars.length}`;
  };

  more.addEventListener('click', () => {
    isWhole = !isWhole;
    if (last) show(...last);
  });
  return { show };
}
