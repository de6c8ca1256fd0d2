/** `glz tune`, and what reads its file: `glz predict --thresholds`, the library; what is refused. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GliZNet } from '../../src/index.ts';
import { callGlz } from '../call-glz.ts';
import { TINY_LATE, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const TEXTS: Record<string, string[]> = {
  billing: ['I was charged twice', 'the invoice is wrong', 'refund the payment of', 'my card was debited for'],
  delivery: ['my parcel never came', 'the courier did not bring', 'tracking shows nothing for', 'when is the delivery of'],
  'bug report': ['the app crashes when I open', 'an error appears when I save', 'the screen stays white after', 'it freezes while loading'],
  none: ['Mozart wrote', 'the volcano erupted near', 'she won the race with', 'the recipe needs two eggs and'],
};
const THINGS = ['the order', 'March', 'a shirt', 'number 7', 'the blue lamp'];
const rows = Object.entries(TEXTS).flatMap(([label, starts]) =>
  starts.flatMap((start) => THINGS.map((thing) => ({ text: `${start} ${thing}`, labels: label === 'none' ? [] : [label] }))),
);
const lines = (records: readonly object[]) => `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;
const data = at('labelled.jsonl');
const file = at('thresholds.json');
writeFileSync(data, lines(rows));
/** Of a model that is loaded in no time, for what does not depend on how good it is. */
const tiny = { checkpoint: '', file: at('tiny-thresholds.json') };

const tune = (...args: string[]) => callGlz(['tune', '--threads', '1', ...args]);

beforeAll(async () => {
  const { code, stdout, stderr } = await tune('--data', data, '--output', file);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`written to ${file}`)]);
  expect(stdout).toMatch(
    /^80 records, 3 labels; "after" is cross-validated \(5 folds\); "--abstain" is below 0\.4, with nothing fitted\n +before +--abstain +after\n/,
  );
  for (const name of ['Brier score', 'ECE', 'error among the answers', 'at most, with 95 % confidence'])
    expect(stdout).toMatch(new RegExp(`^${name}( +\\d\\.\\d{3}){3}$`, 'm'));
  tiny.checkpoint = await writeTinyCheckpoint(TINY_LATE);
  expect(await tune('--data', data, '--checkpoint', tiny.checkpoint, '--output', tiny.file, '--quiet')).toMatchObject({
    code: 0,
    stderr: '',
  });
});

it('where nothing is answered it says so, and no error', async () => {
  // Every label is another one's.
  const wrong = at('wrong.jsonl');
  const names = Object.keys(TEXTS).slice(0, 3);
  writeFileSync(
    wrong,
    lines(rows.map(({ text, labels }) => ({ text, labels: labels.map((label) => names[(names.indexOf(label) + 1) % 3]) }))),
  );
  const output = at('silent.json');
  const { code, stdout } = await tune('--data', wrong, '--output', output, '--quiet');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^error among the answers +\d\.\d{3} +\d\.\d{3} +-$/m);
  expect(stdout).toMatch(/^after: nothing is answered, so there is no error to tell$/m);
  const { measured } = JSON.parse(readFileSync(output, 'utf8'));
  expect(measured.after).toMatchObject({ answered: 0, error: null, errorAtMost: null });
  expect(measured.abstain.answered).toBeLessThan(measured.before.answered);
  const { records } = await predict(data, '--thresholds', output, '--abstain', '--quiet');
  expect(records.every(({ labels }) => labels.length === 0)).toBe(true);
});

const predict = async (...args: string[]) => {
  const { code, stdout, stderr } = await callGlz(['predict', '--threads', '1', ...args]);
  return {
    code,
    stderr,
    records: stdout
      ? stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [],
  };
};

it('the file has what was fitted, and lowers what it should', () => {
  const { labels, temperature, abstain, measured, checkpoint } = JSON.parse(readFileSync(file, 'utf8'));
  expect(labels).toEqual(['billing', 'bug report', 'delivery']);
  expect(temperature).toBeGreaterThan(0);
  expect(checkpoint).toMatch(/^[0-9a-f]{64}$/);
  expect(abstain.below).toBe(0.5);
  expect(measured.after.brier).toBeLessThanOrEqual(measured.before.brier);
  expect(measured.after.error).toBeLessThan(measured.before.error);
  expect(measured.after.error).toBeLessThanOrEqual(measured.after.errorAtMost);
});

it('predict takes labels, temperature and level from it', async () => {
  const { code, records } = await predict(data, '--thresholds', file, '--abstain', '--quiet');
  expect(code).toBe(0);
  const named = (record: { true_labels: string[]; labels: string[] }) => [record.true_labels[0], record.labels[0]];
  const right = records.filter((record) => named(record)[0] === named(record)[1]).length;
  expect(right).toBeGreaterThanOrEqual(65);
  expect(records[0].fit).toBeGreaterThan(0.5);
  expect(records[79]).toMatchObject({ true_labels: [], labels: [], scores: [] });
  // A level of one's own goes before the file's; without --abstain there is always a label.
  const all = await predict('--text', rows[79].text, '--thresholds', file);
  expect(all.records[0].labels).toHaveLength(3);
  expect(all.records[0].fit).toBeUndefined();
  const low = await predict('--text', rows[79].text, '--thresholds', file, '--abstain-below', '0');
  expect(low.records[0].labels).toHaveLength(3);
  const plain = await predict('--text', rows[0].text, '--labels', 'delivery,billing,bug report');
  const tuned = await predict('--text', rows[0].text, '--labels', 'delivery,billing,bug report', '--thresholds', file);
  expect(tuned.records[0].labels[0]).toBe(plain.records[0].labels[0]);
  expect(tuned.records[0].scores[0]).not.toBeCloseTo(plain.records[0].scores[0], 3);
});

it('a record whose own candidates are others than those of the thresholds is malformed, unless labels are named for all', async () => {
  const own = at('own.jsonl');
  const [text] = TEXTS.billing;
  const same = ['delivery', 'bug report', 'billing'];
  writeFileSync(
    own,
    lines([same, ['billing', 'delivery'], null, [...same, 'praise']].map((candidate_labels) => ({ text, candidate_labels }))),
  );
  const args = [own, '--checkpoint', tiny.checkpoint, '--thresholds', tiny.file];
  const { code, records, stderr } = await predict(...args);
  expect([code, records.length]).toEqual([0, 2]);
  expect(records[0].scores).toEqual(records[1].scores);
  expect(stderr).toMatch(
    /skipped: .*own\.jsonl, line 2, field "candidate_labels": .* fitted to other labels: "bug report" is missing here; give --labels/,
  );
  expect(stderr).toMatch(/line 4, field "candidate_labels": .* it does not know "praise" as it is given here/);
  expect((await predict(...args, '--on-error', 'fail', '--quiet')).code).toBe(1);
  expect((await predict(...args, '--labels', same.join(','), '--quiet')).records).toHaveLength(4);
});

it('predict reads it also where an editor has put a byte order mark in front', async () => {
  writeFileSync(at('marked.json'), `\uFEFF${readFileSync(tiny.file, 'utf8')}`);
  const args = ['--text', 'x', '--checkpoint', tiny.checkpoint, '--thresholds'];
  const [plain, marked] = [await predict(...args, tiny.file), await predict(...args, at('marked.json'))];
  expect([marked.code, marked.records]).toEqual([0, plain.records]);
});

it('the library reads it too, and gives the same', async () => {
  const model = await GliZNet.load(undefined, { threads: 1 });
  try {
    const texts = [rows[0].text, rows[79].text];
    const [fitting, none] = await model.classify(texts, undefined, { thresholds: file, abstain: true });
    const { records } = await predict('--text', texts[0], '--thresholds', file, '--abstain');
    expect(fitting.labels).toEqual(records[0].labels);
    expect(fitting.fit).toBeCloseTo(records[0].fit, 4);
    expect(none).toMatchObject({ labels: [], scores: [] });
    await expect(model.classify(texts, ['a', 'b'], { thresholds: file })).rejects.toThrow(/fitted to other labels: it does not know "a"/);
    await expect(model.classify(texts, ['billing', 'delivery'], { thresholds: file })).rejects.toThrow(/"bug report" is missing here/);
    await expect(model.classify(texts, undefined, { thresholds: file, multiLabel: true })).rejects.toThrow(/fitted to one label a text/);
    await expect(model.classify(texts, [['a'], ['b']], { thresholds: file })).rejects.toThrow(/for one list of labels/);
    // A single label is scored by itself, and has a fit.
    const [one] = await model.classify(['Where is my parcel? It never came'], ['delivery'], { abstain: true });
    expect(one.labels).toEqual(['delivery']);
    expect(one.scores[0]).toBeLessThan(1);
    expect(await model.classify([rows[79].text], ['delivery'], { abstain: true })).toMatchObject([{ labels: [] }]);
  } finally {
    await model.dispose();
  }
});

it('several labels a text: each has a threshold', async () => {
  const both = at('several.jsonl');
  const several = rows.map((row, number) =>
    number % 2 ? row : { text: `${row.text}. ${TEXTS.delivery[number % 4]} it`, labels: [...new Set([...row.labels, 'delivery'])] },
  );
  writeFileSync(both, lines(several));
  const output = at('several.json');
  const { code, stdout } = await tune('--data', both, '--multi-label', '--output', output, '--quiet');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^F1 of all labels +0\.\d{3} +0\.\d{3}$/m);
  expect(JSON.parse(readFileSync(output, 'utf8')).thresholds).toHaveLength(3);
  const { records } = await predict(both, '--thresholds', output, '--quiet');
  const f1 = JSON.parse(readFileSync(output, 'utf8')).measured.after.microF1;
  expect(f1).toBeGreaterThan(0.6);
  expect(records.some(({ labels }) => labels.length > 1)).toBe(true);
});

writeFileSync(at('few.jsonl'), lines(rows.slice(0, 79)));
writeFileSync(at('two.jsonl'), lines([...rows, { text: 'x', labels: ['billing', 'delivery'] }]));
writeFileSync(at('no.jsonl'), lines([...rows, { text: 'x' }]));
it.each<[string, string[], number, RegExp]>([
  [
    'too few records',
    ['--data', at('few.jsonl')],
    1,
    /few\.jsonl has 79 labelled records; with fewer than 80 .*: label more, or use glz predict --abstain/,
  ],
  ['a record with two labels', ['--data', at('two.jsonl')], 1, /two\.jsonl, line 81 has 2 labels: give --multi-label/],
  ['a record without the field', ['--data', at('no.jsonl')], 1, /no\.jsonl, line 81: no field "labels"/],
  ['labels that are not candidates', ['--data', data, '--labels', 'billing,delivery'], 1, /line 41: the label "bug report" is none of the/],
  ['one label', ['--data', data, '--labels', 'billing'], 1, /nothing to choose between/],
  [
    'an error that cannot be shown',
    ['--data', data, '--max-error', '0.01'],
    1,
    /no level can be shown, by these 80 records, to keep the error at/,
  ],
  ['an error for several labels', ['--data', data, '--max-error', '0.1', '--multi-label'], 2, /--max-error is for one label a text/],
  ['no such data', ['--data', at('absent.jsonl')], 1, /absent\.jsonl/],
])('tune refuses %s, and writes nothing', async (_, args, expected, message) => {
  const output = at('refused.json');
  const { code, stderr, stdout } = await tune(...args, '--checkpoint', tiny.checkpoint, '--output', output, '--quiet');
  expect([code, stdout]).toEqual([expected, '']);
  expect(stderr).toMatch(message);
  expect(stderr.trim()).not.toContain('\n');
  expect(existsSync(output)).toBe(false);
});

const changed = (fields: object): string[] => {
  writeFileSync(at('changed.json'), JSON.stringify({ ...JSON.parse(readFileSync(tiny.file, 'utf8')), ...fields }));
  return ['--thresholds', at('changed.json')];
};
writeFileSync(at('broken.json'), '{');
it.each<[string, () => string[], number, RegExp]>([
  ['other labels', () => ['--labels', 'billing,other', '--thresholds', tiny.file], 2, /fitted to other labels: it does not know "other"/],
  ['fewer labels', () => ['--labels', 'billing,delivery', '--thresholds', tiny.file], 2, /"bug report" is missing here/],
  ['several labels a text', () => ['--multi-label', '--thresholds', tiny.file], 2, /fitted to one label a text/],
  ['another checkpoint', () => changed({ checkpoint: '0'.repeat(64) }), 2, /fitted with another checkpoint/],
  ['a wrong number', () => changed({ temperature: 0 }), 1, /changed\.json, field "temperature": /],
  ['too few thresholds', () => changed({ thresholds: [0.5] }), 1, /field "thresholds": must have one number for each label/],
  ['an unknown field', () => changed({ more: 1 }), 1, /changed\.json: .*"more"/],
  ['what is no JSON', () => ['--thresholds', at('broken.json')], 1, /broken\.json is not JSON/],
  ['no such file', () => ['--thresholds', at('absent.json')], 1, /cannot read .*absent\.json/],
  ['questions', () => ['--thresholds', tiny.file, '--questions', at('q.yaml')], 2, /--questions and --thresholds do not go together/],
])('predict refuses %s', async (_, args, expected, message) => {
  const { code, stderr, stdout } = await callGlz(['predict', '--text', 'x', '--checkpoint', tiny.checkpoint, ...args(), '--quiet']);
  expect([code, stdout]).toEqual([expected, '']);
  expect(stderr).toMatch(message);
  expect(stderr.trim()).not.toContain('\n');
});

it('another checkpoint is refused although it is whole', async () => {
  const { checkpoint } = tiny;
  const { code, stderr } = await callGlz(['predict', '--text', 'x', '--thresholds', file, '--checkpoint', checkpoint, '--quiet']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/fitted with another checkpoint or precision: run glz tune with this one/)]);
});

it('predict --abstain: a field "fit" of the record gets another name, tables have a column', async () => {
  const input = at('in.csv');
  writeFileSync(input, 'text,fit\nWhere is my parcel? It never came,tight\nMozart wrote it in Vienna,loose\n');
  const output = at('out.csv');
  const { code } = await callGlz([
    'predict',
    input,
    '--threads',
    '1',
    '--labels',
    'billing,delivery',
    '--abstain',
    '--output',
    output,
    '--quiet',
  ]);
  expect(code).toBe(0);
  const [head, first, second] = readFileSync(output, 'utf8').trim().split('\n');
  expect(head).toBe('text,input_fit,fit,label,score');
  expect(first).toMatch(/^Where is my parcel\? It never came,tight,0\.\d+,delivery,0\.\d+$/);
  expect(second).toMatch(/^Mozart wrote it in Vienna,loose,0\.\d+,,$/);
});

it('reads stdin, and a file of which nothing says the format, by their first line', async () => {
  const few = lines(rows.slice(0, 5));
  const said = / has 5 labelled records; with fewer than 80 what is fitted is chance/;
  const piped = await callGlz(['tune', '--data', '-', '--output', at('few.json')], { input: few });
  expect([piped.code, piped.stderr]).toEqual([1, expect.stringMatching(new RegExp(`^glz: stdin${said.source}`))]);
  writeFileSync(at('unnamed'), few);
  expect((await callGlz(['tune', '--data', at('unnamed'), '--output', at('few.json')])).stderr).toMatch(said);
  expect(existsSync(at('few.json'))).toBe(false);
});
