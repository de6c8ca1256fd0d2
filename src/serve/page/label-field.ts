/** The field of labels, in two forms: each name one that can be removed, or a text where labels have levels or descriptions. */
import type { LabelInput } from '../../text/described-labels.ts';
import { find, make } from './dom.ts';
import { labelNames } from './pure/label-names.ts';
import { areNames, labelsOf, plainNames, textOf } from './pure/label-text.ts';

/** The labels as they stand. */
export interface LabelField {
  /** None while there is a problem. */
  readonly labels: readonly LabelInput[];
  /** What is wrong with the text, or ''. */
  readonly problem: string;
  set(labels: readonly LabelInput[]): void;
}

/** Text that is more than names between commas. */
const LIKE_TEXT = /[\r\n]|^\s*[[{]/;

/** Lets Enter keep the indentation of its line; Tab goes on to the next field, as anywhere. */
function keepIndentation(area: HTMLTextAreaElement): void {
  area.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const before = area.value.slice(0, area.selectionStart);
    const [indent] = /^[ \t]*/.exec(before.slice(before.lastIndexOf('\n') + 1))!;
    if (indent === '') return;
    // No other way of writing into a field leaves its undo as it is; where there is none, Enter is what it was.
    if (document.execCommand('insertText', false, `\n${indent}`)) event.preventDefault();
  });
}

/** Makes the field. @param onChange told where labels come or go */
export function createLabelField(onChange: () => void): LabelField {
  const head = find<HTMLLabelElement>('label-head');
  const form = find<HTMLButtonElement>('label-form');
  const box = find('label-field');
  const list = find<HTMLUListElement>('label-list');
  const input = find<HTMLInputElement>('label-input');
  const area = find<HTMLTextAreaElement>('label-text');
  const problem = find('label-problem');
  /** The names, in the form of names. */
  let names: string[] = [];
  /** What is written, in the form of text; undefined: names are shown. */
  let written: readonly LabelInput[] | undefined;

  function remove(at: number): void {
    names.splice(at, 1);
    showNames();
    // Where the focus was, or else on what is typed next.
    (list.querySelectorAll('button')[Math.min(at, names.length - 1)] ?? input).focus();
    onChange();
  }

  function showNames(): void {
    problem.textContent = '';
    list.replaceChildren(
      ...names.map((label, at) => {
        const button = make('button', { type: 'button', attributes: { 'aria-label': `Remove ${label}` } });
        button.addEventListener('click', () => remove(at));
        return make('li', {}, make('span', { className: 'chip-name', textContent: label }), button);
      }),
    );
  }

  function showForm(): void {
    const isText = written !== undefined;
    box.hidden = find('label-hint').hidden = isText;
    area.hidden = find('label-text-hint').hidden = !isText;
    head.htmlFor = isText ? area.id : input.id;
    form.textContent = isText ? 'Edit one by one' : 'Edit as text';
    // What is said of labels beside their names has no place in the other form.
    form.hidden = written !== undefined && (problem.textContent !== '' || !areNames(written));
  }

  function showNamesOf(labels: readonly string[]): void {
    names = [...labels];
    written = undefined;
    showNames();
    showForm();
  }

  /** Reads what is written. */
  function read(): void {
    try {
      written = labelsOf(area.value);
      problem.textContent = '';
    } catch (error) {
      written = [];
      problem.textContent = (error as Error).message;
    }
    area.setAttribute('aria-invalid', String(problem.textContent !== ''));
    showForm();
  }

  function showText(text: string): void {
    area.value = text;
    read();
  }

  function add(fresh: readonly string[]): void {
    const others = fresh.filter((name) => !names.includes(name));
    if (others.length === 0) return;
    names.push(...others);
    showNames();
    onChange();
  }

  const finish = (): void => {
    add(labelNames(input.value));
    input.value = '';
  };

  /** What is pasted: names beside those that are there, or a text, of which the form becomes one. */
  function paste(text: string): void {
    const plain = plainNames(text);
    if (plain) {
      add(plain);
      return;
    }
    let labels: readonly LabelInput[];
    try {
      labels = labelsOf(text);
    } catch {
      // It is shown with what is wrong.
      showText(names.length === 0 ? text : `${textOf(names)}\n${text}`);
      area.focus();
      onChange();
      return;
    }
    if (areNames(labels)) add(labels);
    else {
      showText(textOf([...names, ...labels]));
      area.focus();
      onChange();
    }
  }

  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault();
      finish();
    } else if (event.key === 'Backspace' && input.value === '' && names.length > 0) {
      // The last one comes back to be corrected.
      event.preventDefault();
      input.value = names.pop()!;
      showNames();
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
    if (LIKE_TEXT.test(whole.trim())) paste(whole);
    else add(labelNames(whole));
  });
  box.addEventListener('click', (event) => event.target === box && input.focus());
  area.addEventListener('input', () => {
    read();
    onChange();
  });
  keepIndentation(area);
  form.addEventListener('click', () => {
    if (written === undefined) {
      finish();
      showText(textOf(names));
      area.focus();
    } else if (areNames(written)) {
      showNamesOf(written);
      input.focus();
    }
  });

  return {
    get labels() {
      return written ?? names;
    },
    get problem() {
      return written === undefined ? '' : (problem.textContent ?? '');
    },
    set(labels) {
      if (areNames(labels)) showNamesOf(labels);
      else showText(textOf(labels));
      onChange();
    },
  };
}
