/** Labels that say more than a word, in the command and in the library: descriptions, levels; and what is refused of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GliZNet } from '../../../src/index.ts';
import { callGlz } from '../../call-glz.ts';
import { TINY_LATE, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const folder = temporaryFolder();
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
/** Of a model that is loaded in no time, for what does not depend on how good it is. */
let tiny: string[] = [];
beforeAll(async () => {
  tiny = ['--checkpoint', await writeTinyCheckpoint(TINY_LATE), '--threads', '1'];
});
const DESCRIBED = { A: 'a parcel, a courier, a delivery', B: 'an invoice, a refund, money' };
const TREE = { complaint: { delivery: 'the parcel came late or never', billing: null }, praise: null };
const TEXT = 'My parcel never came';

it('descriptions decide where names say nothing; the result has the names', async () => {
  const labels = file('labels.yaml', 'A: a parcel, a courier, a delivery\nB: an invoice, a refund, money\n');
  const records = file('in.jsonl', `{"text":"${TEXT}"}\n{"text":"I was charged twice on my card"}\n`);
  const { code, stdout } = await callGlz(['predict', '--threads', '1', records, '--labels-file', labels, '--top-k', '1']);
  expect(code).toBe(0);
  expect(parse(stdout).map((record) => record.labels)).toEqual([['A'], ['B']]);
  const one = await callGlz(['predict', '--threads', '1', '--text', TEXT, '--labels', JSON.stringify(DESCRIBED)]);
  const [{ labels: names, scores }] = parse(one.stdout);
  expect(names).toEqual(['A', 'B']);
  // A record's own candidates, the library and the command give the same.
  const own = file('own.jsonl', `${JSON.stringify({ text: TEXT, candidate_labels: DESCRIBED })}\n`);
  expect(parse((await callGlz(['predict', '--threads', '1', own])).stdout)[0].scores).toEqual(scores);
  const model = await GliZNet.load(undefined, { threads: 1 });
  const list = Object.entries(DESCRIBED).map(([label, description]) => ({ label, description }));
  expect((await model.classify([TEXT], list))[0]).toMatchObject({ labels: names, scores });
  const [learned] = await model.classify([TEXT], ['B', { label: 'A', examples: ['Where is my parcel?', 'The courier was late'] }]);
  expect(learned.labels[0]).toBe('A');
  await model.dispose();
});

it('labels in levels come out with the path', async () => {
  const labels = file('tree.json', JSON.stringify(TREE));
  const records = file('tree.jsonl', `{"text":"${TEXT}","path":"mine"}\n{"text":" "}\n`);
  const { stdout } = await callGlz(['predict', '--threads', '1', records, '--labels-file', labels]);
  const [record, blank] = parse(stdout);
  expect(record).toMatchObject({
    input_path: 'mine',
    path: ['complaint', 'delivery'],
    labels: ['delivery', expect.anything(), expect.anything()],
  });
  expect(record.scores.reduce((sum: number, score: number) => sum + score, 0)).toBeCloseTo(1, 4);
  expect(record.path_scores[0] * record.path_scores[1]).toBeCloseTo(record.joint, 4);
  expect(blank).toMatchObject({ path: [], labels: [], scores: [] });
  const path = await callGlz(['predict', '--threads', '1', '--text', TEXT, '--labels-file', labels, '--levels', 'path']);
  expect(parse(path.stdout)[0]).toMatchObject({ labels: ['complaint', 'delivery'], scores: record.path_scores });
  const csv = join(folder, 'tree.csv');
  expect((await callGlz(['predict', records, '--labels-file', labels, '-o', csv, ...tiny])).code).toBe(0);
  expect(readFileSync(csv, 'utf8').split('\n')[0]).toBe('text,input_path,path,path_scores,joint,label,score');
  const model = await GliZNet.load(undefined, { threads: 1 });
  const children = [{ label: 'complaint', children: [{ label: 'delivery', description: TREE.complaint.delivery }, 'billing'] }, 'praise'];
  const [all] = await model.classify([TEXT], children, { levels: 'all' });
  expect(all).toMatchObject({ path: record.path, joint: record.joint });
  expect([...all.labels].sort()).toEqual(['billing', 'complaint', 'delivery', 'praise']);
  // Equal names below equal names, and names that differ in case alone.
  const alike = [
    { label: 'goods', children: [{ label: 'delivery', children: ['other'] }] },
    { label: 'money', children: [{ label: 'Delivery', children: ['Other', 'fee'] }] },
  ];
  const [{ labels: leaves }] = await model.classify([TEXT], alike);
  expect([...leaves].sort()).toEqual(['Other', 'fee', 'other']);
  await expect(model.classify([TEXT], [{ label: 'a', children: ['Other', 'other'] }])).rejects.toThrow(/"Other" and "other" are the same/);
  await expect(model.classify([TEXT], children, { balance: 0.7 })).rejects.toThrow(/balance is for one list of labels/);
  await model.dispose();
});

it.each([
  [['--labels', '{"a":3,"b":null}'], /^glz: --labels, "a" must be a description, or a list or object of labels/],
  [['--labels', '[{"label":"a","colour":"red"},"b"]'], /^glz: --labels: label 1 has "colour"; there are label, description/],
  [['--labels', '{"a":["b"],"c":["b"]}', '--levels', 'up'], /^glz: .*--levels/],
])('refuses %j', async (flags, message) => {
  const { code, stderr, stdout } = await callGlz(['predict', '--threads', '1', '--text', TEXT, ...flags]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

it('refuses the name of a file in --labels, unless a JSON list says that it is a label', async () => {
  const yaml = file('five.yaml', '- sport\n- law\n');
  for (const [given, said] of [
    [yaml, 'is'],
    ['missing.txt', 'looks like'],
  ]) {
    const { code, stderr } = await callGlz(['predict', '--threads', '1', '--text', TEXT, '--labels', given]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(`${said} the name of a file: did you mean --labels-file\\?`)]);
  }
  const { code, stdout } = await callGlz(['predict', '--text', TEXT, '--labels', '["five.yaml"]', ...tiny]);
  expect([code, parse(stdout)[0].labels]).toEqual([0, ['five.yaml']]);
});

it('refuses a description or an example of which the model reads nothing, and names it', async () => {
  const described = { film: '👍 👍', bank: 'money' };
  const byExample = file('example.json', '[{"label":"film","description":"cinema","examples":["a western","👎"]},"bank"]');
  const byDescription = file('described.json', JSON.stringify(described));
  const joint = await writeTinyCheckpoint();
  for (const [args, expected, message] of [
    [
      ['--labels-file', byDescription, ...tiny],
      1,
      /^glz: .*described\.json: the model can read nothing of the description of the label "film"/,
    ],
    [['--labels-file', byDescription, '--checkpoint', joint], 1, /described\.json: the model can read nothing of the description of/],
    [
      ['--labels-file', byExample, ...tiny],
      1,
      /^glz: .*example\.json: the model can read nothing of example 2 of the label "film": write it in a/,
    ],
    [['--labels', JSON.stringify(described), ...tiny], 1, /^glz: the model can read nothing of the description of the label "film"/],
  ] as const) {
    const { code, stderr, stdout } = await callGlz(['predict', '--threads', '1', '--text', TEXT, ...args, '--quiet']);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trim()).not.toContain('\n');
  }
  const records = file('own.jsonl', `${JSON.stringify({ text: TEXT, candidate_labels: described })}\n`);
  const { stderr } = await callGlz(['predict', records, ...tiny]);
  expect(stderr).toMatch(/own\.jsonl, line 1, field "candidate_labels": the model can read nothing of the description of the label "film"/);
});

it('refuses columns and balance of labels in levels', async () => {
  const records = file('in.jsonl', `{"text":"${TEXT}"}\n`);
  const labels = file('tree.json', JSON.stringify(TREE));
  for (const more of [['--wide', '-o', join(folder, 'wide.csv')], ['--balance']]) {
    const { code, stderr } = await callGlz(['predict', records, '--labels-file', labels, ...more, ...tiny]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is for one list of labels, not for labels in levels/);
  }
});
