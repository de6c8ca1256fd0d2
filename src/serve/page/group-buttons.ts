/** Buttons of the groups that results are in, the largest first, of which one can be chosen. */
import { make } from './dom.ts';

/** Groups that can be chosen. */
const MOST_GROUPS = 24;

/** The buttons in an element. */
export interface GroupButtons<Result> {
  readonly element: HTMLElement;
  /** The group that is chosen; undefined: all. */
  readonly chosen: string | undefined;
  /** Shows the groups of the results that are there. */
  show(results: readonly (Result | undefined)[]): void;
}

/**
 * Makes the buttons.
 * @param groupsOf the groups that a result is in
 * @param onChoice told where another group is chosen, or none
 */
export function createGroupButtons<Result>(groupsOf: (result: Result) => string[], onChoice: () => void): GroupButtons<Result> {
  const element = make('div', { className: 'groups', attributes: { role: 'group', 'aria-label': 'Show only' } });
  let chosen: string | undefined;

  function buttonOf(name: string, count: number, known: number): HTMLButtonElement {
    const share = make('span', { className: 'share', attributes: { 'aria-hidden': 'true' } });
    share.style.width = `${(100 * count) / Math.max(1, known)}%`;
    const button = make(
      'button',
      { type: 'button', attributes: { 'aria-pressed': String(chosen === name), 'data-group': name } },
      share,
      make('span', { textContent: name }),
      make('b', { textContent: count.toLocaleString('en') }),
    );
    button.addEventListener('click', () => {
      chosen = chosen === name ? undefined : name;
      onChoice();
    });
    return button;
  }

  return {
    element,
    get chosen() {
      return chosen;
    },
    show(results) {
      const counts = new Map<string, number>();
      let known = 0;
      for (const result of results) {
        if (result === undefined) continue;
        known++;
        for (const each of groupsOf(result)) counts.set(each, (counts.get(each) ?? 0) + 1);
      }
      const ranked = [...counts].sort(([, one], [, other]) => other - one).slice(0, MOST_GROUPS);
      const focused = element.contains(document.activeElement) ? document.activeElement?.getAttribute('data-group') : undefined;
      element.replaceChildren(...ranked.map(([name, count]) => buttonOf(name, count, known)));
      if (focused !== undefined)
        for (const button of element.querySelectorAll('button'))
          if (button.getAttribute('data-group') === focused) button.focus({ preventScroll: true });
    },
  };
}
