/** Where glz predict puts its results, and in which form. */
import { existsSync, linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { callGlz } from '../call-glz.ts';
import { runGlz } from '../run-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

let common: string[] = [];
beforeAll(async () => {
  common = ['--checkpoint', await writeTinyCheckpoint(), '--labels', 'film,bank', '--quiet'];
});

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const predict = (...args: string[]) => callGlz(['predict', ...args, ...common]);

describe('results of glz predict', () => {
  it('are what the name of the file says: the same in CSV, gzip and on stdout', async () => {
    writeFileSync(path('in.csv'), 'id;text\n1;a good film\n2;"the ""bank""\nof"\n');
    const { code, stdout } = await predict(path('in.csv'), '--output-format', 'csv', '--wide');
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'id,text,label,score,score_film,score_bank']);
    for (const name of ['out.csv', 'out.csv.gz']) expect((await predict(path('in.csv'), '--output', path(name), '--wide')).code).toBe(0);
    expect(readFileSync(path('out.csv'), 'utf8')).toBe(stdout);
    expect(gunzipSync(readFileSync(path('out.csv.gz'))).toString()).toBe(stdout);
    // What was written is read again.
    const again = await predict(path('out.csv.gz'), '--format', 'csv', '--output-format', 'csv');
    expect([again.code, again.stdout.split('\n')[0]]).toEqual([0, 'id,text,true_label,input_score,score_film,score_bank,label,score']);
  });

  it('of no records are an empty file, gzip too, and that is said', async () => {
    writeFileSync(path('none.jsonl'), '\n');
    const { code, stderr } = await callGlz(['predict', path('none.jsonl'), '--output', path('none.csv.gz'), ...common.slice(0, 4)]);
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
    [['in.csv', '--output', 'x.parquet'], 2, /\.parquet is not written/],
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
  const { code, stdout, stderr } = await runGlz(['predict', '--labels', 'a,b'], { input: '' });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/nothing to label: give a file/);
});
