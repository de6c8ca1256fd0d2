import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ParquetWriter } from 'hyparquet-writer';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { DataError } from '../../../src/base/errors.ts';
import { randomInteger, randomStream } from '../../../src/base/random.ts';
import { formatOfOutput } from '../../../src/data/output-formats/index.ts';
import type { FormatOptions } from '../../../src/data/output-formats/output-format.ts';
import { PARQUET } from '../../../src/data/output-formats/parquet.ts';
import { openParquet } from '../../../src/data/parquet/parquet-file.ts';
import type { ReadOptions } from '../../../src/data/read-records.ts';
import { jsonMembers, membersJson, membersOf, type RecordMember, recordMembers } from '../../../src/data/record-members.ts';
import { ROOT } from '../../tiny-checkpoint.ts';
import { all, file as recordFile } from '../record-files.ts';

const fixture = (name: string) => join(ROOT, 'tests/fixtures/data', `${name}.parquet`);
const file = (content: string | Uint8Array) => recordFile('x.parquet', content);
const lines = async (path: string) => (await all(path)).map((record) => membersJson(recordMembers(record)));
/** Members written as Parquet. */
async function written(records: readonly (readonly RecordMember[])[], options?: FormatOptions): Promise<string> {
  const pieces: Uint8Array[] = [];
  const writer = PARQUET.open(async (piece) => void pieces.push(piece as Uint8Array), options);
  for (const record of records) await writer.write(record);
  await writer.end();
  return file(Buffer.concat(pieces));
}
/** Types of a file's columns. */
async function typesOf(path: string): Promise<Record<string, string>> {
  const { columns, close } = await openParquet(path);
  await close();
  return Object.fromEntries(
    columns.map(({ name, elements }) => [name, elements.map(({ type, converted_type }) => converted_type ?? type).join(' ')]),
  );
}

describe('Parquet that others wrote', () => {
  it('gives every type as JSON, with all digits', async () => {
    const [first, second, third] = await lines(fixture('types'));
    expect(JSON.parse(first)).toMatchObject({
      nested: [['a'], []],
      struct: { a: 1, b: { c: ['x'] } },
      map: { k: 1, 2: null },
      int_map: [[1, 'a']],
    });
    for (const part of [
      '"id":-9223372036854775808,',
      '"uint32":4294967295,"uint64":18446744073709551615,"int32":-2147483648,"float":0.10000000149011612,"half":1.5,"double":null,',
      '"date":"2024-02-29","seconds":"2024-02-29T12:34:56.789","micros_utc":"2024-02-29T12:34:56.789012Z","nanos":"1970-01-01T00:00:00.000000001",',
      '"time":"23:59:59.000005","time_ms":"01:02:03","decimal":-12345678901234567890.1234,"small_decimal":0.05,"binary":"/wA=","fixed":"abcd",',
      '"uuid":"00000000-0000-0000-0000-000000000001","tags":[],"numbers":[],"nested":[],"struct":null,"structs":[],"map":{},"int_map":[],',
    ])
      expect(second).toContain(part);
    expect(third).toContain(
      '"tags":null,"numbers":null,"nested":null,"struct":{"a":null,"b":null},"structs":null,"map":null,"int_map":null',
    );
    // A mark at the beginning of a text belongs to it.
    expect(first).toContain('"mark":"\uFEFFbom"');
    // Row groups, versions of pages, with dictionaries and without.
    expect(await lines(fixture('types-v2'))).toEqual(await lines(fixture('types')));
  });

  it('is written again with the same types and values', async () => {
    const before = await all(fixture('types'));
    const path = await written(before.map(recordMembers));
    expect((await all(path)).map(({ typed }) => typed!.values)).toEqual(before.map(({ typed }) => typed!.values));
    expect(await typesOf(path)).toEqual(await typesOf(fixture('types')));
  });

  it('is read over many pages, a dictionary that ends in between, and only in the columns that are asked for', async () => {
    const records = await all(fixture('pages'));
    expect(records.length).toBe(3000);
    for (const [at, { line, fields, typed }] of records.entries()) {
      expect([line, fields.id, (fields.tags as string[]).length, fields.label]).toEqual([at + 1, at, at % 4, at % 7 ? at % 3 : null]);
      expect([typed!.values[0], String(fields.text).endsWith(` ${at}`)]).toEqual([BigInt(at), at > 800]);
    }
    const totals: number[] = [];
    const [one] = await all(fixture('pages'), { only: ['text', 'id.more'], onTotal: (total) => totals.push(total) });
    expect([Object.keys(one.fields), one.columns, totals]).toEqual([['id', 'text'], ['id', 'text', 'label', 'tags'], [3000]]);
    expect(await lines(fixture('int96'))).toEqual([
      '{"text":"my parcel never came","at":"2024-02-29T01:02:03.000004Z"}',
      '{"text":"I was charged twice","at":null}',
    ]);
    expect(await all(fixture('no-rows'))).toEqual([]);
  });

  it.each(['gzip', 'brotli', 'zstd', 'lz4'])('is read where it is compressed with %s', async (codec) => {
    const records = await all(fixture(`codec-${codec}`));
    expect(records.map(({ fields }) => fields.id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(records[7].fields.text).toBe('love the new design');
  });
});

describe('a Parquet file that cannot be read', () => {
  const whole = readFileSync(fixture('types'));
  const failure = (content: Uint8Array, options?: ReadOptions) => all(file(content), options).then(String, (error: Error) => error);

  it.each([
    ['is cut off', whole.subarray(0, 9000), /^\S+: a Parquet file that is cut off/],
    ['is only begun', Buffer.from('PAR1'), /cut off/],
    ['has a footer that cannot be', Buffer.from('PAR1aaaaaaaaaaaPAR1'), /damaged Parquet file: a footer of \d+ bytes/],
    ['is another', Buffer.from('text\nhello'), /not a Parquet file, whatever its name .* does not begin with PAR1/],
    ['is encrypted', Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]), /an encrypted Parquet file/],
    [
      'is cut in the middle',
      Buffer.concat([whole.subarray(0, 1000), Buffer.alloc(4000), whole.subarray(5000)]),
      /row group 1, column "\w+": damaged/,
    ],
  ])('because it %s says so in one line', async (_, content, message) => {
    const error = await failure(content);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
  });

  it('for its codec names it, and through a pipe or in another format says how it is read', async () => {
    const bytes = new ByteWriter();
    const schema = [
      { name: 'root', num_children: 1 },
      { name: 'text', type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const },
    ];
    const writer = new ParquetWriter({ writer: bytes, schema, codec: 'LZO', compressors: { LZO: (input) => input } });
    void writer.write({ columnData: [{ name: 'text', data: ['a'] }] });
    void writer.finish();
    expect(await failure(bytes.getBytes())).toMatchObject({
      message: expect.stringMatching(/compressed with LZO, which is not read; write it with snappy/),
    });
    await expect(all(fixture('types'), { format: 'csv' })).rejects.toThrow(/is a Parquet file, not csv: leave --format out/);
    await expect(all('-', { format: 'parquet' })).rejects.toThrow('stdin: Parquet is read from its end');
  });

  it('for any damage is a DataError, or gives records', async () => {
    const random = randomStream(26);
    const ends = { read: 0, refused: 0 };
    for (let round = 0; round < 120; round++) {
      const content = Buffer.from(readFileSync(fixture(['types', 'types-v2', 'codec-gzip', 'nested-text'][round % 4])));
      for (let change = 0; change <= round % 3; change++)
        content[4 + randomInteger(random, content.length - 8)] = randomInteger(random, 256);
      const result = await failure(content);
      if (typeof result === 'string') ends.read++;
      else if (result instanceof DataError) ends.refused++;
      else throw result;
    }
    expect(ends.refused).toBeGreaterThan(20);
  });
});

describe('Parquet of other records', () => {
  const results = (...records: string[]) => records.map(jsonMembers);
  const found = '"labels":["a"],"scores":[0.5]';

  it('has the narrowest types that hold every value as it was written', async () => {
    const records = [
      `{"n":1,"big":9223372036854775807,"x":0.1,"huge":1e400,"long":12345678901234567.5,"b":true,"t":"a\\u0000","z":null,"o":{"a": [1]},"l":["x","y"],"m":[1,null],"mixed":1,"deep":[["x"]],${found}}`,
      `{"n":-2,"big":-9223372036854775808,"x":2,"huge":1,"long":1,"b":null,"t":"","z":null,"o":null,"l":[],"m":null,"mixed":"1","deep":null,"late":1,${found}}`,
    ];
    const path = await written(results(...records));
    expect(await typesOf(path)).toEqual({
      ...{ n: 'INT64', big: 'INT64', x: 'DOUBLE', huge: 'JSON', long: 'JSON', b: 'BOOLEAN', t: 'UTF8', z: 'UTF8', o: 'JSON' },
      ...{ l: 'LIST  UTF8', m: 'LIST  INT64', mixed: 'JSON', deep: 'JSON', late: 'INT64', labels: 'LIST  UTF8', scores: 'LIST  DOUBLE' },
    });
    const withLate = records[0].replace('"labels"', '"late":null,"labels"');
    expect(await lines(path)).toEqual([withLate, records[1]]);
  });

  it('keeps the fields of tables as the text that they are', async () => {
    const columns = ['id', 'code'];
    const rows = [
      { id: '1', code: '007' },
      { id: '2', code: '1e3' },
    ].map((fields, at) => [...recordMembers({ line: at + 2, fields, columns }), ...membersOf({ labels: ['a'], scores: [0.5] })]);
    const path = await written(rows);
    expect(await typesOf(path)).toMatchObject({ id: 'UTF8', code: 'UTF8' });
    expect((await lines(path))[0]).toBe(`{"id":"1","code":"007",${found}}`);
  });

  it('has a column of scores for each label where it is asked for, and its columns without any record', async () => {
    const path = await written(
      results(`{"text":"t","score_a":1,"labels":["b","a"],"scores":[0.75,0.25]}`, `{"text":"u","labels":["a"],"scores":[0.5]}`),
      {
        wide: ['a', 'b'],
      },
    );
    expect(await lines(path)).toEqual([
      '{"text":"t","score_a":1,"labels":["b","a"],"scores":[0.75,0.25],"score_a_2":0.25,"score_b":0.75}',
      '{"text":"u","score_a":null,"labels":["a"],"scores":[0.5],"score_a_2":0.5,"score_b":null}',
    ]);
    expect(await typesOf(await written([]))).toEqual({ labels: 'LIST  UTF8', scores: 'LIST  DOUBLE' });
  });

  it('loses nothing silently: what does not fit the first row group stops the run', async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => jsonMembers(`{"n":${at},${found}}`));
    await expect(written([...many, jsonMembers(`{"n":0.5,${found}}`)])).rejects.toThrow(
      'result 20001: field "n" is 0.5, and the column is int64 by the first 20000 results: write JSONL instead',
    );
    await expect(written([...many, jsonMembers(`{"n":1,"more":2,${found}}`)])).rejects.toThrow(
      /result 20001 has the field "more", which none/,
    );
    expect((await all(await written(many.concat(many)))).length).toBe(40_000);
  });

  it('is what the name says, and not in gzip', () => {
    expect([formatOfOutput('a.PARQUET'), formatOfOutput(undefined, 'parquet')]).toEqual([PARQUET, PARQUET]);
    for (const [name, said] of [['a.parquet.gz'], ['a.gz', 'parquet']])
      expect(() => formatOfOutput(name, said)).toThrow(/compressed inside/);
  });
});
