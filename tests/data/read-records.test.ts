import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { parse as parseCsv } from 'csv-parse/sync';
import { randomInteger, randomStream } from '../../src/base/random.ts';
import { labelledExample } from '../../src/data/examples.ts';
import { type ReadOptions, readRecords, type SourceRecord } from '../../src/data/read-records.ts';
import { jsonMembers, recordMembers } from '../../src/data/record-members.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';
import { all, file } from './record-files.ts';

/** The records of a file and what is said of the others. */
async function skipping(path: string): Promise<{ records: SourceRecord[]; bad: string[] }> {
  const bad: string[] = [];
  const records = await all(path, { onBadLine: (error) => bad.push(error.message.replace(/^.*?, /, '')) });
  return { records, bad };
}
const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('readRecords', () => {
  it('reads a JSON list of one line as soon as it comes, however long the line is', async () => {
    // A look for the first line that began anew with each chunk took minutes for this, and hours for ten times as much.
    const list = Array.from({ length: 4000 }, (_, id) => ({ id, text: 'the parcel never came and nobody answers '.repeat(10) }));
    expect(await all(file('list.json', JSON.stringify(list)))).toHaveLength(4000);
  });

  it('reads JSONL with blank lines, a byte order mark, CRLF and no last line break', async () => {
    const path = file('a.jsonl', '\uFEFF{"text":"one"}\r\n\r\n"two"\n{"text":"three","n":3}');
    expect(await all(path)).toEqual([
      { line: 1, fields: { text: 'one' }, json: '{"text":"one"}' },
      { line: 3, fields: { text: 'two' } },
      { line: 4, fields: { text: 'three', n: 3 }, json: '{"text":"three","n":3}' },
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
    ['le.csv', Buffer.from('text,n\nhello,1\n', 'utf16le'), /le\.csv: looks like UTF-16 without its mark: say --encoding utf-16le/],
    [
      'be.csv',
      Buffer.from('text,n\nhello,1\n', 'utf16le').swap16(),
      /be\.csv: looks like UTF-16 without its mark: say --encoding utf-16be/,
    ],
    ['half.txt', Buffer.concat([Buffer.from('\ufeffab\n', 'utf16le'), Buffer.of(7)]), /half\.txt: not text in utf-16le/],
    ['book.csv', Buffer.from('PK\x03\x04rest'), /book\.csv: a ZIP file or a workbook \(XLSX\), not text; save the sheet as CSV/],
    ['a.txt', '%PDF-1.7\n', /a\.txt: a PDF, not text/],
    ['a.jsonl', 'PAR1\x15\x04', /a\.jsonl: a Parquet file that is cut off/],
    ['a.jsonl', gzipSync('PAR1\x15\x04'), /a\.jsonl: Parquet, which is read from its end/],
    ['a.csv', 'id,text\n1,2,3\n', /line 2: 3 fields where the header has 2/],
    ['a.csv', 'id,id\n1,2\n', /column "id" occurs twice/],
    ['a.csv', 'id,text\n1,"never closed\n', /Quote|quote/],
    ['lines.jsonl', gzipSync('{"text":"x"}' + '\n'.repeat(100_100)), /lines\.jsonl, line \d+: 100000 empty lines in a row/],
    ['lines.csv', gzipSync(`text\n${'\r\n'.repeat(100_100)}`), /lines\.csv, line \d+: 100000 empty lines in a row/],
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

  it.each([
    ['a.csv', 'text,n\r\none,1\ntwo,2\n'],
    ['a.csv', 'text,n\none,1\r\ntwo,2\r\n'],
    ['a.csv', 'text,n\rone,1\rtwo,2'],
    ['a.csv', '\uFEFF"text","n"\r\n\r\n"one","1"\n\n"two",2\r\n'],
    ['a.tsv', 'text\tn\r\none\t1\ntwo\t2\r\n'],
    ['a.tsv', 'text\tn\none\t1\r\ntwo\t2'],
  ])('takes any line break of a table for one, also mixed: %s %j', async (name, content) => {
    const records = await all(file(name, content));
    expect(records.map(({ fields }) => fields)).toEqual([
      { text: 'one', n: '1' },
      { text: 'two', n: '2' },
    ]);
  });

  it('keeps line breaks that are text', async () => {
    const records = await all(file('a.csv', 'text,n\r\n"one\r\ntwo\nthree",1\r\nfour\rfive,2\r\n'));
    expect(records).toEqual([
      { line: 4, fields: { text: 'one\r\ntwo\nthree', n: '1' }, columns: ['text', 'n'] },
      { line: 5, fields: { text: 'four\rfive', n: '2' }, columns: ['text', 'n'] },
    ]);
  });

  it('reads well-formed CSV as csv-parse does', async () => {
    const random = randomStream(11);
    const pieces = ['a', ' ', ',', '"', '\n', '\r\n', 'ß', '""', ',"'];
    for (let round = 0; round < 200; round++) {
      const cell = () => Array.from({ length: randomInteger(random, 5) }, () => pieces[randomInteger(random, pieces.length)]).join('');
      const quoted = (text: string) => (/[",\r\n]/.test(text) || random() < 0.3 ? `"${text.replaceAll('"', '""')}"` : text);
      const rows = Array.from({ length: 6 }, () => Array.from({ length: 3 }, () => quoted(cell())).join(','));
      const content = ['x,y,z', ...rows].join('\n');
      const expected = parseCsv(content, { columns: true, skip_empty_lines: true });
      expect((await all(file('a.csv', content))).map(({ fields }) => fields)).toEqual(expected);
    }
  });

  it.each([
    ['a stray quote', 'He said "hi" to me,B', ['line 3: a quote inside a field']],
    ['an odd stray quote', '5" nails,B', ['line 3: a quote inside a field']],
    ['text behind a closing quote', '"hi" he said,B', ['line 3: text behind the closing quote of a field']],
    ['a quote that is never closed', '"never closed,B', ['line 3: a quote is opened and not closed']],
    ['a missing field', 'alone', ['line 3: 1 fields where the header has 2']],
    ['a byte that is not UTF-8', latin1('caf\xe9,B'), ['line 3: not UTF-8 text']],
    ['such a byte in a row of two lines', latin1('"caf\xe9\nand more",B'), ['line 3: not UTF-8 text']],
  ])('leaves out only the row of a CSV with %s', async (_, row, messages) => {
    const path = file(
      'a.csv',
      Buffer.concat([Buffer.from('text,n\n"first\tß",1\n'), Buffer.from(row), Buffer.from('\n"second, row",2\nthird,3\n')]),
    );
    const { records, bad } = await skipping(path);
    expect(records.map(({ fields }) => fields.text)).toEqual(['first\tß', 'second, row', 'third']);
    expect(bad).toEqual(messages.map((message) => expect.stringContaining(message)));
    await expect(all(path)).rejects.toThrow(messages[0]);
  });

  it('names the bytes of a table that ends inside a character', async () => {
    for (const name of ['a.csv', 'a.tsv']) {
      const { records, bad } = await skipping(file(name, Buffer.from('text\none\ntwo ä').subarray(0, -1)));
      expect([records.map(({ fields }) => fields.text), bad]).toEqual([['one'], [expect.stringMatching(/^line 3: not UTF-8/)]]);
    }
  });

  it('does not take the first row for the header where the header cannot be read', async () => {
    for (const header of ['te"xt,n', latin1('te\xe9t,n')]) {
      const path = file('a.csv', Buffer.concat([Buffer.from(header), Buffer.from('\none,1\n')]));
      await expect(skipping(path)).rejects.toThrow(/line 1/);
    }
  });

  it('keeps numbers, names and their order as they were written', async () => {
    const jsonl = [
      '{"text":"a","id":1234567890123456789,"x":1e400,"y":12345678901234567.5,"2024":1,"10":2,"b":-0}',
      ' { "text" : "say \\"x\\": 1, {\\\\" , "\\u0041" :[1, {"a":"]"}], "__proto__": {"n":1.0} ,"z":null}',
      '{}',
      '"bare"',
    ].join('\n');
    const members = (await all(file('a.jsonl', jsonl))).map((record) => recordMembers(record).map(({ name, json }) => `${name}=${json}`));
    expect(members).toEqual([
      ['text="a"', 'id=1234567890123456789', 'x=1e400', 'y=12345678901234567.5', '2024=1', '10=2', 'b=-0'],
      ['text="say \\"x\\": 1, {\\\\"', 'A=[1, {"a":"]"}]', '__proto__={"n":1.0}', 'z=null'],
      [],
      ['text="bare"'],
    ]);
    for (const [name, content] of [
      ['a.csv', 'text,2024,10,__proto__\none,x,y,z\n'],
      ['a.tsv', 'text\t2024\t10\t__proto__\none\tx\ty\tz\n'],
    ])
      expect(recordMembers((await all(file(name, content)))[0])).toEqual([
        { name: 'text', json: '"one"' },
        { name: '2024', json: '"x"' },
        { name: '10', json: '"y"' },
        { name: '__proto__', json: '"z"' },
      ]);
  });

  it('finds the members of any JSON object', () => {
    const random = randomStream(5);
    const pieces = ['a', '"', '\\', '{', '}', '[', ']', ',', ':', ' ', 'ß', '\u2028', '\ud800', '\n'];
    const text = () => Array.from({ length: randomInteger(random, 6) }, () => pieces[randomInteger(random, pieces.length)]).join('');
    const value = (depth: number): unknown => {
      const kind = randomInteger(random, depth > 2 ? 3 : 5);
      if (kind === 0) return text();
      if (kind === 1) return random() * 10 ** (randomInteger(random, 40) - 20);
      if (kind === 2) return [null, true, false][randomInteger(random, 3)];
      const items = Array.from({ length: randomInteger(random, 4) }, () => value(depth + 1));
      return kind === 3 ? items : Object.fromEntries(items.map((item, at) => [`${text()}${at}`, item]));
    };
    for (let round = 0; round < 500; round++) {
      const object = Object.fromEntries(Array.from({ length: randomInteger(random, 5) }, (_, at) => [`${text()}x${at}`, value(0)]));
      const json = JSON.stringify(object, null, randomInteger(random, 2) * 2);
      expect(jsonMembers(json).map(({ name, json: each }) => [name, JSON.parse(each)])).toEqual(Object.entries(object));
    }
  });

  it('reads the items of a JSON list, however it is laid out and cut into pieces', async () => {
    const items = ['{"text":"a ],{ \\"x\\\\","n":1e400}', '"two"', '{"text":"c","o":{"p":[1,\n  2]}}'];
    const list = `\uFEFF\n[\n  ${items.join(',\n  ')}\n]\n`;
    const expected = [
      { line: 3, fields: { text: 'a ],{ "x\\', n: Number.POSITIVE_INFINITY }, json: items[0] },
      { line: 4, fields: { text: 'two' } },
      { line: 5, fields: { text: 'c', o: { p: [1, 2] } }, json: '{"text":"c","o":{"p":[1,2]}}' },
    ];
    expect(await all(file('a.json', list))).toEqual(expected);
    const bytes = Buffer.from(list);
    for (const size of [1, 3, 1000]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
      expect(await all('-', { stdin: Readable.from(pieces) })).toEqual(expected);
    }
    expect(await all(file('a.json', '[]'))).toEqual([]);
    expect(await all(file('a.json', '["a"]'))).toEqual([{ line: 1, fields: { text: 'a' } }]);
    expect(await all('-', { stdin: Readable.from([Buffer.from('[urgent] call me\n')]) })).toHaveLength(1);
    expect(await all('-', { stdin: Readable.from([Buffer.from(list)]), format: 'text' })).toHaveLength(6);
    const { records, bad } = await skipping(file('a.json', '[{"text":"a"},\n{"text":b},\n3,{"text":"c"}]'));
    expect([records.map(({ fields }) => fields.text), bad]).toEqual([
      ['a', 'c'],
      [expect.stringMatching(/^line 2: not JSON/), expect.stringMatching(/^line 3: not a JSON object/)],
    ]);
  });

  it.each([
    ['[{"text":"a"},\n{"text":"b"', /line 2: the JSON list is not closed: is the file cut off\?/],
    ['[{"text":"a"}]\n{"text":"b"}', /line 2: text behind the end of a JSON list/],
    ['[{"text":"a"},]', /line 1: not JSON: a comma without an item/],
    ['[{"text":"a"},\n\n,{"text":"b"}]', /line 3: not JSON: a comma without an item/],
    ['{\n"text":"a"\n}', /begins with a JSON object that is spread over lines; write one object a line, or a list/],
    [Buffer.from('[{"text":"\xff"}]', 'latin1'), /line 1: not UTF-8/],
  ])('names what is wrong with JSON that is no list of records: %j', async (content, message) => {
    await expect(all(file('a.json', content))).rejects.toThrow(message);
  });

  it('reads UTF-16 by its mark and other encodings where they are said, in any pieces', async () => {
    const little = Buffer.from('\uFEFFtext,n\nähm \u{1F600},1\ntwo,2\n', 'utf16le');
    for (const content of [little, Buffer.from(little).swap16(), gzipSync(little)])
      expect((await all(file('a.csv', content))).map(({ fields }) => fields)).toEqual([
        { text: 'ähm \u{1F600}', n: '1' },
        { text: 'two', n: '2' },
      ]);
    const bytes = [...little].map((byte) => Buffer.of(byte));
    expect((await all('-', { stdin: Readable.from(bytes) })).map(({ fields }) => fields.n)).toEqual(['1', '2']);
    const windows = file('a.txt', Buffer.of(0x80, 0xe9, 10));
    await expect(all(windows)).rejects.toThrow(/line 1: not UTF-8 text; .*--encoding windows-1252/);
    expect((await all(windows, { encoding: 'windows-1252' }))[0].fields).toEqual({ text: '€é' });
  });

  it('reads short texts that begin as files of another kind do', async () => {
    for (const text of ['P', 'PK', 'PAR', 'BZh', 'BZh1 is a code', '%PDF', 'B'])
      expect((await all('-', { stdin: Readable.from([...text].map((c) => Buffer.from(c))) })).map(({ fields }) => fields.text)).toEqual([
        text,
      ]);
  });

  it.each([
    [',', 'text,n\n"a, ""b""; c",1\n', {}],
    [';', 'x;text;n, or m\nz;"a, ""b""; c";1\n', {}],
    ['a tab', 'text\tn\n"a, ""b""; c"\t1\n', {}],
    ['|', '"te,xt,,"|text|n\nz|"a, ""b""; c"|1\n', {}],
    ['sep=', 'sep=;\r\ntext;n\r\n"a, ""b""; c";1\r\n', {}],
    ['a given one', 'text:n,,,\n"a, ""b""; c":1\n', { delimiter: ':' }],
  ])('finds what stands between the fields of CSV: %s', async (_, content, options) => {
    const [{ fields }, ...others] = await all(file('a.csv', content), options);
    expect([Object.values(fields).slice(-2), others]).toEqual([['a, "b"; c', '1'], []]);
  });

  it('knows a table from a pipe by its header, and lines of text by having none', async () => {
    const piped = async (text: string, options?: ReadOptions) =>
      (await all('-', { ...options, stdin: Readable.from([Buffer.from(text)]) })).map(({ fields }) => fields);
    expect(await piped('\n\nid;text\n1;a\n')).toEqual([{ id: '1', text: 'a' }]);
    expect(await piped('id\ttext\n1\t"a\n')).toEqual([{ id: '1', text: '"a' }]);
    expect(await piped('"id","text"\n1,"a\nb"\n')).toEqual([{ id: '1', text: 'a\nb' }]);
    expect(await piped('id,body\n1,a\n')).toEqual([{ text: 'id,body' }, { text: '1,a' }]);
    expect(await piped('id,body\n1,a\n', { textField: 'body' })).toEqual([{ id: '1', body: 'a' }]);
    expect(await piped('my text, his text\nb\n')).toEqual([{ text: 'my text, his text' }, { text: 'b' }]);
  });

  it('lets go of its source when its reader stops, in every format', async () => {
    for (const [format, head] of Object.entries({ csv: 'text\na\n', tsv: 'text\na\n', text: 'a\nb\n' } as const)) {
      for (const bytes of [Buffer.from(head), gzipSync(head.repeat(9))]) {
        const stdin = new Readable({ read() {} });
        stdin.push(bytes);
        for await (const _ of readRecords('-', { stdin, format: format as 'csv' })) break;
        expect(stdin.destroyed).toBe(true);
      }
    }
  });

  it('says what is wrong with a path', async () => {
    const folder = temporaryFolder();
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
  });

  it('takes text and labels of the fields that are named, a path too', () => {
    const fields = { data: { text: 't', 'a.b': { c: ['x'] } }, 'data.label': 'y', text: 'other', labels: ['other'] };
    const read = (textField: string, labelField: string) => labelledExample(fields, 'x', { textField, labelField });
    expect(read('data.text', 'data.label')).toEqual({ text: 't', labels: ['y'], notLabels: [] });
    expect(read('data.text', 'data.a.b.c').labels).toEqual(['x']);
    for (const name of ['data.none', 'toString', 'data.constructor', '.text', 'text.length', 'data.'])
      expect(() => read(name, 'data.label')).toThrow(
        `x: no field "${name}" (it has data, data.label, text, labels); name the one of texts with --text-field`,
      );
    expect(() => read('text', 'none')).toThrow(
      'no field "none" (it has data, data.label, text, labels); name the one of labels with --label-field',
    );
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
