/** Evaluation sets and suites: what is read, and what is said of every malformed file. */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findEvalSets, readEvalSet, readEvalSets, spreadRows } from '../../../src/eval/sets/eval-set.ts';
import { loadSuite } from '../../../src/eval/sets/suite.ts';
import { plainRecords, temporaryFolder, writeSet } from './write-set.ts';

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));
const labels = ['sports', 'politics'];
const plain = writeSet(root, 'plain', plainRecords(labels, 10), labels);
const file = (name: string, content: string | Buffer): string => {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
};

describe('a set', () => {
  it('is a folder of texts and labels', async () => {
    const set = await readEvalSet(plain);
    expect(set).toMatchObject({ name: 'plain', labels, multiLabel: false, available: 10 });
    expect(set.texts).toHaveLength(10);
    expect(set.truth[1]).toEqual(['politics']);
    expect(set.recordLabels).toBeUndefined();
  });

  it('is limited by rows spread over the file', async () => {
    expect(spreadRows(10, 4)).toEqual([0, 2, 5, 7]);
    expect(spreadRows(3, 10)).toEqual([0, 1, 2]);
    const set = await readEvalSet(plain, { limit: 4 });
    expect(set.texts).toEqual([0, 2, 5, 7].map((i) => `text ${i} about ${labels[i % 2]}`));
    expect(set.available).toBe(10);
    expect(set.hash).not.toBe((await readEvalSet(plain)).hash);
  });

  it('may be one file, compressed or a table, with candidates of its own', async () => {
    const own = [
      { sentence: 'a', true_labels: ['x'], all_labels: ['x', 'y'] },
      { sentence: 'b', true_labels: ['z'], all_labels: ['z', 'x'] },
    ];
    const zipped = file('own.jsonl.gz', gzipSync(own.map((record) => JSON.stringify(record)).join('\n')));
    expect(await readEvalSet(zipped)).toMatchObject({
      name: 'own',
      labels: ['x', 'y', 'z'],
      recordLabels: [
        ['x', 'y'],
        ['z', 'x'],
      ],
    });
    const table = file('table.csv', 'text,labels\n"one, two",x|y\nthree,x\n');
    expect(await readEvalSet(table)).toMatchObject({ texts: ['one, two', 'three'], truth: [['x', 'y'], ['x']], multiLabel: true });
  });

  it.each([
    ['not JSON', '{"text": "a", "labels": ["sports"]}\n{oops\n', /test\.jsonl, line 2: not JSON/],
    ['no labels', '{"text": "a"}\n', /line 1: no field "labels"/],
    ['an unknown label', '\n{"text": "a", "labels": ["music"]}\n', /line 2: the label "music" is not in .*labels\.json/],
    ['an empty text', '{"text": " ", "labels": ["sports"]}\n', /line 1: field "text" is empty/],
    ['nothing', '\n', /holds no records/],
  ])('with %s is refused with file and line', async (_, content, message) => {
    const folder = writeSet(root, 'bad', [], labels);
    writeFileSync(join(folder, 'test.jsonl'), content);
    await expect(readEvalSet(folder)).rejects.toThrow(message);
  });

  it('with broken labels.json, without own candidates, or that is not there is refused', async () => {
    const folder = writeSet(root, 'labels', plainRecords(labels, 2), labels);
    await expect(readEvalSet(folder, { recordLabels: true })).rejects.toThrow(/no record has candidates of its own/);
    writeFileSync(join(folder, 'labels.json'), '{"a": 1}');
    await expect(readEvalSet(folder)).rejects.toThrow(/labels\.json, "a" must be a description, or a list/);
    writeFileSync(join(folder, 'labels.json'), '["a", "a"]');
    await expect(readEvalSet(folder)).rejects.toThrow(/label "a" occurs twice/);
    expect(() => findEvalSets(join(root, 'nowhere'))).toThrow(/cannot read .*nowhere/);
    expect(() => findEvalSets(writeSet(join(root, 'deep'), 'a/b', [], labels).replace(/b$/, '..'))).toThrow(/holds no evaluation sets/);
  });

  it('is found in a folder of sets', async () => {
    const parent = join(root, 'many');
    writeSet(parent, 'b', plainRecords(labels, 2), labels);
    writeSet(parent, 'a', plainRecords(labels, 2), labels);
    expect((await readEvalSets(parent)).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('a suite', () => {
  const hash = createHash('sha256')
    .update(readFileSync(join(plain, 'test.jsonl')))
    .digest('hex');
  const suite = (text: string) => file('suite.yaml', text);

  it('names sets, hashes, templates, wordings and paraphrases', async () => {
    const sets = await loadSuite(
      suite(`
template: About {}.
limit: 6
sets:
  - name: news
    path: plain
    licence: CC0-1.0
    sha256: { test.jsonl: ${hash} }
    labels: { sports: athletics }
    paraphrases: { formal: { politics: government } }
`),
    );
    expect(sets.map(({ name, labels: names, template, texts }) => [name, names, template, texts.length])).toEqual([
      ['news', ['athletics', 'politics'], 'About {}.', 6],
      ['news~formal', ['athletics', 'government'], 'About {}.', 6],
    ]);
    expect(sets[1].paraphraseOf).toBe('news');
    expect(sets[0].licence).toBe('CC0-1.0');
  });

  it('takes a wording whatever it is called', async () => {
    const sets = await loadSuite(suite('sets: [{name: news, path: plain, paraphrases: {__proto__: {politics: government}}}]'));
    expect(sets.map(({ name, labels }) => [name, labels[1]])).toEqual([
      ['news', 'politics'],
      ['news~__proto__', 'government'],
    ]);
  });

  it.each([
    ['a wording that is none', 'sets: [{name: a, path: plain, labels: {sports: 3}}]', /sets\.0\.labels\.sports: /],
    ['no object of wordings', 'sets: [{name: a, path: plain, labels: [x]}]', /sets\.0\.labels: must be an object/],
    ['no set', 'sets: []', /suite\.yaml: sets: /],
    ['a misspelt field', 'sets: [{name: a, path: plain, tempalte: x}]', /suite\.yaml: sets\.0: Unrecognized key: "tempalte"/],
    ['a template without a place', 'sets: [{name: a, path: plain, template: x}]', /sets\.0\.template/],
    ['another file', `sets: [{name: a, path: plain, sha256: {test.jsonl: ${'a'.repeat(64)}}}]`, /is not the file that .* names: sha256/],
    ['a wording of no label', 'sets: [{name: a, path: plain, labels: {music: x}}]', /the label wording names "music"/],
    ['one word for two labels', 'sets: [{name: a, path: plain, labels: {sports: politics}}]', /two labels of .* the same name/],
    ['no YAML', 'sets: [', /not YAML/],
  ])('with %s is refused', async (_, text, message) => {
    await expect(loadSuite(suite(text))).rejects.toThrow(message);
  });
});
