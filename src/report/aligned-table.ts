/** Tables of text, for terminals and files. */
import { printable } from '../base/printable.ts';
import { type Look, PLAIN, type Tone } from '../base/terminal/look.ts';
import { padded, shortened, textWidth } from '../base/terminal/text-width.ts';

/** How a table is shown. */
export interface TableSettings {
  /** Side of all columns but the first, which is to the left. */
  others?: 'left' | 'right';
  look?: Look;
  /** Tone of a cell, by its column's title and its text. */
  tone?: (title: string, cell: string) => Tone | undefined;
}

const GAP = 2;
/** Text is not shortened below this. */
const SHORTEST = 12;

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);

/** Widths of columns with text made smaller until a line fits, or none can be smaller. */
function fittingWidths(widths: readonly number[], isText: (column: number) => boolean, most: number): number[] {
  const fitting = [...widths];
  while (total(fitting) > most) {
    const widest = [...fitting.keys()].filter((column) => isText(column) && fitting[column] > SHORTEST);
    if (widest.length === 0) break;
    const column = widest.reduce((a, b) => (fitting[b] > fitting[a] ? b : a));
    fitting[column] = Math.max(SHORTEST, fitting[column] - (total(fitting) - most));
  }
  return fitting;
}

/** Columns in groups that fit beside the first one. */
function columnGroups(widths: readonly number[], most: number): number[][] {
  const groups: number[][] = [[0]];
  for (let column = 1; column < widths.length; column++) {
    const group = groups[groups.length - 1];
    if (group.length > 1 && total([...group, column].map((at) => widths[at])) > most) groups.push([0, column]);
    else group.push(column);
  }
  return groups;
}

/**
 * Aligns columns under their titles. On a terminal that is too narrow text is shortened, numbers never; columns that find no place still
 * stand in a table of their own below.
 */
export function alignedTable(header: readonly string[], rows: readonly (readonly string[])[], settings: TableSettings = {}): string {
  const { others = 'right', look = PLAIN, tone } = settings;
  const cells = [header, ...rows].map((row) => row.map(printable));
  const natural = header.map((_, column) => Math.max(...cells.map((row) => textWidth(row[column]))));
  const widths = fittingWidths(natural, (column) => column === 0 || others === 'left', look.width);
  const cellText = (text: string, column: number, mood: Tone | undefined): string => {
    const short = shortened(text, widths[column]);
    const spaced = padded(short, widths[column], column && others === 'right' ? 'right' : 'left');
    return spaced.replace(short, () => look.paint(short, mood));
  };
  const line = (row: readonly string[], columns: readonly number[], mood: (column: number) => Tone | undefined): string =>
    columns
      .map((column) => cellText(row[column], column, mood(column)))
      .join(' '.repeat(GAP))
      .trimEnd();
  return columnGroups(widths, look.width)
    .map((columns) =>
      [
        line(cells[0], columns, () => 'strong'),
        look.paint(columns.map((column) => '-'.repeat(widths[column])).join(' '.repeat(GAP)), 'weak'),
        ...cells.slice(1).map((row) => line(row, columns, (column) => tone?.(header[column], row[column]))),
      ].join('\n'),
    )
    .join('\n\n');
}

/** Tone of a figure from 0 to 1 of which 1 is best. */
export function toneOfShare(cell: string): Tone | undefined {
  const value = Number.parseFloat(cell);
  if (Number.isNaN(value)) return 'weak';
  return value < 0.5 ? 'poor' : value < 0.75 ? 'fair' : 'good';
}
