/** A table of texts and results, a page at a time: sorted by its headers, filtered by group. */
import { make } from './dom.ts';
import { createGroupButtons } from './group-buttons.ts';
import type { ResultColumn, ResultTable } from './pure/result-columns.ts';
import { nextOrder, type Order, rowOrder } from './pure/row-order.ts';

/** Rows of a page. */
const PAGE = 50;
/** What the table shows; results come in while it does. */
export interface TableData<Result> {
  caption: string;
  texts: readonly string[];
  results: readonly (Result | undefined)[];
  table: ResultTable<Result>;
  /** Puts a text where it can be looked at by itself. */
  onOpen(text: string): void;
}

/** A table in an element. */
export interface RowTable {
  readonly element: HTMLElement;
  /** Rows' numbers as they are shown, all pages. */
  readonly rows: readonly number[];
  /** Shows what came in. */
  update(): void;
}

/** A row: the text, which opens where it is pressed, and what its result has in each column. */
function rowElement<Result>(
  text: string,
  result: Result | undefined,
  columns: readonly ResultColumn<Result>[],
  onOpen: (text: string) => void,
): HTMLTableRowElement {
  const open = make('button', { type: 'button', className: 'text', title: 'Look at this text above' }, make('span', { textContent: text }));
  open.addEventListener('click', () => onOpen(text));
  return make(
    'tr',
    { attributes: { role: 'row' } },
    make('td', { attributes: { role: 'cell' } }, open),
    ...columns.map(({ name, show, isNumber }) =>
      make('td', {
        className: isNumber ? 'number' : 'said',
        textContent: result === undefined ? '\u2026' : show!(result),
        attributes: { role: 'cell', 'data-name': name },
      }),
    ),
  );
}

/** Makes the table. */
export function createRowTable<Result>({ caption, texts, results, table, onOpen }: TableData<Result>): RowTable {
  const columns = table.columns.filter(({ show }) => show !== undefined);
  let order: Order | undefined;
  let page = 0;
  let rows: number[] = [];

  const groups = createGroupButtons(table.groups, fromFirstPage);
  // Roles are said as well: on a phone rows are laid out as blocks, and browsers would take them for no table.
  const head = make('tr', { attributes: { role: 'row' } });
  const body = make('tbody', { attributes: { role: 'rowgroup' } });
  const said = make('span', { className: 'range', attributes: { role: 'status' } });
  const back = make('button', { type: 'button', className: 'quiet', textContent: 'Back' });
  const on = make('button', { type: 'button', className: 'quiet', textContent: 'Next' });
  const frame = make(
    'div',
    { className: 'frame' },
    make(
      'table',
      { className: columns.length <= 2 ? 'pairs' : 'lists', attributes: { role: 'table' } },
      make('caption', { className: 'unseen', textContent: caption }),
      make('thead', { attributes: { role: 'rowgroup' } }, head),
      body,
    ),
  );
  const element = make('div', {}, groups.element, frame, make('div', { className: 'pages' }, said, back, on));

  const heads = [{ name: 'text', isNumber: false }, ...columns].map(({ name, isNumber }) => {
    const button = make('button', { type: 'button', textContent: name });
    button.addEventListener('click', () => {
      order = nextOrder(order, name, isNumber);
      fromFirstPage();
    });
    const cell = make('th', { scope: 'col', className: isNumber ? 'number' : '', attributes: { role: 'columnheader' } }, button);
    head.append(cell);
    return { name, cell };
  });
  back.addEventListener('click', () => turn(-1));
  on.addEventListener('click', () => turn(1));

  function fromFirstPage(): void {
    page = 0;
    update();
  }

  function turn(by: number): void {
    page += by;
    update();
    frame.scrollIntoView({ block: 'nearest' });
  }

  function update(): void {
    const shownIn = (row: number): boolean => {
      const result = results[row];
      return groups.chosen === undefined || (result !== undefined && table.groups(result).includes(groups.chosen));
    };
    const column = columns.find(({ name }) => name === order?.column);
    const keyOf = (row: number) => {
      if (!order) return undefined;
      const result = results[row];
      return column ? (result === undefined ? undefined : column.key(result)) : texts[row];
    };
    rows = (order ? rowOrder(texts.length, keyOf, order.isDescending) : texts.map((_, row) => row)).filter(shownIn);
    page = Math.max(0, Math.min(page, Math.ceil(rows.length / PAGE) - 1));
    for (const { name, cell } of heads)
      cell.setAttribute('aria-sort', order?.column === name ? (order.isDescending ? 'descending' : 'ascending') : 'none');
    const from = page * PAGE;
    const shown = rows.slice(from, from + PAGE);
    const focused = [...body.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement);
    body.replaceChildren(...shown.map((row) => rowElement(texts[row], results[row], columns, onOpen)));
    if (focused >= 0) body.querySelectorAll('button')[focused]?.focus({ preventScroll: true });
    said.textContent = `${(from + 1).toLocaleString('en')} to ${(from + shown.length).toLocaleString('en')} of ${rows.length.toLocaleString('en')}`;
    said.hidden = rows.length <= PAGE;
    back.hidden = on.hidden = rows.length <= PAGE;
    back.disabled = page === 0;
    on.disabled = from + PAGE >= rows.length;
    groups.show(results);
  }

  return {
    element,
    get rows() {
      return rows;
    },
    update,
  };
}
