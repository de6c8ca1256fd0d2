/** `glz predict FILES --output FOLDER/`: a file each; what a second run leaves alone, a killed one goes on with, and a broken file does to the others. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { callGlz } from '../../call-glz.ts';
import { csv, filesToPredict, jsonl } from '../../files-to-predict.ts';
import { runGlz } from '../../run-glz.ts';

const { folder, args, predict, file, fresh } = filesToPredict();
const small = file('small.jsonl', jsonl('s', 40));
const table = file('table.csv.gz', gzipSync(csv(90)));
const plain = file('plain.txt', 'a red house\nand a blue one\n');
const none = file('none.jsonl', '');
const wrong = file('wrong.csv', 'id,body\n1,a house\n');

/** Names that a folder's reader finds. */
const shown = (place: string): string[] =>
  readdirSync(place)
    .filter((name) => !name.startsWith('.'))
    .sort();
/** What a run of one input alone writes. */
async function alone(input: string, name: string, ...more: string[]): Promise<Buffer> {
  const place = fresh();
  mkdirSync(place);
  expect(await predict(input, '--output', join(place, name), '--quiet', ...more)).toMatchObject({ code: 0 });
  return readFileSync(join(place, name));
}

it('writes a file each, in the format and under the name of the input', async () => {
  const place = fresh();
  const inputs = [small, table, plain, none];
  expect(await predict(...inputs, '--output', `${place}/`)).toMatchObject({ code: 0, stdout: '' });
  expect(shown(place)).toEqual(['none.jsonl', 'plain.jsonl', 'small.jsonl', 'table.csv.gz']);
  for (const [input, name] of [
    [small, 'small.jsonl'],
    [table, 'table.csv.gz'],
    [plain, 'plain.jsonl'],
    [none, 'none.jsonl'],
  ])
    expect(readFileSync(join(place, name)).equals(await alone(input, name))).toBe(true);
  expect(gunzipSync(readFileSync(join(place, 'table.csv.gz'))).toString()).toMatch(/^id,text,label,score\nt0,/);
  // One file, as a pattern of the shell may come to be one, and another format.
  await predict(table, '--output', place, '--output-format', 'tsv', '--quiet');
  expect(readFileSync(join(place, 'table.tsv'), 'utf8')).toMatch(/^id\ttext\tlabel\tscore\n/);
});

describe('a second run', () => {
  it('leaves alone what is finished, and does again what changed; --overwrite all', async () => {
    const place = fresh();
    const changing = file('changing.jsonl', jsonl('c', 20));
    const inputs = [small, table, changing];
    const run = (...more: string[]) => predict(...inputs, '--output', `${place}/`, ...more);
    await run('--quiet');
    const written = () => ['small.jsonl', 'table.csv.gz', 'changing.jsonl'].map((name) => statSync(join(place, name)).ino);
    const before = written();
    const second = await run('--threads', '2');
    expect([second.code, second.stderr]).toEqual([
      0,
      expect.stringMatching(
        /note: 3 of 3 files were finished by an earlier run \(.*small\.jsonl, .*\): left alone; --overwrite labels again\n$/,
      ),
    ]);
    expect(written()).toEqual(before);
    appendFileSync(changing, '{"text": "one more"}\n');
    const third = await run();
    expect([third.code, third.stderr]).toEqual([
      0,
      expect.stringMatching(
        /^predict: 21\/21 .*note: labelled again, since the input changed: \S*changing\.jsonl\nnote: 2 of 3 files were finished/ms,
      ),
    ]);
    expect(written().slice(0, 2)).toEqual(before.slice(0, 2));
    expect(readFileSync(join(place, 'changing.jsonl'))).toEqual(await alone(changing, 'changing.jsonl'));
    const other = await run('--top-k', '1');
    expect([other.code, other.stderr]).toEqual([
      0,
      expect.stringMatching(/labelled again, since the option topK changed: (\S+, ){2}\S+\n/),
    ]);
    expect(written()).not.toEqual(before);
    const forced = await run('--top-k', '1', '--overwrite');
    expect([forced.code, forced.stderr]).toEqual([0, expect.stringMatching(/^predict: 150\/150 (?!.*finished)/ms)]);
    expect(readFileSync(join(place, 'small.jsonl'))).toEqual(await alone(small, 'small.jsonl', '--top-k', '1'));
  });

  it('with --balance does all again where one of the inputs is another', async () => {
    const place = fresh();
    const run = (...inputs: string[]) => predict(...inputs, '--output', `${place}/`, '--balance');
    await run(small, plain);
    expect((await run(small, plain)).stderr).toMatch(/2 of 2 files were finished/);
    expect((await run(small, table)).stderr).toMatch(/since the input changed: \S*small\.jsonl\n$/);
  });

  it.each(['many.jsonl', 'many.csv.gz', 'many.parquet'])('goes on in the file in which a killed one was: %s', async (name) => {
    const place = fresh();
    const many = file(name === 'many.parquet' ? 'many.jsonl' : name, name.endsWith('.gz') ? gzipSync(csv(1200)) : jsonl('m', 1200));
    const format = name === 'many.parquet' ? ['--output-format', 'parquet'] : [];
    const words = args(small, many, plain, '--output', `${place}/`, ...format);
    const manifest = join(place, `.${name}.partial.manifest`);
    const isWithin = () => existsSync(manifest) && (format.length > 0 || readFileSync(manifest, 'utf8').split('\n').length >= 4);
    expect((await runGlz(words, { killWhen: isWithin })).signal).toBe('SIGKILL');
    expect(shown(place).filter((each) => !each.includes('.lock'))).toEqual(expect.arrayContaining([expect.stringMatching(/^small\./)]));
    expect(existsSync(join(place, name))).toBe(false);
    // What was being written when it was killed.
    if (format.length === 0) appendFileSync(join(place, `${name}.partial`), 'half');
    const { code, stderr } = await callGlz(words);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/note: 1 of 3 files was finished by an earlier run \(\S*small\.\w+\)/)]);
    if (format.length === 0) expect(stderr).toMatch(new RegExp(`${name}: going on behind \\d+ records that are done`));
    expect(readFileSync(join(place, name)).equals(await alone(many, name))).toBe(true);
    expect(readdirSync(place).filter((each) => /partial|lock|tmp/.test(each))).toEqual([]);
  });

  it('finds a file complete whose run was killed before its last renamings', async () => {
    const place = fresh();
    const at = (name: string) => join(place, name);
    const run = () => predict(small, '--output', `${place}/`);
    await run();
    const complete = readFileSync(at('small.jsonl'));
    renameSync(at('.small.jsonl.manifest'), at('.small.jsonl.partial.manifest'));
    expect((await run()).stderr).toMatch(/1 of 1 files was finished/);
    renameSync(at('.small.jsonl.manifest'), at('.small.jsonl.partial.manifest'));
    renameSync(at('small.jsonl'), at('small.jsonl.partial'));
    expect((await run()).stderr).toMatch(/1 of 1 files was finished/);
    expect(readdirSync(place).sort()).toEqual(['.small.jsonl.manifest', 'small.jsonl']);
    expect(readFileSync(at('small.jsonl')).equals(complete)).toBe(true);
  });

  it('after Ctrl-C goes on: complete files stay, and what is whole of the next', async () => {
    const place = fresh();
    const many = file('many.jsonl', jsonl('m', 2000));
    const words = args(small, many, table, '--output', `${place}/`);
    let isSent = false;
    const { code, signal, stderr } = await runGlz(words, {
      env: { GLZ_PROGRESS_INTERVAL: '0.0001' },
      onStderr: (text, kill) => {
        if (isSent || !/predict: [1-9]\d\d+\//.test(text)) return;
        isSent = true;
        kill('SIGINT');
      },
    });
    expect([code ?? signal, stderr]).toEqual([
      130,
      expect.stringMatching(
        /stopped; \d+ texts of this run are kept, and the same command goes on behind them; 1 of 3 files are complete\n/,
      ),
    ]);
    expect(shown(place)).toEqual(['many.jsonl.partial', 'small.jsonl']);
    expect(await predict(...words.slice(1), '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(place, 'many.jsonl')).equals(await alone(many, 'many.jsonl'))).toBe(true);
    expect(shown(place)).toEqual(['many.jsonl', 'small.jsonl', 'table.csv.gz']);
  });
});

describe('a file that fails', () => {
  it('does not keep the others from being labelled; all such are listed at the end, and nothing of them is left', async () => {
    const place = fresh();
    const broken = file('broken.jsonl', '{"text": broken\n{"text": too\n');
    const cut = file('cut.csv.gz', gzipSync(csv(1500)).subarray(0, -2000));
    const nameless = file('nameless', 'a text\n');
    const { code, stderr } = await predict(wrong, small, broken, cut, nameless, table, '--output', `${place}/`);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(
          [
            'glz: \\S*wrong\\.csv: no column "text" in its header.*',
            'glz: \\S*broken\\.jsonl: no record can be labelled; of the first: \\S*broken\\.jsonl, line 1: not JSON.*',
            'glz: \\S*cut\\.csv\\.gz: unexpected end of file',
            'glz: \\S*nameless: the format cannot be told from the name.*',
            'glz: 4 of 6 files failed, as said above; 2 are complete',
            '$',
          ].join('\n'),
        ),
      ),
    ]);
    expect(readdirSync(place).sort()).toEqual(['.small.jsonl.manifest', '.table.csv.gz.manifest', 'small.jsonl', 'table.csv.gz']);
  });

  it('with --on-error fail is named with its line; usage errors alone end with 2; quiet says no less', async () => {
    const place = fresh();
    const strict = await predict(small, plain, '--output', `${place}/`, '--on-error', 'fail', '--quiet');
    expect([strict.code, strict.stderr, shown(place)]).toEqual([
      1,
      expect.stringMatching(/^glz: \S*small\.jsonl, line 31: not JSON.*\nglz: 1 of 2 files failed, as said above; 1 is complete\n$/),
      ['plain.jsonl'],
    ]);
    const nameless = file('nameless', 'a text\n');
    expect(await predict(nameless, plain, '--output', `${place}/`, '--quiet')).toMatchObject({ code: 2 });
    expect(await predict(nameless, '--output', `${place}/`, '--quiet')).toEqual(
      expect.objectContaining({ code: 2, stderr: expect.stringMatching(/^glz: \S*nameless: the format cannot be told.*\n$/) }),
    );
  });

  it('leaves what an earlier run made of it', async () => {
    const place = fresh();
    const changing = file('changing.csv', csv(20));
    await predict(changing, plain, '--output', `${place}/`, '--quiet');
    const before = readFileSync(join(place, 'changing.csv'));
    writeFileSync(changing, 'id,body\n1,x\n');
    const { code, stderr } = await predict(changing, plain, '--output', `${place}/`, '--quiet');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/no column "text".*; \S*changing\.csv stays as an earlier run left it\n/)]);
    expect(readFileSync(join(place, 'changing.csv')).equals(before)).toBe(true);
    writeFileSync(changing, csv(20));
    expect((await predict(changing, plain, '--output', `${place}/`)).stderr).toMatch(/2 of 2 files were finished/);
  });

  it('for want of rights is named; a folder that cannot be written into ends the run before the model is loaded', async () => {
    const place = fresh();
    mkdirSync(join(place, 'small.jsonl'), { recursive: true });
    const taken = await predict(small, plain, '--output', `${place}/`, '--quiet');
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringMatching(/^glz: \S*small\.jsonl is a folder: name another --output\n/)]);
    expect(shown(place)).toEqual(['plain.jsonl', 'small.jsonl']);
    const under = await callGlz(['predict', small, '--labels', 'a,b', '--checkpoint', '/none', '--output', `${plain}/x/`]);
    expect(under).toMatchObject({ code: 1, stderr: expect.stringMatching(/^glz: cannot write into .*plain\.txt\/x\/: /) });
  });
});

it('files that no run wrote, or that were changed since, are not touched without --overwrite', async () => {
  const place = fresh();
  mkdirSync(place);
  writeFileSync(join(place, 'notes.txt'), 'mine');
  writeFileSync(join(place, 'small.jsonl'), 'mine');
  writeFileSync(join(place, 'plain.jsonl.partial'), 'mine');
  const run = (...more: string[]) => predict(small, plain, table, '--output', place, '--quiet', ...more);
  const first = await run();
  expect([first.code, first.stderr]).toEqual([
    1,
    expect.stringMatching(
      /^glz: \S*small\.jsonl is there, and no run of glz predict wrote it into this folder; --overwrite replaces it\nglz: \S*plain\.jsonl\.partial is there, and no run .*\nglz: 2 of 3 files failed/,
    ),
  ]);
  expect(['notes.txt', 'small.jsonl', 'plain.jsonl.partial'].map((name) => readFileSync(join(place, name), 'utf8'))).toEqual(
    Array(3).fill('mine'),
  );
  expect(await run('--overwrite')).toMatchObject({ code: 0, stderr: '' });
  expect(shown(place)).toEqual(['notes.txt', 'plain.jsonl', 'small.jsonl', 'table.csv.gz']);
  const path = join(place, 'plain.jsonl');
  const own = readFileSync(path, 'utf8').replace('"house"', '"hovel"');
  for (const content of [own, `${own}\n`]) {
    writeFileSync(path, content);
    const changed = await run('--top-k', '2');
    expect([changed.code, changed.stderr]).toEqual([
      1,
      expect.stringMatching(/^glz: \S*plain\.jsonl was changed since glz predict wrote it; --overwrite/),
    ]);
    expect(readFileSync(path, 'utf8')).toBe(content);
  }
  rmSync(path);
  expect(await run('--top-k', '2')).toMatchObject({ code: 0, stderr: '' });
});

it('of several runs into one folder at once each file is written by one, and another run finds all finished', async () => {
  const place = fresh();
  const words = args(small, file('many.jsonl', jsonl('m', 400)), table, plain, '--output', `${place}/`);
  const results = await Promise.all([runGlz(words), runGlz(words), runGlz(words)]);
  for (const { code, stderr } of results)
    if (code !== 0)
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/is in use: glz with the process number \d+ writes it.*\n(.*\n)*glz: \d of 4 files failed/),
      ]);
  await predict(...words.slice(1), '--quiet');
  expect((await predict(...words.slice(1))).stderr).toMatch(/4 of 4 files were finished/);
  expect(readFileSync(join(place, 'many.jsonl')).equals(await alone(join(folder, 'many.jsonl'), 'many.jsonl'))).toBe(true);
  expect(shown(place)).toEqual(['many.jsonl', 'plain.jsonl', 'small.jsonl', 'table.csv.gz']);
});

it('a pipe has no name of its own in a folder', async () => {
  const pipe = join(folder, 'pipe.jsonl');
  if (spawnSync('mkfifo', [pipe]).status !== 0) return;
  const { code, stderr } = await predict(pipe, '--output', `${fresh()}/`);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/pipe\.jsonl is a pipe or a device, which has no name of its own in a folder/)]);
});
