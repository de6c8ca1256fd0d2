/** Results as rows of a table, for the formats that have columns: what the columns are, and what stands in them. Knows no separators. */
import { DataError } from '../../base/errors.ts';
import type { RecordMember } from '../record-members.ts';
import type { TableForm } from '../source-record.ts';
import type { FormatOptions, OutputFormat } from './output-format.ts';
import { takeAllScores } from './score-columns.ts';

/** How a row is written, given its cells. @param delimiter of CSV that comes from CSV */
export type RowText = (cells: readonly string[], columns: readonly string[], delimiter?: string) => string;

/** A value as a cell: text by itself, nothing for null, other values as their JSON was written. */
const cellOf = (json: string): string => (json.startsWith('"') ? (JSON.parse(json) as string) : json === 'null' ? '' : json);

/** A result in two parts: what the record came with, and what was found. */
function partsOf(record: readonly RecordMember[]): {
  own: readonly RecordMember[];
  labels?: string[];
  scores: string[];
  others: readonly RecordMember[];
} {
  const [labels, scores] = record.slice(-2);
  // Answers to questions are one member, and stay so.
  if (labels?.name !== 'labels' || scores?.name !== 'scores') return { own: record, scores: [], others: [] };
  return {
    own: record.slice(0, -2),
    labels: JSON.parse(labels.json) as string[],
    scores: (JSON.parse(scores.json) as number[]).map(String),
    others: [labels, scores],
  };
}

/** A name that no column has yet, which it then has. */
function free(taken: Set<string>, ...wanted: string[]): string {
  const plain = wanted.find((name) => !taken.has(name));
  let name = plain ?? wanted.at(-1)!;
  for (let number = 2; taken.has(name); number++) name = `${wanted.at(-1)}_${number}`;
  taken.add(name);
  return name;
}

/** What stands in the columns of results. */
interface Columns {
  /** The header. */
  names: string[];
  /** Where each field of a record stands. */
  places: Map<string, number>;
}

/** The columns, by the first result: its fields, what was found, a column a label. A field that is called as one of ours gets another name. */
function columnsOf(record: readonly RecordMember[], { wide, isMultiLabel }: FormatOptions): Columns {
  const { own, labels } = partsOf(record);
  const found = labels === undefined ? [] : isMultiLabel ? ['labels', 'scores'] : ['label', 'score'];
  const taken = new Set([...own.map(({ name }) => name), ...found]);
  const ownNames = own.map(({ name }) => {
    if (!found.includes(name)) return name;
    return name === 'label' ? free(taken, 'true_label', 'input_label') : free(taken, `input_${name}`);
  });
  return {
    names: [...ownNames, ...found, ...(wide ?? []).map((label) => free(taken, `score_${label}`))],
    places: new Map(own.map(({ name }, at) => [name, at])),
  };
}

/** A format of rows under a header; of no results there is an empty file. */
export const tableFormat = (extension: string, rowText: RowText): OutputFormat => ({
  extension,
  isTable: true,
  open(write, options = {}) {
    let columns: Columns | undefined;
    let rows = 0;
    let form: TableForm = {};
    const begin = async (record: readonly RecordMember[]): Promise<Columns> => {
      columns = columnsOf(options.wide ? takeAllScores(record).result : record, options);
      form = options.formOfInput?.() ?? {};
      await write((form.hasMark ? '\uFEFF' : '') + rowText(columns.names, columns.names, form.delimiter));
      return columns;
    };
    return {
      async begin(record) {
        await begin(record);
      },
      async write(record) {
        rows++;
        const { result, scoreOf } = options.wide ? takeAllScores(record) : { result: record };
        const { places, names } = columns ?? (await begin(record));
        const { own, labels, scores, others } = partsOf(result);
        const cells = new Array<string>(places.size).fill('');
        for (const { name, json } of own) {
          const place = places.get(name);
          if (place === undefined)
            throw new DataError(
              `result ${rows} has the field "${name}", which the first one has not: it would be lost in a table; write JSONL instead`,
            );
          cells[place] = cellOf(json);
        }
        if (labels && options.isMultiLabel) cells.push(...others.map(({ json }) => json));
        else if (labels) cells.push(labels[0] ?? '', scores[0] ?? '');
        for (const label of options.wide ?? []) cells.push(scoreOf?.get(label) ?? '');
        await write(rowText(cells, names, form.delimiter));
      },
      end: async () => {},
    };
  },
});
