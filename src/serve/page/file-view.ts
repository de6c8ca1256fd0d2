/** Many texts of a file: read, labelled a few at a time, shown in a table, downloaded. */
import { download, find, make } from './dom.ts';
import { askForAll } from './pure/many-texts.ts';
import type { ResultTable } from './pure/result-columns.ts';
import { csvText, freeName, type TextTable } from './pure/text-table.ts';
import { createRowTable, type RowTable } from './row-table.ts';

/** What texts are asked, as it stands above. */
export interface Asking<Result> {
  table: ResultTable<Result>;
  /** Equal for the same labels and questions. */
  mark: string;
  ask(texts: readonly string[], signal: AbortSignal): Promise<readonly Result[]>;
}

/** Milliseconds between two pictures of results that come in. */
const REDRAW = 250;

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
  let stop = new AbortController();
  let onChange = (): void => {};

  function open(fileName: string, file: TextTable): void {
    stop.abort();
    problem.textContent = '';
    place.hidden = false;
    let column = file.textColumn;
    let results: (unknown | undefined)[] = [];
    let current: Asking<unknown> | undefined;
    let rowTable: RowTable | undefined;
    let isRunning = false;

    const name = make('strong', { textContent: fileName });
    const count = make('span', { className: 'count' });
    const select = make(
      'select',
      { attributes: { 'aria-label': 'Column with the texts' } },
      ...file.columns.map((each, at) =>
        make('option', { value: String(at), textContent: each || `column ${at + 1}`, selected: at === column }),
      ),
    );
    const run = make('button', { type: 'button', className: 'primary' });
    const save = make('button', { type: 'button', className: 'quiet', textContent: 'Download CSV' });
    const progress = make('progress', { max: file.rows.length, attributes: { 'aria-label': 'Texts labelled' } });
    const stale = make('p', { className: 'hint stale', attributes: { role: 'status' } });
    const tablePlace = make('div');
    place.replaceChildren(
      make('div', { className: 'file-bar' }, name, count, make('label', { className: 'column-choice' }, 'Texts in', select), run, save),
      progress,
      stale,
      tablePlace,
    );

    const textOf = (row: number): string => file.rows[row][column] ?? '';
    const done = (): number => results.reduce<number>((sum, each) => sum + (each === undefined ? 0 : 1), 0);

    function show(): void {
      const known = done();
      progress.value = known;
      progress.hidden = !isRunning;
      count.textContent = `${known === file.rows.length ? '' : `${known.toLocaleString('en')} of `}${file.rows.length.toLocaleString('en')} texts`;
      let mark: string | undefined;
      try {
        mark = asking().mark;
      } catch {
        // Labels are being typed.
      }
      const isOther = current !== undefined && mark !== current.mark;
      stale.textContent = isOther && !isRunning ? 'The labels or questions above have changed.' : '';
      run.textContent = isRunning ? 'Stop' : isOther ? 'Label again' : known === 0 ? 'Label all' : 'Go on';
      run.hidden = !isRunning && !isOther && known === file.rows.length;
      run.classList.toggle('primary', !isRunning);
      run.classList.toggle('quiet', isRunning);
      save.hidden = known === 0;
      rowTable?.update();
    }

    async function label(): Promise<void> {
      problem.textContent = '';
      let next: Asking<unknown>;
      try {
        next = asking();
      } catch (error) {
        problem.textContent = (error as Error).message;
        return show();
      }
      if (next.mark !== current?.mark) results = Array.from({ length: file.rows.length });
      current = next;
      stop = new AbortController();
      const { signal } = stop;
      rowTable = createRowTable({
        caption: `Texts of ${fileName} with what was found`,
        ...{ texts: file.rows.map((_, row) => textOf(row)), results, table: next.table, onOpen },
      });
      tablePlace.replaceChildren(rowTable.element);
      isRunning = true;
      show();
      let timer: ReturnType<typeof setTimeout> | undefined;
      try {
        const left = results.flatMap((result, row) => (result === undefined ? [row] : []));
        const onResults = (rows: readonly number[], found: readonly unknown[]): void => {
          for (const [at, row] of rows.entries()) results[row] = found[at];
          timer ??= setTimeout(() => {
            timer = undefined;
            show();
          }, REDRAW);
        };
        await askForAll(left, textOf, next.ask, onResults, signal);
      } catch (error) {
        if (!signal.aborted) problem.textContent = (error as Error).message;
      } finally {
        clearTimeout(timer);
        // Another file may be here by now.
        if (stop.signal === signal) {
          isRunning = false;
          show();
        }
      }
    }

    run.addEventListener('click', () => {
      if (!isRunning) return void label();
      stop.abort();
    });
    select.addEventListener('change', () => {
      stop.abort();
      column = Number(select.value);
      current = undefined;
      void label();
    });
    save.addEventListener('click', () => {
      if (!current || !rowTable) return;
      const { columns } = current.table;
      const names = [...file.columns];
      for (const each of columns) names.push(freeName(each.name.replaceAll(' ', '_'), names));
      const rows = rowTable.rows.map((row) => [
        ...file.rows[row],
        ...columns.map(({ cell }) => (results[row] === undefined ? '' : cell(results[row]))),
      ]);
      download(`${fileName.replace(/\.[a-z]+$/i, '')}-labelled.csv`, csvText(names, rows), 'text/csv;charset=utf-8');
    });
    onChange = show;
    void label();
    place.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }

  return {
    open,
    fail(message) {
      problem.textContent = message;
    },
    changed: () => onChange(),
  };
}
