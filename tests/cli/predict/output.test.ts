/** Where glz predict puts its results, and in which form. */
import { existsSync, linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openParquet } from '../../../src/data/parquet/parquet-file.ts';
import { callGlz } from '../../call-glz.ts';
import { runGlz } from '../../run-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

let common: string[] = [];
beforeAll(async () => {
  common = ['--checkpoint', await writeTinyCheckpoint(), '--threads', '1', '--labels', 'film,bank', '--quiet'];
});

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const predict = (...args: string[]) => callGlz(['predict', ...args, ...common]);

describe('results of glz predict', () => {
  it('are what the name of the file says: the same in CSV, gzip and on stdout', async () => {
    writeFileSync(path('in.csv'), 'id;text\n1;a good film\n2;"the ""bank""\nof"\n');
    const { code, stdout } = await predict(path('in.csv'), '--output-format', 'csv', '--wide');
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'id;text;label;score;score_film;score_bank']);
    for (const name of ['out.csv', 'out.csv.gz']) expect((await predict(path('in.csv'), '--output', path(name), '--wide')).code).toBe(0);
    expect(readFileSync(path('out.csv'), 'utf8')).toBe(stdout);
    expect(gunzipSync(readFileSync(path('out.csv.gz'))).toString()).toBe(stdout);
    // What was written is read again.
    const again = await predict(path('out.csv.gz'), '--format', 'csv', '--output-format', 'csv');
    expect([again.code, again.stdout.split('\n')[0]]).toEqual([0, 'id;text;true_label;input_score;score_film;score_bank;label;score']);
  });

  it('with --wide have the scores of all labels, where none is given too', async () => {
    writeFileSync(path('wide.csv'), 'text\na good film\n""\n');
    for (const more of [
      ['--abstain-below', '1'],
      ['--threshold', '1'],
      ['--multi-label', '--threshold', '1'],
    ]) {
      const { stdout } = await predict(path('wide.csv'), '--output-format', 'csv', '--wide', ...more);
      expect(stdout).toMatch(/\na good film,.*,0\.\d+,0\.\d+\n,.*,,\n$/);
    }
    expect((await predict(path('wide.csv'), '-o', path('wide.parquet'), '--wide', '--top-k', '1')).code).toBe(0);
    const { stdout } = await predict(path('wide.parquet'), '--top-k', '1');
    const [first] = stdout.split('\n').map((line) => JSON.parse(line || '{}') as { score_film: number; score_bank: number });
    expect(first.score_film + first.score_bank).toBeCloseTo(1, 5);
  });

  it('are lines in a file that ends in .json, which is said', async () => {
    const loud = common.filter((flag) => flag !== '--quiet');
    const { stderr } = await callGlz(['predict', path('wide.csv'), '--output', path('out.json'), ...loud]);
    expect(stderr).toMatch(/note: .*out\.json gets a JSON object a line, not one list/);
    const { stderr: none } = await callGlz(['predict', path('wide.csv'), '--output', path('out.jsonl'), ...loud]);
    expect(none).not.toMatch(/a JSON object a line/);
  });

  it('in CSV have the delimiter and the byte order mark of their input, or what --delimiter says', async () => {
    const table = '\uFEFFid;text\n1;"a film; a bank, too"\n';
    for (const bytes of [Buffer.from(table), Buffer.from(table, 'utf16le')]) {
      writeFileSync(path('excel.csv'), bytes);
      expect((await predict(path('excel.csv'), '-o', path('excel-out.csv'))).code).toBe(0);
      expect(readFileSync(path('excel-out.csv'), 'utf8')).toMatch(/^\uFEFFid;text;label;score\n1;"a film; a bank, too";\w+;0\.\d+\n$/);
    }
    writeFileSync(path('plain.csv'), 'id,text\n1,a|b\n');
    writeFileSync(path('lines.jsonl'), '{"id":2,"text":"b;c"}\n');
    const both = await predict(path('plain.csv'), path('excel.csv'), '--output-format', 'csv');
    expect(both.stdout.split('\n').map((line) => line.replace(/(film|bank),0.*$/, ''))).toEqual([
      'id,text,label,score',
      '1,a|b,',
      '1,"a film; a bank, too",',
      '',
    ]);
    const said = await predict(path('lines.jsonl'), '--format', 'jsonl', '--delimiter', ';', '--output-format', 'csv');
    expect(said.stdout).toMatch(/^id;text;label;score\n2;"b;c";\w+;0/);
  });

  it('are Parquet of any input, and JSON lines of Parquet', async () => {
    const input = join(ROOT, 'tests/fixtures/data/types.parquet');
    expect(await predict(input, '--output', path('out.parquet'))).toMatchObject({ code: 0, stderr: '' });
    const [plain, again] = await Promise.all([predict(input), predict(path('out.parquet'), '--top-k', '1')]);
    const records = plain.stdout.split('\n').slice(0, -1);
    expect(records.length).toBe(8);
    expect(JSON.parse(records[1])).toMatchObject({ text: 'I was charged twice', date: '2024-02-29', uint64: 18446744073709552000 });
    // All that the first run wrote, digit for digit, and what is found of it.
    const before = records.map((line) => line.replace('"labels":', '"true_labels":').replace('"scores":', '"input_scores":').slice(0, -1));
    expect(
      again.stdout
        .split('\n')
        .slice(0, -1)
        .every((line, at) => line.startsWith(before[at])),
    ).toBe(true);
    writeFileSync(path('in2.csv'), 'text,label\na film,x\n');
    const piped = await predict(path('in2.csv'), '--output', path('of-csv.parquet'), '--wide');
    expect([piped.code, (await predict(path('of-csv.parquet'), '--output-format', 'csv')).stdout.split('\n')[0]]).toEqual([
      0,
      'text,true_label,true_labels,input_scores,score_film,score_bank,label,score',
    ]);
  });

  it('in Parquet of an input without rows have its columns all the same', async () => {
    const input = join(ROOT, 'tests/fixtures/data/no-rows.parquet');
    expect((await predict(input, '--output', path('no-rows.parquet'), '--wide')).code).toBe(0);
    const { columns, close } = await openParquet(path('no-rows.parquet'));
    await close();
    expect(columns.map(({ name }) => name)).toEqual(['id', 'text', 'labels', 'scores', 'score_film', 'score_bank']);
    expect(columns[0].element.type).toBe('INT64');
  });

  it('in Parquet of a run that fails are kept whole, or not at all', async () => {
    const cut = readFileSync(join(ROOT, 'tests/fixtures/data/types.parquet'));
    // A page of the third row group, in front of the footer.
    const page = cut.lastIndexOf('error when I upload', cut.length - 8 - cut.readUInt32LE(cut.length - 8));
    cut.fill(255, page - 40, page);
    writeFileSync(path('cut.parquet'), cut);
    const { code, stderr } = await predict(path('cut.parquet'), '--output', path('cut-out.parquet'));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/cut\.parquet, row group \d, column "\w+": damaged, .*; the \d texts before it are in .*\.partial/),
    ]);
    const kept = await predict(path('cut-out.parquet.partial'));
    expect([kept.code, kept.stdout.split('\n').length - 1]).toEqual([0, Number(/the (\d) texts/.exec(stderr)![1])]);
    writeFileSync(path('bad.csv'), 'text\n"a');
    expect((await predict(path('bad.csv'), '--output', path('none.parquet'), '--on-error', 'fail')).code).toBe(1);
    expect(readdirSync(folder).filter((name) => /cut-out\.parquet$|none\.parquet|tmp/.test(name))).toEqual([]);
  });

  it('have nothing but ids and what is found with --id-field, in every format', async () => {
    const records = [
      '{"id":12345678901234567890,"text":"a film","labels":["x"]}',
      '{"text":"no id"}',
      '{"id":null,"text":"b"}',
      '{"id":"k","text":""}',
    ];
    writeFileSync(path('ids.jsonl'), records.join('\n'));
    const { code, stdout } = await predict(path('ids.jsonl'), '--id-field', 'id', '--top-k', '1');
    expect([code, stdout.replace(/"(film|bank)"/g, '').replace(/0\.\d+/g, '')]).toEqual([
      0,
      '{"id":12345678901234567890,"labels":[],"scores":[]}\n{"id":"k","labels":[],"scores":[]}\n',
    ]);
    const strict = await predict(path('ids.jsonl'), '--id-field', 'id', '--on-error', 'fail');
    expect([strict.code, strict.stderr]).toEqual([1, expect.stringMatching(/ids\.jsonl, line 2: no field "id", which --id-field names/)]);
    writeFileSync(path('deep.json'), '[{"data":{"id":1e400,"text":"a"}},\n {"data":{"id":"","text":"a"}}]');
    const deep = await callGlz([
      'predict',
      path('deep.json'),
      '--id-field',
      'data.id',
      '--text-field',
      'data.text',
      ...common.slice(0, -1),
    ]);
    expect([deep.stdout, deep.stderr]).toEqual([
      expect.stringMatching(/^\{"data\.id":1e400,"labels":\[.*\}\n$/),
      expect.stringMatching(/deep\.json, line 2: field "data\.id" is empty/),
    ]);
    const input = join(ROOT, 'tests/fixtures/data/types.parquet');
    expect((await predict(input, '--id-field', 'uint64', '-o', path('ids.csv'))).code).toBe(0);
    expect(readFileSync(path('ids.csv'), 'utf8').split('\n')[1]).toMatch(/^18446744073709551615,(film|bank),0/);
    expect(await predict(input, '--id-field', 'id', '-o', path('ids.parquet'))).toMatchObject({ code: 0, stderr: '' });
    expect((await predict(path('ids.parquet'), '--text-field', 'id')).stderr).toMatch(/row 1: field "id" is not text/);
    writeFileSync(path('ids.csv'), 'key,text\n1,a\n');
    for (const [file, name] of [
      ['ids.csv', 'id'],
      ['ids.parquet', 'text'],
    ])
      expect(await predict(path(file), '--id-field', name)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/no column "(id|text)"/),
      });
    expect((await callGlz(['predict', '--text', 'a', '--id-field', 'id', ...common])).code).toBe(2);
  });

  it('of no records are an empty file, gzip too, and that is said', async () => {
    writeFileSync(path('none.jsonl'), '\n');
    const { code, stderr } = await callGlz(['predict', path('none.jsonl'), '--output', path('none.csv.gz'), ...common.slice(0, -1)]);
    expect([code, gunzipSync(readFileSync(path('none.csv.gz'))).length]).toEqual([0, 0]);
    expect(stderr).toMatch(/note: .*none\.jsonl has no records/);
  });

  it('of a run that fails are kept whole', async () => {
    writeFileSync(path('bad.jsonl'), '{"text":"a"}\n{"text":"b\\tc"}\n');
    const { code, stderr } = await predict(path('bad.jsonl'), '--output', path('bad.tsv.gz'));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/TSV cannot hold.*; the 1 texts before it are in .*bad\.tsv\.gz\.partial/)]);
    expect(gunzipSync(readFileSync(path('bad.tsv.gz.partial'))).toString()).toMatch(/^text\tlabel\tscore\na\t\w+\t0\.\d+\n$/);
    expect(existsSync(path('bad.tsv.gz'))).toBe(false);
  });

  it('that may not be what was meant are noted: one file of several inputs, one label of several in a table', async () => {
    writeFileSync(path('one.txt'), 'a\n');
    const run = (...args: string[]) => callGlz(['predict', path('one.txt'), ...args, ...common.slice(0, -1)]);
    const file = await run(path('one.txt'), '-o', path('outdir2'));
    expect(file.stderr).toContain(
      `note: the results of all 2 inputs go into one file, ${path('outdir2')}; --output ${path('outdir2')}/ would be a folder`,
    );
    const table = await run('--output-format', 'csv', '--top-k', '2');
    expect(table.stderr).toContain('note: a table has the best label alone, whatever --top-k says; --wide adds a column');
    for (const more of [
      ['--top-k', '1'],
      ['--top-k', '2', '--wide'],
      ['--top-k', '2', '--quiet'],
      ['--top-k', '2', '--multi-label'],
    ])
      expect((await run('--output-format', 'csv', ...more)).stderr).not.toContain('a table has');
  });

  it('take the place of earlier ones, and a note says so', async () => {
    writeFileSync(path('one.txt'), 'a\n');
    const run = (...more: string[]) => callGlz(['predict', path('one.txt'), '-o', path('again.jsonl'), ...common.slice(0, -1), ...more]);
    expect((await run()).stderr).not.toContain('replaced');
    expect((await run()).stderr).toContain(`\nnote: replaced ${path('again.jsonl')}, which was there before\n`);
    expect((await run('--quiet')).stderr).toBe('');
  });

  it('never take the place of the input, under whatever name', async () => {
    const text = '{"text":"a"}\n';
    writeFileSync(path('same.jsonl'), text);
    symlinkSync('same.jsonl', path('soft.jsonl'));
    linkSync(path('same.jsonl'), path('hard.jsonl'));
    const before = readdirSync(folder).length;
    for (const name of ['same.jsonl', 'soft.jsonl', 'hard.jsonl', '../' + folder.split('/').at(-1) + '/same.jsonl']) {
      const { code, stderr } = await predict(path('same.jsonl'), '--output', path(name));
      expect([code, stderr]).toEqual([2, expect.stringMatching(/--output .* is the input, which would be lost/)]);
    }
    expect([readFileSync(path('same.jsonl'), 'utf8'), readdirSync(folder).length]).toEqual([text, before]);
  });

  it.each([
    [['in.csv', '--wide'], 2, /--wide is for tables/],
    [['in.csv', '--output', 'x.arrow'], 2, /\.arrow is not written/],
    [['I love it'], 1, /I love it: no such file; a text to label goes behind --text/],
  ])('%j: exit code %i', async (args, code, message) => {
    const result = await callGlz(['predict', ...args, ...common], { cwd: folder });
    expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
  });

  it('come of what is piped in without being named too', async () => {
    const { code, stdout } = await runGlz(['predict', ...common], { input: 'id,text\n1,a good film\n' });
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ id: '1', text: 'a good film' })]);
  });
});

it('without an input, and with an empty pipe, says that there is nothing to label', async () => {
  // Before the model is loaded: there is none.
  const { code, stdout, stderr } = await runGlz(['predict', '--labels', 'a,b', '--checkpoint', './none'], { input: '' });
  expect([code, stdout, stderr]).toEqual([2, '', 'glz: nothing to label: give a file, - for stdin, or --text "..."\n']);
});
