import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { labelList, labelledExample } from '../../src/data/examples.ts';
import { type ReadOptions, readRecords, type SourceRecord } from '../../src/data/read-records.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
let files = 0;
function file(name: string, content: string | Buffer): string {
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, content);
  return path;
}
async function all(path: string, options?: ReadOptions): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of readRecords(path, options)) records.push(record);
  return records;
}

describe('readRecords', () => {
  it('reads JSONL with blank lines, a byte order mark, CRLF and no last line break', async () => {
    const path = file('a.jsonl', '\uFEFF{"text":"one"}\r\n\r\n"two"\n{"text":"three","n":3}');
    expect(await all(path)).toEqual([
      { line: 1, fields: { text: 'one' } },
      { line: 3, fields: { text: 'two' } },
      { line: 4, fields: { text: 'three', n: 3 } },
    ]);
  });

  it('reads CSV with quotes and line breaks, and TSV without quoting', async () => {
    const csv = file('a.csv', 'id,text\n1,"a ""quoted""\nline, with comma"\n2,b\n');
    expect((await all(csv)).map(({ fields }) => fields)).toEqual([
      { id: '1', text: 'a "quoted"\nline, with comma' },
      { id: '2', text: 'b' },
    ]);
    const tsv = file('a.tsv', 'id\ttext\n1\ta "quoted, text\n');
    expect((await all(tsv))[0].fields).toEqual({ id: '1', text: 'a "quoted, text' });
  });

  it('reads plain lines, gzip by content, and stdin in pieces of one byte', async () => {
    const text = 'first ä\nsecond\n';
    expect((await all(file('a.txt', text))).map(({ fields }) => fields.text)).toEqual(['first ä', 'second']);
    expect((await all(file('b.jsonl', gzipSync('{"text":"x"}\n')))).length).toBe(1);
    const bytes = [...Buffer.from(gzipSync(text))].map((byte) => Buffer.of(byte));
    expect((await all('-', { stdin: Readable.from(bytes) })).map(({ fields }) => fields.text)).toEqual(['first ä', 'second']);
    expect((await all('-', { stdin: Readable.from([Buffer.from('{"text":"json"}')]) }))[0].fields).toEqual({ text: 'json' });
  });

  it('is the same for every cut of the bytes into chunks', async () => {
    const text = Array.from({ length: 50 }, (_, i) => JSON.stringify({ text: `ß${'x'.repeat(i)}`, i })).join('\n');
    const whole = await all('-', { stdin: Readable.from([Buffer.from(text)]) });
    for (const size of [1, 2, 3, 7, 64]) {
      const bytes = Buffer.from(text);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
      expect(await all('-', { stdin: Readable.from(chunks) })).toEqual(whole);
    }
  });

  it.each([
    ['a.jsonl', '{"text":"ok"}\n{"text":\n', /a\.jsonl, line 2: not JSON/],
    ['a.jsonl', '{"text":"ok"}\n[1]\n', /line 2: not a JSON object/],
    ['a.jsonl', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 10]), /line 1: not UTF-8/],
    ['a.txt', Buffer.from('\ufeffab\n', 'utf16le'), /line 1: not UTF-8 text \(it looks like UTF-16\)/],
    ['a.csv', 'id,text\n1,2,3\n', /line 2: 3 fields where the header has 2/],
    ['a.csv', 'id,id\n1,2\n', /column "id" occurs twice/],
    ['a.csv', 'id,text\n1,"never closed\n', /Quote|quote/],
    ['a.jsonl.gz', gzipSync('{"text":"x"}\n'.repeat(500)).subarray(0, 40), /a\.jsonl\.gz: unexpected end of file/],
    ['a.dat', 'x', /cannot be told from the name/],
  ])('names file and line of %s %#', async (name, content, message) => {
    await expect(all(file(name as string, content as string))).rejects.toThrow(message as RegExp);
  });

  it('leaves bad lines out and goes on where it is told to', async () => {
    const bad: string[] = [];
    const path = file('a.jsonl', '{"text":"a"}\nnonsense\n{"text":"b"}\n');
    const records = await all(path, { onBadLine: (error) => bad.push(error.message) });
    expect(records.map(({ line }) => line)).toEqual([1, 3]);
    expect(bad).toEqual([expect.stringMatching(/line 2: not JSON/)]);
  });

  it('says what is wrong with a path', async () => {
    await expect(all(join(folder, 'none.jsonl'))).rejects.toThrow(/none\.jsonl: no such file/);
    await expect(all(folder, { format: 'jsonl' })).rejects.toThrow(/is a folder/);
  });
});

describe('labelledExample', () => {
  it('reads the spellings of glz, the public GliZNet sets and GLiClass', () => {
    expect(labelledExample({ text: 't', labels: ['a'], not_labels: ['b'] }, 'x')).toEqual({ text: 't', labels: ['a'], notLabels: ['b'] });
    expect(labelledExample({ sentence: 't', labels: ['a'] }, 'x')).toEqual({ text: 't', labels: ['a'], notLabels: [] });
    expect(labelledExample({ text: 't', true_labels: ['a'], all_labels: ['a', 'b'] }, 'x')).toEqual({
      text: 't',
      labels: ['a'],
      notLabels: ['b'],
      candidates: ['a', 'b'],
    });
    expect(labelList('a| b', 'x')).toEqual(['a', 'b']);
    expect(labelList('["a","b"]', 'x')).toEqual(['a', 'b']);
  });

  it.each([
    [{ labels: ['a'] }, /x: no field "text"/],
    [{ text: 1, labels: ['a'] }, /field "text" is not text/],
    [{ text: ' ', labels: ['a'] }, /"text" is empty/],
    [{ text: 't' }, /no field "labels"/],
    [{ text: 't', labels: ['a', 'a'] }, /label "a" occurs twice/],
    [{ text: 't', labels: ['a', 3] }, /label 2 is not text/],
    [{ text: 't', labels: ['a'], not_labels: ['a'] }, /both a true label and/],
    [{ text: 't', labels: ['c'], all_labels: ['a', 'b'] }, /"c" is not among its own "all_labels"/],
  ])('names what is wrong with %j', (fields, message) => {
    expect(() => labelledExample(fields, 'x')).toThrow(message);
  });
});
