/** The field of labels, in two forms: each name one that can be removed, or a text where labels have levels or descriptions. */
import type { LabelInput } from '../../text/described-labels.ts';
import { find } from './dom.ts';
import { createNameChips } from './name-chips.ts';
import { areNames, plainNames, readLabels, writtenLabels } from './pure/label-text.ts';

/** The labels as they stand. */
export interface LabelField {
  /** None while there is a problem. */
  readonly labels: readonly LabelInput[];
  /** What is wrong with the text, or ''. */
  readonly problem: string;
  set(labels: readonly LabelInput[]): void;
}

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
  const area = find<HTMLTextAreaElement>('label-text');
  const problem = find('label-problem');
  const chips = createNameChips(onChange, paste);
  /** What is written, in the form of text; undefined: names are shown. */
  let written: readonly LabelInput[] | undefined;

  function showForm(): void {
    const isText = written !== undefined;
    box.hidden = find('label-hint').hidden = isText;
    area.hidden = find('label-text-hint').hidden = !isText;
    head.htmlFor = isText ? area.id : 'label-input';
    form.textContent = isText ? 'Edit one by one' : 'Edit as text';
    // What is said of labels beside their names has no place in the other form.
    form.hidden = written !== undefined && (problem.textContent !== '' || !areNames(written));
  }

  function showNames(labels: readonly string[]): void {
    written = undefined;
    chips.set(labels);
    showForm();
  }

  /** Reads what is written. */
  function read(): void {
    try {
      written = readLabels(area.value);
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

  /** What is pasted: names beside those that are there, or a text, of which the form becomes one. */
  function paste(text: string): void {
    let labels: readonly LabelInput[] | undefined;
    try {
      labels = plainNames(text) ?? readLabels(text);
    } catch {
      // It is shown with what is wrong.
    }
    if (labels && areNames(labels)) {
      chips.add(labels);
      return;
    }
    const { names } = chips;
    showText(labels ? writtenLabels([...names, ...labels]) : names.length === 0 ? text : `${writtenLabels(names)}\n${text}`);
    area.focus();
    onChange();
  }

  area.addEventListener('input', () => {
    read();
    onChange();
  });
  keepIndentation(area);
  form.addEventListener('click', () => {
    if (written === undefined) {
      chips.finish();
      showText(writtenLabels(chips.names));
      area.focus();
    } else if (areNames(written)) {
      showNames(written);
      chips.focus();
    }
  });

  return {
    get labels() {
      return written ?? chips.names;
    },
    get problem() {
      return written === undefined ? '' : (problem.textContent ?? '');
    },
    set(labels) {
      if (areNames(labels)) showNames(labels);
      else showText(writtenLabels(labels));
      onChange();
    },
  };
}
