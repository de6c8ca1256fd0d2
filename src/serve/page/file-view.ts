/** Many texts of a file: read, labelled a few at a time, shown in a table, downloaded. One file at a time. */
import { find } from './dom.ts';
import { type Asking, createFileLabelling, type FileLabelling } from './file-labelling.ts';
import type { TextTable } from './pure/text-table.ts';

/** The part of the page for many texts. */
export interface FileView {
  open(name: string, table: TextTable): void;
  /** Shows what is wrong with a file. */
  fail(message: string): void;
  /** Told that labels or questions are others now. */
  changed(): void;
}

/**
 * Makes the view.
 * @param asking what is asked now. @throws Error that says what is missing
 * @param onOpen puts a text where it is looked at by itself
 */
export function createFileView(asking: () => Asking<unknown>, onOpen: (text: string) => void): FileView {
  const place = find('file-result');
  const problem = find('file-problem');
  const onProblem = (message: string): void => {
    problem.textContent = message;
  };
  let shown: FileLabelling | undefined;
  return {
    open(name, table) {
      shown?.stop();
      place.hidden = false;
      shown = createFileLabelling(name, table, { asking, onOpen, onProblem });
      place.replaceChildren(...shown.elements);
      void shown.label();
      place.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    },
    fail: onProblem,
    changed: () => shown?.show(),
  };
}
