/** The field of labels: each a chip that can be removed; typed, pasted, corrected. */
import { find, make } from './dom.ts';
import { labelNames } from './pure/label-names.ts';

/** The labels as they stand. */
export interface LabelField {
  readonly labels: readonly string[];
  set(labels: readonly string[]): void;
}

/** Makes the field. @param onChange told where labels come or go */
export function createLabelField(onChange: () => void): LabelField {
  const list = find<HTMLUListElement>('label-list');
  const input = find<HTMLInputElement>('label-input');
  const box = find('label-field');
  let labels: string[] = [];

  function remove(at: number): void {
    labels.splice(at, 1);
    show();
    // Where the focus was, or else on what is typed next.
    (list.querySelectorAll('button')[Math.min(at, labels.length - 1)] ?? input).focus();
    onChange();
  }

  function show(): void {
    list.replaceChildren(
      ...labels.map((label, at) => {
        const button = make('button', { type: 'button', attributes: { 'aria-label': `Remove ${label}` } });
        button.addEventListener('click', () => remove(at));
        return make('li', {}, make('span', { className: 'chip-name', textContent: label }), button);
      }),
    );
  }

  function add(text: string): void {
    const fresh = labelNames(text).filter((name) => !labels.includes(name));
    if (fresh.length === 0) return;
    labels.push(...fresh);
    show();
    onChange();
  }

  const finish = (): void => {
    add(input.value);
    input.value = '';
  };

  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault();
      finish();
    } else if (event.key === 'Backspace' && input.value === '' && labels.length > 0) {
      // The last one comes back to be corrected.
      event.preventDefault();
      input.value = labels.pop()!;
      show();
      onChange();
    }
  });
  // Keyboards of phones tell of no comma.
  input.addEventListener('input', () => input.value.includes(',') && finish());
  input.addEventListener('blur', finish);
  input.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (!/[\n,[]/.test(text)) return;
    event.preventDefault();
    add(input.value + text);
    input.value = '';
  });
  box.addEventListener('click', (event) => event.target === box && input.focus());

  return {
    get labels() {
      return labels;
    },
    set(next) {
      labels = [...next];
      show();
      onChange();
    },
  };
}
