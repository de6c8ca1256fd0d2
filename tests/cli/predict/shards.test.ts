/** Shards of glz predict and glz merge: the same bytes as one run, whatever happens in between; and what they refuse. */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { callGlz } from '../../call-glz.ts';
import { runGlz } from '../../run-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const LABELS = 'sport,politics,weather,food';
const folder = temporaryFolder();
const input = join(folder, 'in.jsonl');
let checkpoint: string;

/** Records of different lengths; some malformed, some blank, a block of which nothing is left. */
function writeInput(path: string, records: number, salt = ''): void {
  const lines = Array.from({ length: records }, (_, at) => {
    if (at % 97 === 5 || (at >= 64 && at < 320 && records > 1000)) return '{"text": broken';
    if (at % 89 === 7) return '{"text": " "}\n';
    return JSON.stringify({
      id: at,
      text: `the ${'quick brown fox '.repeat((at * 7) % 5)}${salt}${at}`,
      ...(at > 400 ? {} : { early: at }),
    });
  });
  writeFileSync(path, `${lines.join('\n')}\n`);
}

// One thread: of a model this small a second one only waits.
const labelling = (output: string) => [
  'predict',
  input,
  '--labels',
  LABELS,
  '--checkpoint',
  checkpoint,
  '--threads',
  '1',
  '--output',
  output,
];
const predict = (output: string, ...more: string[]) => callGlz([...labelling(output), '--quiet', ...more]);

beforeAll(async () => {
  // Reads texts and labels together: what is in a batch could matter more than with the one that ships.
  checkpoint = await writeTinyCheckpoint();
  writeInput(input, 1400);
});

let runs = 0;
/** A folder and an output in it. */
function fresh(name = 'out.jsonl'): string {
  const place = join(folder, `run-${++runs}`);
  mkdirSync(place);
  return join(place, name);
}

async function shards(output: string, of: number, ...more: string[]): Promise<void> {
  for (let index = of; index >= 1; index--) {
    const { code, stderr } = await predict(output, '--shard', `${index}/${of}`, ...more);
    expect([code, stderr]).toEqual([0, '']);
  }
}

it.each([
  ['out.jsonl', 3, ['--multi-label', '--threshold', '0.3']],
  ['out.jsonl.gz', 2, []],
  ['out.csv', 3, ['--wide', '--balance']],
  ['out.tsv.gz', 8, []],
])('%s of %i shards is byte for byte what one run writes', async (name, of, more) => {
  const [one, many] = [fresh(name), fresh(name)];
  expect(await predict(one, ...more)).toMatchObject({ code: 0, stderr: '' });
  await shards(many, of, ...more);
  const merged = await callGlz(['merge', many]);
  expect(merged).toMatchObject({ code: 0, stdout: '' });
  expect(merged.stderr).toMatch(new RegExp(`^${many}: \\d+ records of ${of} parts; \\d+ were malformed and left out\n$`));
  expect(readFileSync(many).equals(readFileSync(one))).toBe(true);
  if (name.endsWith('.gz')) for (const part of [1, of]) gunzipSync(readFileSync(`${many}.${part}-of-${of}`));
  expect(readdirSync(join(many, '..')).filter((file) => /lock|tmp|partial/.test(file))).toEqual([]);
});

it('CSV of shards has the delimiter and the mark of the first input, as one run has', async () => {
  const inputs = ['semicolons.csv', 'commas.csv'].map((name) => join(folder, name));
  writeFileSync(inputs[0], '\uFEFFid;text\n1;"a, b"\n');
  writeFileSync(inputs[1], 'id,text\n2,"a; b"\n');
  const [one, many] = [fresh('out.csv'), fresh('out.csv')];
  const label = (...more: string[]) =>
    callGlz(['predict', ...inputs, '--labels', LABELS, '--checkpoint', checkpoint, '--threads', '1', '--quiet', ...more]);
  await label('--output', one);
  for (const shard of ['1/2', '2/2']) await label('--output', many, '--shard', shard);
  expect(await callGlz(['merge', many, '--quiet'])).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(many, 'utf8')).toMatch(/^\uFEFFid;text;label;score\n1;"a, b";.*\n2;"a; b";.*\n$/);
  expect(readFileSync(many).equals(readFileSync(one))).toBe(true);
});

it('the checkpoint that ships gives the same bytes too, with any number of threads', async () => {
  const texts = readFileSync(join(ROOT, 'datasets/benchmark/banking77/test.jsonl'), 'utf8').split('\n').slice(0, 80).join('\n');
  const path = join(folder, 'banking.jsonl');
  writeFileSync(path, texts);
  const [one, many] = [fresh(), fresh()];
  const labels = join(folder, 'labels.txt');
  writeFileSync(labels, Array.from({ length: 40 }, (_, at) => `topic ${at}`).join('\n'));
  const command = ['predict', path, '--labels-file', labels, '--quiet', '--output'];
  expect(await callGlz([...command, one])).toMatchObject({ code: 0, stderr: '' });
  for (const [at, shard] of ['1/2', '2/2'].entries()) {
    const threads = String(3 - 2 * at);
    expect(await callGlz([...command, many, '--shard', shard, '--threads', threads])).toMatchObject({ code: 0, stderr: '' });
  }
  expect(await callGlz(['merge', many, '--quiet'])).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(many, 'utf8')).toBe(readFileSync(one, 'utf8'));
});

it('a killed shard goes on behind what it has finished; one that is complete is left alone', async () => {
  const [one, many] = [fresh(), fresh()];
  await predict(one);
  const part = `${many}.1-of-1`;
  const blocks = () => (existsSync(`${part}.manifest`) ? readFileSync(`${part}.manifest`, 'utf8').split('\n').length - 2 : 0);
  const args = [...labelling(many), '--shard', '1/1'];
  const killed = await runGlz(args, { killWhen: () => blocks() >= 1 });
  expect(killed.signal).toBe('SIGKILL');
  expect(existsSync(part)).toBe(false);
  expect(await callGlz(['merge', many])).toMatchObject({ code: 1, stderr: `glz: ${many}: 0 of 1 shards are there; not finished: 1/1\n` });
  // What was being written when it was killed.
  appendFileSync(`${part}.partial`, '{"half');
  appendFileSync(`${part}.manifest`, '{"block":1,"rec');
  const again = await callGlz(args);
  expect(again).toMatchObject({ code: 0 });
  expect(again.stderr).toMatch(/going on behind \d+ records that are done/);
  const once = readFileSync(part, 'utf8');
  const third = await callGlz(args);
  expect(third).toMatchObject({ code: 0, stderr: `${part} is complete: nothing to do\n` });
  expect(readFileSync(part, 'utf8')).toBe(once);
  await callGlz(['merge', many]);
  expect(readFileSync(many, 'utf8')).toBe(readFileSync(one, 'utf8'));
});

it('a run that was killed between its last line and the renaming is complete', async () => {
  const output = fresh();
  await shards(output, 1);
  const part = `${output}.1-of-1`;
  copyFileSync(part, `${part}.partial`);
  rmSync(part);
  await shards(output, 1);
  expect([existsSync(part), existsSync(`${part}.partial`)]).toEqual([true, false]);
});

it('of two that write one shard at once, one says so and changes nothing', async () => {
  const output = fresh();
  const args = [...labelling(output), '--shard', '1/2', '--quiet'];
  const results = await Promise.all([runGlz(args), runGlz(args)]);
  // One that begins when another has done finds it complete.
  expect(results.some(({ code }) => code === 0)).toBe(true);
  for (const { code, stderr } of results)
    if (code !== 0)
      expect([code, stderr]).toEqual([1, expect.stringMatching(/out\.jsonl\.1-of-2 is in use: glz with the process number \d+ writes it/)]);
  await shards(output, 2);
  expect(await callGlz(['merge', output])).toMatchObject({ code: 0 });
});

describe('refuses', () => {
  const usage = async (args: string[], message: string | RegExp) => {
    const { code, stderr } = await callGlz(['predict', ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  };

  it('shards that are none, and inputs and outputs that cannot be shared out', async () => {
    await usage([input, '--labels', LABELS, '--output', fresh(), '--shard', '9/8'], /--shard 9\/8: expected i\/n/);
    await usage([input, '--labels', LABELS, '--shard', '1/8'], /--shard needs --output FILE/);
    await usage(['-', '--labels', LABELS, '--output', fresh(), '--shard', '1/8'], /--shard needs a file/);
    await usage(['--text', 'a', '--labels', LABELS, '--output', fresh(), '--shard', '1/8'], /not for --text/);
    await usage([input, '--labels', LABELS, '--output', `${folder}/`, '--shard', '1/8'], /not a file/);
    await usage(
      [input, '--labels', LABELS, '--output', fresh(), '--shard', '1/8', '--precision', 'auto'],
      /--shard with --precision auto: another machine may take another precision/,
    );
  });

  it('a part of another run, in place of going on with it', async () => {
    const output = fresh();
    await shards(output, 2);
    const before = readFileSync(`${output}.1-of-2`, 'utf8');
    const { code, stderr } = await predict(output, '--shard', '1/2', '--top-k', '1');
    expect([code, stderr]).toEqual([1, expect.stringContaining('1-of-2 is of another run: another option topK; delete it')]);
    expect(readFileSync(`${output}.1-of-2`, 'utf8')).toBe(before);
  });

  it('a part in another precision', async () => {
    const output = fresh();
    await shards(output, 2);
    const { code, stderr } = await predict(output, '--shard', '1/2', '--precision', 'int8');
    expect([code, stderr]).toEqual([1, expect.stringContaining('1-of-2 is of another run: another precision (fp32 and int8); delete it')]);
  });

  it('a file in the place of a part that no run wrote', async () => {
    const output = fresh();
    writeFileSync(`${output}.1-of-2`, 'mine');
    const { code, stderr } = await predict(output, '--shard', '1/2');
    expect([code, stderr]).toEqual([1, expect.stringContaining('1-of-2 is there without')]);
    expect(readFileSync(`${output}.1-of-2`, 'utf8')).toBe('mine');
  });

  it('to merge what is missing, of another run, of another count, or changed', async () => {
    const merge = async (output: string) => {
      const { code, stderr } = await callGlz(['merge', output]);
      expect(existsSync(output)).toBe(false);
      return `${code} ${stderr.replaceAll(`${output}`, 'OUT')}`;
    };
    const output = fresh();
    expect(await merge(output)).toBe('1 glz: there are no parts of OUT: glz predict INPUT --output out.jsonl --shard i/n writes them\n');
    await shards(output, 3);
    const [part, manifest] = [`${output}.1-of-3`, `${output}.1-of-3.manifest`];
    const kept = { part: readFileSync(part), manifest: readFileSync(manifest, 'utf8') };
    const restore = () => {
      writeFileSync(part, kept.part);
      writeFileSync(manifest, kept.manifest);
    };
    rmSync(manifest);
    expect(await merge(output)).toBe('1 glz: OUT: 2 of 3 shards are there; missing: 1/3\n');
    restore();
    rmSync(part);
    expect(await merge(output)).toBe('1 glz: OUT: 2 of 3 shards are there; not finished: 1/3\n');
    restore();
    appendFileSync(part, 'more');
    expect(await merge(output)).toMatch(/^1 glz: OUT\.1-of-3: it has \d+ bytes, where its manifest says \d+; delete it/);
    restore();
    const changed = Buffer.from(kept.part);
    changed[changed.length - 10] ^= 1;
    writeFileSync(part, changed);
    expect(await merge(output)).toMatch(/^1 glz: OUT\.1-of-3: block 3 is not what its run wrote: the file was changed; delete it/);
    restore();
    writeFileSync(manifest, kept.manifest.replace(/"inputs":\[\d+\]}/, '"inputs":[2000]}'));
    expect(await merge(output)).toMatch(
      /^1 glz: OUT\.2-of-3: its run found 1400 records in the input, where that of OUT\.1-of-3 found 2000;/,
    );
    restore();
    writeFileSync(manifest, `nonsense\n${kept.manifest}`);
    expect(await merge(output)).toMatch(/^1 glz: OUT\.1-of-3\.manifest, line 1: not what this version of glz writes/);
    restore();
    for (const name of [part, manifest]) rmSync(name);
    await predict(output, '--shard', '1/3', '--multi-label');
    expect(await merge(output)).toBe('1 glz: OUT.2-of-3 is of another run than OUT.1-of-3: another option multiLabel\n');
    for (const name of [part, manifest]) rmSync(name);
    writeInput(input, 1400, 'other ');
    await predict(output, '--shard', '1/3');
    writeInput(input, 1400);
    expect(await merge(output)).toBe('1 glz: OUT.2-of-3 is of another run than OUT.1-of-3: another input\n');
    restore();
    await predict(output, '--shard', '1/2');
    expect(await merge(output)).toBe('1 glz: there are parts of 2 and of 3 shards of OUT: delete those that are not wanted\n');
    const { code, stderr } = await callGlz(['merge', part]);
    expect([code, stderr]).toEqual([2, `glz: ${part} is a part: name what the parts are of, ${output}\n`]);
  });
});
