/** `glz eval` as a process: a real checkpoint against baselines, outputs, exit codes, interruption, crashes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationResult } from '../../src/eval/report/result-types.ts';
import { callGlz } from '../call-glz.ts';
import { plainRecords, writeSet } from '../eval/sets/write-set.ts';
import { modelFolder } from '../eval/systems/model-folders.ts';
import { runGlz } from '../run-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';
import { startHub } from '../weights/hub/hub-server.ts';

const root = temporaryFolder();
const sets = join(root, 'sets');
const labels = ['sports', 'politics', 'films'];
writeSet(sets, 'one', plainRecords(labels, 12), labels);
writeSet(sets, 'two', plainRecords(labels, 6), labels);
const model = modelFolder<{ tokenizer: string }>('embeddings-bert').folder;
let checkpoint = '';
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint({}, join(root, 'my-checkpoint'));
});
afterAll(() => {
  for (const folder of [root, model]) rmSync(folder, { recursive: true, force: true });
});

const command = (args: string[]) => ['eval', '--resamples', '20', '--latency-calls', '2', '--threads', '1', ...args];
const isolatedEval = (args: string[], run = {}) => callGlz(command(args), run);
/** Without a process for each system, where these are not what is asked about. */
const glzEval = (args: string[], run = {}) => isolatedEval([...args, '--no-isolate'], run);
const read = (name: string): EvaluationResult => JSON.parse(readFileSync(join(root, name), 'utf8'));

/** A safetensors file with one more tensor of `size` bytes. */
function withPadding(file: Buffer, size: number): Buffer {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets?: [number, number] }>;
  const used = file.length - 8 - length;
  const text = JSON.stringify({ ...header, padding: { dtype: 'F32', shape: [size / 4], data_offsets: [used, used + size] } });
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([start, padded, file.subarray(8 + length), Buffer.alloc(size)]);
}

describe('glz eval', () => {
  it('measures a checkpoint against baselines, each in a process of its own, and writes every output', async () => {
    const outputs = ['--json', join(root, 'a.json'), '--csv', join(root, 'a.csv'), '--report', join(root, 'a.html')];
    const args = [
      '--checkpoint',
      checkpoint,
      '--data',
      sets,
      '--baseline',
      `embeddings:${model},name=tiny`,
      '--baseline',
      'majority',
      ...outputs,
    ];
    const { code, stdout, stderr } = await isolatedEval(args);
    expect([code, stderr.includes('took')]).toEqual([0, true]);
    expect(stdout).toContain('one: 12 texts, 3 labels');
    expect(stdout).toMatch(/^my-checkpoint +\d/m);
    expect(stdout).toMatch(/^labels of my-checkpoint, worst first +texts +precision +recall +F1$/m);
    expect(stdout).toMatch(/^times +is +taken for$/m);
    const result = read('a.json');
    expect(result.reference).toBe('my-checkpoint');
    expect(result.results).toHaveLength(6);
    for (const { peakMemoryBytes, loadSeconds } of result.systems) {
      expect(peakMemoryBytes).toBeGreaterThan(30e6);
      expect(loadSeconds).toBeGreaterThanOrEqual(0);
    }
    expect(readFileSync(join(root, 'a.csv'), 'utf8').split('\n')).toHaveLength(8);
    expect(readFileSync(join(root, 'a.html'), 'utf8')).toContain('my-checkpoint');

    const again = await isolatedEval([...args, '--quiet', '--details']);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toMatch(/^system +macro-F1 +accuracy +top-3 +AUROC/m);
    expect(again.stdout).toContain('*: from the cache');
  });

  it('without a checkpoint takes the one that ships, and without baselines the floors', async () => {
    const { code, stdout } = await glzEval(['--data', join(sets, 'two'), '--json', join(root, 'bare.json'), '--quiet']);
    expect([code, stdout.includes('two: 6 texts, 3 labels')]).toEqual([0, true]);
    expect(read('bare.json').systems.map(({ name }) => name)).toEqual(['glz-mini', 'random', 'majority']);
  });

  it('without data takes the benchmark that ships, a few texts of each set, and says so', async () => {
    const { code, stdout, stderr } = await glzEval(['--baseline', 'random', '--json', join(root, 'few.json')]);
    expect(code).toBe(0);
    expect(stderr).toContain('no --data or --suite, so the benchmark that ships, at most 50 texts a set');
    expect(stdout).toContain('icd10cm: 50 of 100 texts, 1382 labels');
    expect(read('few.json').systems.map(({ name }) => name)).toEqual(['random']);
  });

  it('predicts what glz predict predicts', async () => {
    const { code } = await glzEval([
      '--checkpoint',
      checkpoint,
      '--data',
      join(sets, 'one'),
      '--json',
      join(root, 'own.json'),
      '--no-cache',
      '--quiet',
    ]);
    expect(code).toBe(0);
    const [result] = read('own.json').results;
    const input = plainRecords(labels, 12)
      .map(({ text }) => JSON.stringify({ text }))
      .join('\n');
    const { stdout } = await callGlz(['predict', '--checkpoint', checkpoint, '-', '--threads', '1', '--labels', labels.join(',')], {
      input,
    });
    const predicted = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { labels: string[] }).labels[0]);
    expect(result.predicted.map((label) => labels[label])).toEqual(predicted);
  });

  it('ends with 1 when a system failed or a gate was missed, after all results', async () => {
    const failed = await isolatedEval([
      '--data',
      sets,
      '--baseline',
      'random',
      '--baseline',
      'nli:./nowhere',
      '--quiet',
      '--json',
      join(root, 'b.json'),
    ]);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^random +\d/m);
    expect(failed.stderr).toMatch(/^glz: a system failed: nli:\.\/nowhere$/m);
    expect(read('b.json').failures).toHaveLength(1);
    const gated = await glzEval([
      '--data',
      sets,
      '--baseline',
      'majority',
      '--quiet',
      '--fail-under',
      'accuracy=0.2',
      '--fail-under',
      'one:macro_f1=0.9',
    ]);
    expect(gated.code).toBe(1);
    expect(gated.stderr).toMatch(/majority: one macro_f1 is 0\.1667, under 0\.9/);
    expect(gated.stderr).not.toContain('accuracy');
  });

  it('fetches a baseline from the hub once, and tells how far it is', async () => {
    const files = new Map<string, Buffer>(
      readdirSync(model)
        .filter((name) => statSync(join(model, name)).isFile())
        .map((name) => [name, readFileSync(join(model, name))]),
    );
    // Other data behind the weights, so that the download is worth a bar.
    const weights = files.get('model.safetensors')!;
    files.set('model.safetensors', withPadding(weights, 5_500_000));
    const hub = await startHub({ 'some/encoder': files });
    try {
      const env = { HF_ENDPOINT: hub.url, HF_HOME: join(root, 'hub') };
      const args = ['--data', join(sets, 'two'), '--baseline', 'embeddings:some/encoder'];
      const first = await isolatedEval(args, { env });
      expect(first.code).toBe(0);
      expect(first.stderr).toMatch(/^downloading some\/encoder .* to .*hub/m);
      expect(first.stderr).toMatch(/^some\/encoder: model\.safetensors: 6\/6 \(100%\) MB .*took/m);
      const requests = hub.requests.length;
      expect(await isolatedEval([...args, '--quiet'], { env })).toMatchObject({ code: 0, stderr: '' });
      expect(hub.requests).toHaveLength(requests);
    } finally {
      await hub.close();
    }
  });

  it('reports a system whose process dies, and goes on', async () => {
    const broken = join(root, 'broken');
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, 'config.json'), '{"model_type": "bert"');
    const { code, stdout, stderr } = await isolatedEval([
      '--data',
      sets,
      '--baseline',
      `embeddings:${broken},name=broken`,
      '--baseline',
      'random',
      '--no-cache',
      '--quiet',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^broken: failed: .*config\.json/m);
    expect(stdout).toMatch(/^random +\d/m);
    expect(stderr).not.toContain('    at ');
  });

  it('stops at Ctrl-C with 130 and goes on with what is missing', async () => {
    const texts = writeSet(join(root, 'large'), 'large', plainRecords(labels, 12_000), labels);
    const args = [
      '--data',
      join(sets, 'one'),
      '--data',
      texts,
      '--baseline',
      `embeddings:${model},name=slow`,
      '--json',
      join(root, 'c.json'),
    ];
    const env = { GLZ_CACHE: join(root, 'cache'), GLZ_PROGRESS_INTERVAL: '0.01' };
    let killed = false;
    const stopped = await runGlz(command(args), {
      env,
      onStderr: (text: string, kill: (signal: NodeJS.Signals) => void) => {
        if (!killed && /slow on large: /.test(text)) {
          killed = true;
          kill('SIGINT');
        }
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('interrupted; finished sets are kept, run the same command again to go on');
    expect(existsSync(join(root, 'c.json'))).toBe(false);
    expect(await isolatedEval(args, { env })).toMatchObject({ code: 0 });
    expect(read('c.json').results.map(({ set, cached }) => [set, cached])).toEqual([
      ['one', true],
      ['large', false],
    ]);
  });

  it('scores labels that the model cannot tell apart, and says which they are', async () => {
    const alike = [...labels, 'Sports', '👍'];
    writeSet(join(root, 'alike'), 'three', plainRecords(labels, 6), alike);
    const { code, stdout } = await glzEval(['--checkpoint', checkpoint, '--data', join(root, 'alike'), '--json', join(root, 'd.json')]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^my-checkpoint, three: the model can read nothing of the label "👍"/m)]);
    expect(read('d.json').results.find(({ system }) => system === 'my-checkpoint')!.set).toBe('three');
  });

  it('splits labels of a table at what stands between them', async () => {
    const table = join(root, 'table.csv');
    writeFileSync(table, 'text,labels,candidate_labels\na game,sports;films,sports;films;politics\na film,films,films;sports\n');
    const asked = await glzEval(['--baseline', 'random', '--data', table]);
    expect([asked.code, asked.stderr]).toEqual([
      1,
      expect.stringMatching(/table\.csv, line 2, field "labels": "sports;films" is one label or/),
    ]);
    const { code, stdout } = await glzEval(['--baseline', 'random', '--data', table, '--label-separator', ';']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('table: 2 texts, 3 labels')]);
  });

  it('reads stdin, whose first line says what it is', async () => {
    const stdin = 'text,label\na match,sports\nan election,politics\n';
    const { code, stdout } = await glzEval(['--data', '-', '--baseline', 'random'], { input: stdin });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^stdin: 2 texts, 2 labels$/m)]);
    const none = await glzEval(['--data', '-', '--baseline', 'random'], { input: '' });
    expect([none.code, none.stderr]).toEqual([1, 'glz: stdin holds no records\n']);
  });

  it('notes labels of a table that are numbers without names', async () => {
    const path = join(root, 'numbered.csv');
    writeFileSync(path, 'text,label\na match,0\nan election,1\n');
    const run = ['--data', path, '--baseline', 'random'];
    expect((await glzEval(run)).stderr).toMatch(
      /^note: the labels of numbered are numbers \(0, 1\), which mean nothing to a model; --label-names says what they stand for$/m,
    );
    expect((await glzEval([...run, '--label-names', 'sports,politics'])).stderr).not.toMatch(/are numbers/);
  });

  it('compares result files', async () => {
    const { code, stdout } = await glzEval(['--compare', join(root, 'a.json'), join(root, 'a.json')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tiny: mean difference of macro-F1 over 2 sets \+0\.000/);
    expect(await glzEval(['--compare', join(root, 'a.json')])).toMatchObject({ code: 2, stdout: '' });
    expect(await glzEval(['--compare', join(root, 'a.json'), checkpoint])).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    [['--baseline', 'gpt', '--data', sets], 2, /"gpt" names no baseline/],
    [['--baseline', 'random', '--data', join(root, 'nowhere')], 1, /cannot read .*nowhere/],
    [['--baseline', 'random', '--data', sets, '--limit', '0'], 2, /expected a whole number from 1/],
    [['--baseline', 'random', '--data', sets, '--template', 'x'], 2, /--template "x" has no \{\}/],
    [['--baseline', 'random', '--data', sets, '--fail-under', 'ece=1'], 2, /no metric called "ece"/],
    [['--baseline', 'random', '--data', sets, '--precision', 'int4'], 2, /Allowed choices are auto, fp32, int8/],
    [
      ['--baseline', 'random', '--suite', join(root, 'no.yaml')],
      2,
      /no settings file .*no\.yaml, and no preset of this name; presets: benchmark/,
    ],
  ])('says what is wrong with %j', async (args, exit, message) => {
    const { code, stdout, stderr } = await glzEval(args);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toMatch(message);
  });

  it('lists the baselines, and shows examples', async () => {
    const list = await glzEval(['--list-baselines']);
    expect(list.code).toBe(0);
    for (const name of ['nli', 'cross-encoder', 'clip', 'lbl2vec', 'qzero', 'ollama', 'groq', 'bart-large-mnli', 'all-MiniLM-L6-v2'])
      expect(list.stdout).toContain(name);
    const help = await glzEval(['--help']);
    expect(help).toMatchObject({ code: 0 });
    expect(help.stdout).toContain('$ glz eval --checkpoint');
  });
});
