/** Labels' names one by one: each can be removed, and what is typed or pasted behind them becomes more. */
import { find, make } from './dom.ts';
import { namesOfText } from './pure/label-names.ts';

/** The names as they stand. */
export interface NameChips {
  readonly names: readonly string[];
  set(names: readonly string[]): void;
  /** Puts names behind those that are there, without repetitions. */
  add(names: readonly string[]): void;
  /** Takes what is typed for names. */
  finish(): void;
  focus(): void;
}

/** Text that is more than names between commas. */
const LIKE_TEXT = /[\r\n]|^\s*[[{]/;

/**
 * Makes the list and its field.
 * @param onChange told where names come or go
 * @param onText gets what is pasted where it is more than names between commas
 */
export function createNameChips(onChange: () => void, onText: (text: string) => void): NameChips {
  const box = find('label-field');
  const list = find<HTMLUListElement>('label-list');
  const input = find<HTMLInputElement>('label-input');
  const problem = find('label-problem');
  let names: string[] = [];

  function remove(at: number): void {
    names.splice(at, 1);
    show();
    // Where the focus was, or else on what is typed next.
    (list.querySelectorAll('button')[Math.min(at, names.length - 1)] ?? input).focus();
    onChange();
  }

  function show(): void {
    problem.textContent = '';
    list.replaceChildren(
      ...names.map((label, at) => {
        const button = make('button', { type: 'button', attributes: { 'aria-label': `Remove ${label}` } });
        button.addEventListener('click', () => remove(at));
        return make('li', {}, make('span', { className: 'chip-name', textContent: label }), button);
      }),
    );
  }

  function add(fresh: readonly string[]): void {
    const others = fresh.filter((name) => !names.includes(name));
    if (others.length === 0) return;
    names.push(...others);
    show();
    onChange();
  }

  const finish = (): void => {
    add(namesOfText(input.value));
    input.value = '';
  };

  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault();
      finish();
    } else if (event.key === 'Backspace' && input.value === '' && names.length > 0) {
      // The last one comes back to be corrected.
      event.preventDefault();
      input.value = names.pop()!;
      show();
      onChange();
    }
  });
  // Keyboards of phones tell of no comma.
  input.addEventListener('input', () => input.value.includes(',') && finish());
  input.addEventListener('blur', finish);
  input.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (!LIKE_TEXT.test(text) && !text.includes(',')) return;
    event.preventDefault();
    const whole = input.value + text;
    input.value = '';
    if (LIKE_TEXT.test(whole.trim())) onText(whole);
    else add(namesOfText(whole));
  });
  box.addEventListener('click', (event) => event.target === box && input.focus());

  return {
    get names() {
      return names;
    },
    set(next) {
      names = [...next];
      show();
    },
    add,
    finish,
    focus: () => input.focus(),
  };
}
