/** The order of a table's rows. */

/** What rows are sorted by. */
export interface Order {
  column: string;
  isDescending: boolean;
}

/** What a cell is sorted by; undefined where there is nothing yet. */
export type SortKey = string | number | undefined;

const compare = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;

/** Rows' numbers in order. Equal rows stay as they stood; cells without anything come last whichever way. */
export function rowOrder(count: number, keyOf: (row: number) => SortKey, isDescending: boolean): number[] {
  const keys = Array.from({ length: count }, (_, row) => keyOf(row));
  const sign = isDescending ? -1 : 1;
  return keys
    .map((_, row) => row)
    .sort((one, other) => {
      const [a, b] = [keys[one], keys[other]];
      if (a === undefined || b === undefined) return a === b ? one - other : a === undefined ? 1 : -1;
      const order = typeof a === 'number' && typeof b === 'number' ? a - b : compare(String(a), String(b));
      return order * sign || one - other;
    });
}

/** The next order where a header is pressed: its first way, then the other, then as the rows stood. */
export function nextOrder(order: Order | undefined, column: string, isDescendingFirst: boolean): Order | undefined {
  if (order?.column !== column) return { column, isDescending: isDescendingFirst };
  return order.isDescending === isDescendingFirst ? { column, isDescending: !isDescendingFirst } : undefined;
}
