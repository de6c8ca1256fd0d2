import { parse } from 'csv-parse/sync';
import { PLAIN } from '../../src/base/terminal/look.ts';
import { CSV } from '../../src/data/output-formats/csv.ts';
import { compressionOfName, formatOfOutput } from '../../src/data/output-formats/index.ts';
import { JSONL } from '../../src/data/output-formats/jsonl.ts';
import { labelLines } from '../../src/data/output-formats/label-lines.ts';
import type { FormatOptions, OutputFormat } from '../../src/data/output-formats/output-format.ts';
import { TSV } from '../../src/data/output-formats/tsv.ts';
import { jsonMembers, membersOf } from '../../src/data/record-members.ts';

const RESULTS = [
  { id: 1, text: 'a "b"\nc', labels: ['bug report', 'praise'], scores: [0.75, 0.25] },
  { id: 2, text: '', labels: [], scores: [] },
];

async function written(format: OutputFormat): Promise<string[]> {
  const pieces: string[] = [];
  const writer = format.open(async (piece) => void pieces.push(String(piece)));
  for (const result of RESULTS) await writer.write(membersOf(result));
  await writer.end();
  return pieces;
}

describe('formats of results', () => {
  it('JSONL has one object a line, whatever its texts hold', async () => {
    const lines = await written(JSONL);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(lines.map((line) => JSON.parse(line))).toEqual(RESULTS);
  });

  it('label lines have the scores below one another', async () => {
    expect(await written(labelLines(PLAIN))).toEqual(['bug report  0.750\n', 'praise      0.250\n']);
  });

  it('is JSONL of stdout and of any other name', () => {
    for (const path of [undefined, 'a.jsonl', 'a.JSONL', '/dev/stdout', 'out']) expect(formatOfOutput(path)).toBe(JSONL);
  });

  /** What a format makes of results that are JSON. */
  async function rows(format: OutputFormat, results: string[], options?: FormatOptions): Promise<string> {
    let all = '';
    const writer = format.open(async (piece) => {
      all += piece;
    }, options);
    for (const result of results) await writer.write(jsonMembers(result));
    await writer.end();
    return all;
  }

  it('CSV has the best label and its score behind the fields as they were written', async () => {
    const first =
      '{"text":"a \\"b\\",\\r\\nc","n":12345678901234567.5,"2024":1e400,"z":null,"o":{"a": [1]},"labels":["x, y","z"],"scores":[0.75,0.25]}';
    const second = '{"2024":"0","text":"","labels":[],"scores":[]}';
    const text = await rows(CSV, [first, second]);
    expect(parse(text)).toEqual([
      ['text', 'n', '2024', 'z', 'o', 'label', 'score'],
      ['a "b",\r\nc', '12345678901234567.5', '1e400', '', '{"a": [1]}', 'x, y', '0.75'],
      ['', '', '0', '', '', '', ''],
    ]);
    expect(await rows(CSV, [])).toBe('');
  });

  it('CSV has a column of scores a label where it is asked for, and all labels where any number may fit', async () => {
    const results = ['{"score_a":1,"labels":["b","a"],"scores":[0.75,0.25]}', '{"labels":["a"],"scores":[0.5]}'];
    expect(await rows(CSV, results, { wide: ['a', 'b'] })).toBe('score_a,label,score,score_a_2,score_b\n1,b,0.75,0.25,0.75\n,a,0.5,0.5,\n');
    expect(await rows(CSV, results, { isMultiLabel: true })).toBe(
      'score_a,labels,scores\n1,"[""b"",""a""]","[0.75,0.25]"\n,"[""a""]",[0.5]\n',
    );
  });

  it('fields that are called as columns of results get other names, and answers stay one column', async () => {
    const taken = '{"label":"t","true_label":"u","score":1,"input_score":2,"labels":["a"],"scores":[1]}';
    expect((await rows(CSV, [taken])).split('\n')[0]).toBe('input_label,true_label,input_score_2,input_score,label,score');
    expect((await rows(CSV, ['{"label":"t","labels":["a"],"scores":[1]}'])).split('\n')[0]).toBe('true_label,label,score');
    expect(await rows(TSV, ['{"label":"t","answers":{"q":1}}'])).toBe('label\tanswers\nt\t{"q":1}\n');
  });

  it('loses nothing silently: a field without a column, and what TSV cannot hold', async () => {
    const one = '{"text":"a","labels":["x"],"scores":[1]}';
    await expect(rows(CSV, [one, '{"text":"b","more":1,"labels":["x"],"scores":[1]}'])).rejects.toThrow(
      'result 2 has the field "more", which the first one has not',
    );
    expect(await rows(TSV, [one])).toBe('text\tlabel\tscore\na\tx\t1\n');
    for (const text of ['a\\tb', 'a\\nb', 'a\\rb'])
      await expect(rows(TSV, [`{"text":"${text}","labels":["x"],"scores":[1]}`])).rejects.toThrow(/the field "text" .* TSV cannot hold/);
  });

  it('is what the name says, with or without .gz, or what is said', () => {
    expect(['a.csv', 'a.CSV.gz', 'a.tsv', 'a.jsonl.gz'].map((name) => formatOfOutput(name))).toEqual([CSV, CSV, TSV, JSONL]);
    expect(formatOfOutput('a.parquet', 'csv')).toBe(CSV);
    expect([undefined, 'a.csv', 'a.gz', 'a.csv.zst'].map(compressionOfName)).toEqual([undefined, undefined, 'gzip', 'zstd']);
    expect(formatOfOutput('a.csv.zst')).toBe(CSV);
    for (const name of ['a.arrow', 'a.xlsx.gz', 'a.arrow.zst'])
      expect(() => formatOfOutput(name)).toThrow(
        /is not written; there are \.jsonl, \.csv and \.tsv, each also \.gz or \.zst, and \.parquet/,
      );
  });
});
