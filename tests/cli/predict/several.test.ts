/** `glz predict` of several files: one output in order, shards that get whole files; and what is refused. A file each in a folder: folder.test.ts. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { callGlz } from '../../call-glz.ts';
import { csv, filesToPredict, jsonl } from '../../files-to-predict.ts';
import { runGlz } from '../../run-glz.ts';

const { folder, args, predict, file, fresh: freshFolder } = filesToPredict();
const small = file('small.jsonl', jsonl('s', 40));
const table = file('table.csv.gz', gzipSync(csv(90)));
const plain = file('plain.txt', 'a red house\nand a blue one\n');
const large = file('large.jsonl', jsonl('l', 700));
const none = file('none.jsonl', '');

const circle = join(folder, 'circle.jsonl');
symlinkSync(circle, circle);

const fresh = (name = 'out.jsonl'): string => {
  const place = freshFolder();
  mkdirSync(place);
  return join(place, name);
};

it('writes the results of all in order: what runs of each write, one behind the other; notes and errors name the file', async () => {
  const inputs = [small, table, none, plain];
  const each = await Promise.all(inputs.map((input) => predict(input, '--quiet')));
  const { code, stdout, stderr } = await predict(...inputs);
  expect([code, stdout]).toEqual([0, each.map((one) => one.stdout).join('')]);
  expect(stdout.trim().split('\n')).toHaveLength(39 + 90 + 2);
  expect(stderr).toMatch(/skipped: .*small\.jsonl, line 31: not JSON/);
  expect(stderr).toMatch(/note: .*none\.jsonl has no records/);
  expect(stderr).toMatch(/note: 1 of 131 texts are blank \(the first in .*small\.jsonl, line 29\) and got no labels/);
  expect(stderr).toMatch(/predict: 131\/131 \(100%\) texts/);
  const output = fresh();
  expect(await predict(...inputs, '--output', output, '--quiet')).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(output, 'utf8')).toBe(stdout);
  // stdin is one of them where it is named.
  const piped = await callGlz(args(plain, '-', '--quiet'), { input: readFileSync(small) });
  expect(piped.stdout).toBe(each[3].stdout + each[0].stdout);
});

it.each([
  ['whole files to two shards', [small, table, large, plain], 2, 'out.jsonl'],
  ['whole files to as many shards', [small, large, none], 3, 'out.jsonl.gz'],
  ['blocks of two files to three shards', [large, small], 3, 'out.csv'],
])('deals out %s, and merging gives the bytes of one run', async (_, inputs, of, name) => {
  const [one, many] = [fresh(name), fresh(name)];
  expect(await predict(...inputs, '--output', one, '--quiet')).toMatchObject({ code: 0, stderr: '' });
  for (let index = of; index >= 1; index--)
    expect(await predict(...inputs, '--output', many, '--shard', `${index}/${of}`, '--quiet')).toMatchObject({ code: 0, stderr: '' });
  const merged = await callGlz(['merge', many]);
  expect(merged).toMatchObject({ code: 0, stderr: expect.stringMatching(/: \d+ records of \d parts; \d+ were malformed and left out\n$/) });
  expect(readFileSync(many).equals(readFileSync(one))).toBe(true);
  const counted = Array.from({ length: of }, (_each, at) => {
    const lines = readFileSync(`${many}.${at + 1}-of-${of}.manifest`, 'utf8')
      .trim()
      .split('\n');
    return (JSON.parse(lines[lines.length - 1]) as { inputs: (number | null)[] }).inputs;
  });
  for (const input of inputs.keys()) expect(counted.filter((inputs) => inputs[input] !== null)).toHaveLength(inputs.length >= of ? 1 : of);
});

it('a killed shard of several files goes on; with other files, or in another order, it is another run', async () => {
  const inputs = [small, large, table];
  const [one, many] = [fresh(), fresh()];
  await predict(...inputs, '--output', one, '--quiet');
  const shard = [...inputs, '--output', many, '--shard', '1/1'];
  const blocks = () => (existsSync(`${many}.1-of-1.manifest`) ? readFileSync(`${many}.1-of-1.manifest`, 'utf8').split('\n').length - 2 : 0);
  expect((await runGlz(args(...shard), { killWhen: () => blocks() >= 2 })).signal).toBe('SIGKILL');
  const other = await predict(large, small, table, '--output', many, '--shard', '1/1', '--quiet');
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('is of another run: another input;') });
  expect((await predict(...shard)).stderr).toMatch(/going on behind \d+ records that are done/);
  await callGlz(['merge', many, '--quiet']);
  expect(readFileSync(many, 'utf8')).toBe(readFileSync(one, 'utf8'));
});

it('of one output a file that fails stops the run, and what was done is kept', async () => {
  const good = file('good.jsonl', '{"text": "a house"}\n{"text": "a street"}\n');
  const wrong = file('wrong.jsonl', '{"text": "a house"\n');
  const output = fresh();
  const { code, stderr } = await predict(good, wrong, '--output', output, '--on-error', 'fail');
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/wrong\.jsonl, line 1: .*; the 2 texts before it are in .*out\.jsonl\.partial$/m),
  ]);
  expect([existsSync(output), readFileSync(`${output}.partial`, 'utf8').split('\n').length]).toEqual([false, 3]);
});

it('a file of which nothing says the format is met before any is labelled', async () => {
  const unnamed = file('unnamed', '{"text": "a house"}\n');
  const output = fresh();
  const { code, stderr } = await predict(small, unnamed, '--output', output);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^glz: .*unnamed: the format cannot be told from the name; say --format/)]);
  expect(readdirSync(join(output, '..'))).toEqual([]);
  expect((await predict(unnamed, '--format', 'jsonl', '--quiet')).code).toBe(0);
});

it('glz merge refuses to write over one of the parts under another name', async () => {
  const output = fresh();
  await predict(small, '--output', output, '--shard', '1/1', '--quiet');
  const part = readFileSync(`${output}.1-of-1`, 'utf8');
  symlinkSync(`${output}.1-of-1`, output);
  const { code, stderr } = await callGlz(['merge', output]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/out\.jsonl is .*out\.jsonl\.1-of-1 under another name, which would be lost/)]);
  expect(readFileSync(`${output}.1-of-1`, 'utf8')).toBe(part);
});

it.each<[string, () => string[], number, RegExp]>([
  ['a file that is not there', () => [small, join(folder, 'absent.jsonl')], 1, /absent\.jsonl: no such file/],
  ['links in a circle', () => [small, circle], 1, /^glz: cannot read .*circle\.jsonl: too many symbolic links encountered\n$/],
  [
    'a file as a folder on the way, with --balance too',
    () => [join(small, 'x.jsonl'), '--balance'],
    1,
    /small\.jsonl\/x\.jsonl: no such file\n$/,
  ],
  [
    'an output behind a file',
    () => [small, '--output', join(plain, 'x.jsonl')],
    1,
    /^glz: cannot write .*plain\.txt\/x\.jsonl: not a directory\n$/,
  ],
  [
    'as input what a run of the output that ends early would replace',
    () => [file('mine.jsonl.partial', jsonl('p', 3)), small, '--format', 'jsonl', '--output', join(folder, 'mine.jsonl')],
    2,
    /what a run does that ends early goes to .*mine\.jsonl\.partial, which is the input; name another file\n$/,
  ],
  ['stdin twice', () => ['-', small, '-'], 2, /- is stdin, which can be read only once/],
  ['stdin into a folder', () => ['-', '--output', `${folder}/`], 2, /stdin has no name of its own in a folder/],
  ['the folder of the inputs', () => [small, plain, '--output', folder], 2, /small\.jsonl is the input, which would be lost/],
  [
    'two files of one name',
    () => [small, join(folder, '.', 'small.jsonl'), '--output', fresh('x/')],
    2,
    /would both be written to .*small\.jsonl/,
  ],
  ['an input as the output of all', () => [plain, small, '--output', small], 2, /is the input, which would be lost/],
  [
    'shards into a folder',
    () => [small, plain, '--output', `${folder}/x/`, '--shard', '1/2'],
    2,
    /not a file; name one: the shards write one/,
  ],
  [
    'two files whose names differ in case only',
    () => [small, file('SMALL.jsonl', '{"text": "a house"}\n'), '--output', fresh('x/')],
    2,
    /small\.jsonl and .*SMALL\.jsonl would both be written to/,
  ],
  ['a text and files', () => [small, plain, '--text', 'x'], 2, /give either --text or an input file/],
  ['--overwrite without a folder', () => [small, '--output', fresh(), '--overwrite'], 2, /--overwrite is for --output FOLDER\//],
  ['a folder as input', () => [small, folder], 1, /is a folder, not a file of records/],
])('refuses %s', async (_, more, expected, message) => {
  const { code, stderr } = await predict(...more(), '--quiet');
  expect([code, stderr]).toEqual([expected, expect.stringMatching(message)]);
  expect(existsSync(join(folder, 'x'))).toBe(false);
});
