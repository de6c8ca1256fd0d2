/**
 * Parquet, written by hyparquet-writer, which does not come with glz. Results are held for a row group; the first one says which columns
 * there are and of what types. The file means nothing without its end.
 */
import type { SchemaElement } from 'hyparquet';
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { DataError, errorMessage } from '../../base/errors.ts';
import { requirePackages } from '../../base/optional-package.ts';
import { foundColumn, numberColumn, type OutputColumn, outputColumn } from '../parquet/output-column.ts';
import type { RecordMember } from '../record-members.ts';
import type { FormatOptions, OutputFormat } from './output-format.ts';
import { takeAllScores } from './score-columns.ts';

/** Most results in a row group. */
const GROUP_RECORDS = 20_000;

/** Most characters of them. */
const GROUP_SIZE = 1 << 25;

/** What other tools wrote of the types in their own form: it would not fit the columns that are added. */
const NOT_KEPT = 'ARROW:schema';

/** Members of one result by their names. */
type Row = ReadonlyMap<string, RecordMember>;

/** A result with its scores as members `score_LABEL`, under names that are free. */
function withScores(record: readonly RecordMember[], names: ReadonlyMap<string, string>): RecordMember[] {
  const { result, scoreOf } = takeAllScores(record);
  const scores = [...scoreOf].flatMap(([label, json]) => {
    const name = names.get(label);
    return name === undefined ? [] : [{ name, json }];
  });
  return [...result, ...scores];
}

/** Names of the columns of scores, by label. */
function wideNames(wide: readonly string[], taken: ReadonlySet<string>): Map<string, string> {
  const used = new Set(taken);
  return new Map(
    wide.map((label) => {
      let name = `score_${label}`;
      for (let number = 2; used.has(name); number++) name = `score_${label}_${number}`;
      used.add(name);
      return [label, name];
    }),
  );
}

/** The columns, by the results of the first row group: fields in the order in which they come, what was found, scores of labels. */
function columnsOf(rows: readonly Row[], scores: ReadonlyMap<string, string>): OutputColumn[] {
  const found = (['labels', 'scores'] as const).filter((name) => !rows.length || rows[0].get(name)?.typed === undefined);
  const isFound = rows.every((row) => row.has('labels') && row.has('scores')) && found.length === 2;
  const behind = new Set<string>([...scores.values(), ...(isFound ? found : [])]);
  const members = new Map<string, RecordMember[]>();
  for (const row of rows)
    for (const [name, member] of row) {
      if (behind.has(name)) continue;
      const known = members.get(name);
      if (known) known.push(member);
      else members.set(name, [member]);
    }
  return [
    ...[...members].map(([name, own]) => outputColumn(name, own)),
    ...(isFound ? found.map(foundColumn) : []),
    ...[...scores.values()].map(numberColumn),
  ];
}

type WriterSchema = ParquetWriter['schema'];

/** An element as the writer can write it: it knows fewer types than the reader, and of whole numbers only their older names. */
function writable(element: SchemaElement): SchemaElement {
  const { logical_type: logical, ...rest } = element;
  if (logical?.type === 'FILE') return rest;
  if (logical?.type !== 'INTEGER') return element;
  const older = `${logical.isSigned ? 'INT' : 'UINT'}_${logical.bitWidth}` as SchemaElement['converted_type'];
  return { ...rest, converted_type: older };
}

const schemaOf = (columns: readonly OutputColumn[], which: 'elements' | 'physical'): WriterSchema =>
  [{ name: 'schema', num_children: columns.length }, ...columns.flatMap((column) => column[which]).map(writable)] as WriterSchema;

async function begin(columns: readonly OutputColumn[], footer: readonly { key: string; value?: string }[]) {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes: ByteWriter = new ByteWriter(1 << 16);
  const writer: ParquetWriter = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(columns, 'physical'),
    createdBy: 'glz',
    // Of bare values they would have another order than that of the types.
    statistics: false,
    kvMetadata: footer.filter(({ key }) => key !== NOT_KEPT).map(({ key, value }) => ({ key, value })),
  });
  return { bytes, writer, schema: schemaOf(columns, 'elements') };
}

function openParquetWriter(write: (piece: Uint8Array) => Promise<void>, { wide = [] }: FormatOptions = {}) {
  let rows: Row[] = [];
  let shape: Row | undefined;
  let size = 0;
  let written = 0;
  let scores: Map<string, string> | undefined;
  let columns: OutputColumn[] | undefined;
  let file: Awaited<ReturnType<typeof begin>> | undefined;

  /** Hands on what was made. */
  async function drain({ bytes }: Awaited<ReturnType<typeof begin>>): Promise<void> {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    if (piece.length) await write(piece);
  }
  function columnData(column: OutputColumn) {
    return rows.map((row, at) => {
      try {
        return column.value(row.get(column.name));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new DataError(
          `result ${written + at + 1}: field "${column.name}" is ${error.message.slice(0, 100)}, and the column is ${column.type} by the first ${GROUP_RECORDS} results: write JSONL instead`,
        );
      }
    });
  }
  async function flush(): Promise<void> {
    if (!columns || !file) {
      const first = rows[0] ?? shape;
      const footer = [...(first?.values() ?? [])].find(({ typed }) => typed)?.typed?.column.footer ?? [];
      scores ??= wideNames(wide, new Set(first?.keys()));
      columns = columnsOf(rows.length || !first ? rows : [first], scores);
      file = await begin(columns, footer);
    }
    const known = new Set(columns.map(({ name }) => name));
    for (const [at, row] of rows.entries()) {
      const extra = [...row.keys()].find((name) => !known.has(name));
      if (extra !== undefined)
        throw new DataError(
          `result ${written + at + 1} has the field "${extra}", which none of the first ${GROUP_RECORDS} has: it would be lost in Parquet; write JSONL instead`,
        );
    }
    if (rows.length) {
      const data = columns.map((column) => ({ name: column.name, data: columnData(column) }));
      try {
        await file.writer.write({ columnData: data, rowGroupSize: rows.length });
      } catch (error) {
        throw new DataError(`cannot write results ${written + 1} to ${written + rows.length} as Parquet: ${errorMessage(error)}`);
      }
    }
    written += rows.length;
    rows = [];
    size = 0;
    await drain(file);
  }
  return {
    empty(record: readonly RecordMember[]) {
      shape = new Map(record.map((member) => [member.name, member]));
    },
    async write(record: readonly RecordMember[]) {
      if (wide.length) scores ??= wideNames(wide, new Set(takeAllScores(record).result.map(({ name }) => name)));
      const members = scores ? withScores(record, scores) : record;
      rows.push(new Map(members.map((member) => [member.name, member])));
      for (const { json } of members) size += json.length;
      if (rows.length >= GROUP_RECORDS || size >= GROUP_SIZE) await flush();
    },
    async end() {
      if (rows.length || !file) await flush();
      const { writer, schema } = file!;
      writer.schema = schema;
      await writer.finish();
      await drain(file!);
    },
  };
}

/** Parquet. */
export const PARQUET: OutputFormat = {
  extension: '.parquet',
  isTable: true,
  isWhole: true,
  check: () => requirePackages(['hyparquet', 'hyparquet-writer'], 'writing Parquet'),
  open: (write, options) => openParquetWriter(write, options),
};
