/** Labels, texts and weights that would give wrong answers without a word: refused, or counted and said. */

import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labelProbability } from '../../../src/classify/probabilities.ts';
import { GliZNet } from '../../../src/index.ts';
import { readCheckpointWeights } from '../../../src/weights/checkpoint.ts';
import { writeSafetensors } from '../../../src/weights/formats/safetensors.ts';
import { callGlz } from '../../call-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

process.env.GLZ_CACHE = temporaryFolder();
const CALIBRATION = { temperature: 2, bias: 0.5, sharpening: 0, sharpenAbove: 30, flattens: false };
const folder = temporaryFolder();
let checkpoint = '';
let model: GliZNet;
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint({ calibration: CALIBRATION });
  model = await GliZNet.load(checkpoint);
});
afterAll(() => model.dispose());

const predict = (args: string[], run = {}) => callGlz(['predict', '--checkpoint', checkpoint, '--threads', '1', ...args], run);

it.each(['', '  '])('--text %j is refused: there is nothing to label', async (text) => {
  const { code, stdout, stderr } = await predict(['--text', text, '--labels', 'a,b']);
  expect([code, stdout, stderr]).toEqual([2, '', 'glz: --text is empty: there is nothing to label\n']);
});

it.each<[string, string[], RegExp]>([
  ['an output', ['-', '--labels', 'a,b', '--output', 'x'.repeat(300)], /^glz: cannot write x+: name too long$/m],
  ['a file', ['x'.repeat(300), '--labels', 'a,b'], /^glz: x+: no such file$/m],
  ['the file of a shard', ['x'.repeat(300), '--labels', 'a,b', '--shard', '1/2', '--output', 'y'], /^glz: x+: no such file$/m],
  ['a checkpoint', ['--text', 'x', '--labels', 'a,b', '--checkpoint', 'x'.repeat(300)], /^glz: x+: no such folder$/m],
])('a name longer than names can be is said of %s', async (_, args, message) => {
  const { code, stdout, stderr } = await predict(args);
  expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
});

it('the answer to --text goes into the file and the format that are named, as those of a file do', async () => {
  const output = join(temporaryFolder(), 'one.csv');
  const args = ['--text', 'x', '--labels', 'a,b'];
  const named = await predict([...args, '--output', output, '--wide']);
  expect([named.code, named.stdout]).toEqual([0, '']);
  expect(readFileSync(output, 'utf8')).toMatch(/^text,label,score,score_a,score_b\nx,[ab],[\d.]+,[\d.]+,[\d.]+\n$/);
  const { stdout } = await predict([...args, '--output-format', 'tsv']);
  expect(stdout).toMatch(/^text\tlabel\tscore\nx\t[ab]\t[\d.]+\n$/);
  // Of all labels, also where none is likely to fit and fewer are reported.
  const abstained = join(temporaryFolder(), 'none.csv');
  await predict([...args, '--output', abstained, '--wide', '--threshold', '1', '--delimiter', ';']);
  expect(readFileSync(abstained, 'utf8')).toMatch(/^text;label;score;score_a;score_b\nx;;;[\d.]+;[\d.]+\n$/);
  const wide = await predict([...args, '--wide']);
  expect([wide.code, wide.stdout, wide.stderr]).toEqual([2, '', expect.stringMatching(/^glz: --wide is for tables/)]);
});

it('a single label that is longer than a name can be is told of as a label', async () => {
  const { code, stderr } = await predict(['--text', 'x', '--labels', `a ${'red '.repeat(100)}`]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^glz: label "a red .*" is too long: more than the \d+ tokens/m)]);
});

describe('labels', () => {
  it.each([
    ['["a","b"]', ['a', 'b']],
    ['"film, game",sport', ['film, game', 'sport']],
  ])('--labels %s are taken for what they are', async (labels, expected) => {
    const { code, stdout } = await predict(['--text', 'x', '--labels', labels]);
    expect([code, (JSON.parse(stdout) as { labels: string[] }).labels.sort()]).toEqual([0, expected]);
  });

  it('that are the same to the model, or that it cannot read, are named by the command and by the library', async () => {
    const same = /the labels "Film" and "film" are the same to the model: keep one, or word them so that they differ/;
    const none = /the model can read nothing of the labels "👍" and "👎": write them in a script that it knows/;
    for (const [labels, message] of [
      [['Film', 'bank', 'film'], same],
      [['bank', '👍', '👎'], none],
    ] as const) {
      const { code, stdout, stderr } = await predict(['--text', 'x', '--labels', labels.join(',')]);
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
      await expect(model.classify(['x'], labels)).rejects.toThrow(message);
      await expect(model.logits(['x'], [labels])).rejects.toThrow(message);
    }
    await expect(model.classify(['x'], ['👍'])).rejects.toThrow(/nothing of the label "👍": write it/);
    const alike = ['film', 'Film', 'bank', 'FILM', 'fílm', 'Bank'];
    await expect(model.classify(['x'], alike)).rejects.toThrow(
      /labels "film", "Film", "FILM" and 1 more are the same to the model, as are 1 other groups/,
    );
  });

  it('of one record that are the same skip that record, and say where it is', async () => {
    const records = [
      ['bank', 'film'],
      ['Film', 'film'],
      ['bank', 'game'],
    ].map((candidate_labels) => ({ text: 'x', candidate_labels }));
    const input = `${records.map((record) => JSON.stringify(record)).join('\n')}\n{"text":"x","candidate_labels":"politics, sports"}\n`;
    const { code, stdout, stderr } = await predict(['-', '--quiet'], { input });
    expect([code, stdout.split('\n').length - 1]).toEqual([0, 2]);
    const loud = await predict(['-'], { input });
    expect(loud.stderr).toMatch(/skipped: stdin, line 2, field "candidate_labels": the labels "Film" and "film" are the same/);
    expect(loud.stderr).toMatch(/skipped: stdin, line 4, field "candidate_labels": "politics, sports" is one label or several/);
    expect(stderr).toBe('');
    const split = await predict(['-', '--label-separator', ','], { input: '{"text":"x","candidate_labels":"bank, film"}\n' });
    expect((JSON.parse(split.stdout) as { labels: string[] }).labels.sort()).toEqual(['bank', 'film']);
  });

  it('of all records that are the same stop the run before it begins', async () => {
    const { code, stdout, stderr } = await predict(['-', '--labels', 'Film,film', '--quiet'], { input: 'one\ntwo\n' });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim()).toBe('glz: the labels "Film" and "film" are the same to the model: keep one, or word them so that they differ');
  });

  it('alone are scored by themselves, by the command and by the library', async () => {
    const [logits] = await model.logits(['a good film'], ['film']);
    const score = Number(labelProbability(logits[0], CALIBRATION).toFixed(6));
    expect(score).toBeLessThan(1);
    expect(await model.classify(['a good film'], ['film'])).toEqual([{ labels: ['film'], scores: [score] }]);
    expect(await model.classify(['a good film'], ['film'], { multiLabel: true })).toEqual([{ labels: ['film'], scores: [score] }]);
    expect(await model.classify(['a good film'], ['film'], { threshold: 0.999 })).toEqual([{ labels: [], scores: [] }]);
    const { stdout } = await predict(['--text', 'a good film', '--labels', 'film']);
    expect(JSON.parse(stdout)).toEqual({ text: 'a good film', labels: ['film'], scores: [score] });
    const [two] = await model.classify(['a good film'], ['film', 'bank'], { shortlist: 1 });
    expect(two.scores[0]).toBeLessThan(1);
  });
});

describe('texts of which nothing can be read', () => {
  it('are counted and said', async () => {
    const input = ['good', '', '👍👎', 'ไทย', 'good 👍'].map((text) => JSON.stringify({ text })).join('\n');
    const { code, stdout, stderr } = await predict(['-', '--labels', 'film,bank'], { input });
    expect([code, stdout.split('\n').length - 1]).toEqual([0, 5]);
    expect(stdout).toContain('{"text":"","labels":[],"scores":[]}\n');
    expect(stderr).toMatch(
      /note: 1 of 5 texts are blank \(the first on line 2\) and got no labels\n.*of 2 of 5 texts the model can read nothing \(empty, or .*; the first on line 3\): their labels mean nothing/,
    );
    expect((await predict(['--text', '👍', '--labels', 'film,bank'])).stderr).toMatch(/note: the model can read nothing of the text/);
    const found = await model.classify(['good', '👍', ' '], ['film', 'bank']);
    expect(found.map(({ unreadable }) => unreadable)).toEqual([undefined, true, true]);
  });
});

describe('weights that hold NaN', () => {
  const broken = (tensor: RegExp) => {
    const path = join(temporaryFolder(), 'broken');
    cpSync(checkpoint, path, { recursive: true });
    const weights = readCheckpointWeights(path);
    for (const [name, { data }] of weights) if (tensor.test(name)) data.fill(Number.NaN);
    writeSafetensors(join(path, 'model.safetensors'), weights);
    return path;
  };

  it('end a run and name the checkpoint, skipping bad records or not', async () => {
    const path = broken(/^similarity\.weight$/);
    const message = `glz: ${path}: the model gives scores that are no numbers; its weights are damaged or hold NaN`;
    const input = join(folder, 'texts.txt');
    writeFileSync(input, 'one\ntwo\n');
    for (const source of [['--text', 'x'], [input], [input, '--multi-label'], [input, '--balance']]) {
      const { code, stdout, stderr } = await callGlz(['predict', '--checkpoint', path, '--labels', 'a,b', '--quiet', ...source]);
      expect([code, stdout, stderr.trim()]).toEqual([1, '', message]);
    }
  });

  it('of the encoder are found by the library, and where labels are chosen by their embeddings', async () => {
    const other = await GliZNet.load(broken(/encoder\.layer\.1\.output\.dense\.weight$/));
    const labels = Array.from({ length: 60 }, (_, at) => `label ${at}`);
    await expect(other.classify(['x'], ['a', 'b'])).rejects.toThrow(/no numbers/);
    await expect(other.classify(['x'], labels, { shortlist: 5 })).rejects.toThrow(/no numbers/);
    await other.dispose();
  });
});

it('looks at the beginning of files before it loads a model', async () => {
  const folder = temporaryFolder();
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const good = file('good.csv', 'text\na\n');
  const noText = /no\.csv: no column "text" in its header \(it has id, body\); name the one that holds the texts with --text-field/;
  const no = file('no.csv', 'id,body\n1,a\n');
  const checkpoint = join(folder, 'none');
  for (const [args, message] of [
    [[no], noText],
    [[good, no], noText],
    [[no, '--output', join(folder, 'out/')], noText],
    [[no, '--text-field', 'body', '--id-field', 'nr'], /no\.csv: no column "nr"/],
    [[file('book.csv', 'PK\u0003\u0004 a workbook')], /book\.csv: a ZIP file or a workbook \(XLSX\)/],
    [[file('paper.jsonl', '%PDF-1.7 a paper')], /paper\.jsonl: a PDF, not text/],
    [[file('cut.parquet', 'PAR1 and no more')], /cut\.parquet: /],
    // Malformed lines, however many, are for later, and so is a file among others of a folder.
    [[file('bad.jsonl', '{1}\n'.repeat(1000))], /none: no such folder/],
    [[good, no, '--output', join(folder, 'out/')], /none: no such folder/],
    [[good], /none: no such folder/],
  ] as const) {
    const { code, stdout, stderr } = await callGlz(['predict', ...args, '--labels', 'a,b', '--checkpoint', checkpoint]);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
  expect(existsSync(join(folder, 'out'))).toBe(false);
});
