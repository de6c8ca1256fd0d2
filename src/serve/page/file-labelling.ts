/** The texts of one file: which column they are in, how far they are labelled, the table of results, the file to download. */
import { download, make } from './dom.ts';
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

/** What a file needs of the page around it. */
export interface FileSurroundings {
  /** What is asked now. @throws Error that says what is missing */
  asking(): Asking<unknown>;
  /** Puts a text where it is looked at by itself. */
  onOpen(text: string): void;
  /** Gets what is wrong, and '' where it is right again. */
  onProblem(message: string): void;
}

/** A file that is being labelled. */
export interface FileLabelling {
  readonly elements: readonly HTMLElement[];
  /** Labels what is not labelled yet. */
  label(): Promise<void>;
  /** Shows how things stand. */
  show(): void;
  stop(): void;
}

/** Milliseconds between two pictures of results that come in. */
const REDRAW = 250;

/** Elements above the table. */
function fileBar(fileName: string, { columns, rows, textColumn }: TextTable) {
  const count = make('span', { className: 'count' });
  const select = make(
    'select',
    { attributes: { 'aria-label': 'Column with the texts' } },
    ...columns.map((each, at) =>
      make('option', { value: String(at), textContent: each || `column ${at + 1}`, selected: at === textColumn }),
    ),
  );
  const run = make('button', { type: 'button', className: 'primary' });
  const save = make('button', { type: 'button', className: 'quiet', textContent: 'Download CSV' });
  const progress = make('progress', { max: rows.length, attributes: { 'aria-label': 'Texts labelled' } });
  const stale = make('p', { className: 'hint stale', attributes: { role: 'status' } });
  const name = make('strong', { textContent: fileName });
  const choice = make('label', { className: 'column-choice' }, 'Texts in', select);
  const bar = make('div', { className: 'file-bar' }, name, count, choice, run, save);
  return { bar, count, select, run, save, progress, stale };
}

/** How far a file is. */
interface Standing {
  known: number;
  total: number;
  isRunning: boolean;
  /** Whether what is asked above is other than what these results answer. */
  isOther: boolean;
}

function showStanding(
  { count, run, save, progress, stale }: ReturnType<typeof fileBar>,
  { known, total, isRunning, isOther }: Standing,
): void {
  progress.value = known;
  progress.hidden = !isRunning;
  count.textContent = `${known === total ? '' : `${known.toLocaleString('en')} of `}${total.toLocaleString('en')} texts`;
  stale.textContent = isOther && !isRunning ? 'The labels or questions above have changed.' : '';
  run.textContent = isRunning ? 'Stop' : isOther ? 'Label again' : known === 0 ? 'Label all' : 'Go on';
  run.hidden = !isRunning && !isOther && known === total;
  run.classList.toggle('primary', !isRunning);
  run.classList.toggle('quiet', isRunning);
  save.hidden = known === 0;
}

/** The file with columns of results behind its own. */
function labelledCsv(
  file: TextTable,
  rows: readonly number[],
  { columns }: ResultTable<unknown>,
  results: readonly (unknown | undefined)[],
): string {
  const names = [...file.columns];
  for (const each of columns) names.push(freeName(each.name.replaceAll(' ', '_'), names));
  const written = rows.map((row) => [
    ...file.rows[row],
    ...columns.map(({ cell }) => (results[row] === undefined ? '' : cell(results[row]))),
  ]);
  return csvText(names, written);
}

/** Makes the elements of a file; nothing is asked before {@link FileLabelling.label}. */
export function createFileLabelling(fileName: string, file: TextTable, { asking, onOpen, onProblem }: FileSurroundings): FileLabelling {
  let column = file.textColumn;
  let results: (unknown | undefined)[] = [];
  let current: Asking<unknown> | undefined;
  let rowTable: RowTable | undefined;
  let isRunning = false;
  let stop = new AbortController();
  const parts = fileBar(fileName, file);
  const tablePlace = make('div');
  const textOf = (row: number): string => file.rows[row][column] ?? '';

  function show(): void {
    let mark: string | undefined;
    try {
      mark = asking().mark;
    } catch {
      // Labels are being typed.
    }
    const known = results.reduce<number>((sum, each) => sum + (each === undefined ? 0 : 1), 0);
    showStanding(parts, { known, total: file.rows.length, isRunning, isOther: current !== undefined && mark !== current.mark });
    rowTable?.update();
  }

  /** Asks for the rows that have no result, and shows results as they come. */
  async function askForRest({ ask }: Asking<unknown>, signal: AbortSignal): Promise<void> {
    const found = results;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onResults = (rows: readonly number[], given: readonly unknown[]): void => {
      for (const [at, row] of rows.entries()) found[row] = given[at];
      timer ??= setTimeout(() => {
        timer = undefined;
        show();
      }, REDRAW);
    };
    try {
      const left = found.flatMap((result, row) => (result === undefined ? [row] : []));
      await askForAll(left, textOf, ask, onResults, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async function label(): Promise<void> {
    onProblem('');
    let next: Asking<unknown>;
    try {
      next = asking();
    } catch (error) {
      onProblem((error as Error).message);
      return show();
    }
    if (next.mark !== current?.mark) results = Array.from({ length: file.rows.length });
    current = next;
    stop = new AbortController();
    const { signal } = stop;
    const texts = file.rows.map((_, row) => textOf(row));
    rowTable = createRowTable({ caption: `Texts of ${fileName} with what was found`, texts, results, table: next.table, onOpen });
    tablePlace.replaceChildren(rowTable.element);
    isRunning = true;
    show();
    try {
      await askForRest(next, signal);
    } catch (error) {
      if (!signal.aborted) onProblem((error as Error).message);
    } finally {
      // The texts may be those of another column by now.
      if (stop.signal === signal) {
        isRunning = false;
        show();
      }
    }
  }

  parts.run.addEventListener('click', () => {
    if (!isRunning) return void label();
    stop.abort();
  });
  parts.select.addEventListener('change', () => {
    stop.abort();
    column = Number(parts.select.value);
    current = undefined;
    void label();
  });
  parts.save.addEventListener('click', () => {
    if (!current || !rowTable) return;
    const name = `${fileName.replace(/\.[a-z]+$/i, '')}-labelled.csv`;
    download(name, labelledCsv(file, rowTable.rows, current.table, results), 'text/csv;charset=utf-8');
  });

  return { elements: [parts.bar, parts.progress, parts.stale, tablePlace], label, show, stop: () => stop.abort() };
}
