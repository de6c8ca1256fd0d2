/** Data as other programs write it: folders of Hugging Face's datasets, pandas' lists, fastText, pairs of sentences. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DataError } from '../../../src/base/errors.ts';
import { datasetFiles, type Split } from '../../../src/data/labelled/dataset-files.ts';
import { type ExampleOptions, readExamples } from '../../../src/data/labelled/read-examples.ts';
import { parsePythonList } from '../../../src/data/python-list.ts';
import { findEvalSets, readEvalSet } from '../../../src/eval/sets/eval-set.ts';
import { ROOT, temporaryFolder } from '../../tiny-checkpoint.ts';

const FIXTURES = join(ROOT, 'tests/fixtures/data');
const fixture = (name: string) => join(FIXTURES, name);
const folder = temporaryFolder();
let files = 0;
/** Writes a file, in a folder of its own unless that is named. */
function file(name: string, content: string | Buffer, root = join(folder, `${files++}`)): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}
async function read(path: string, use: Split = 'train', options?: ExampleOptions): Promise<[text: string, labels: string[]][]> {
  const found: [string, string[]][] = [];
  for await (const { example } of readExamples(path, use, options)) found.push([example.text, example.labels]);
  return found;
}

const TRAIN = [
  ['my parcel never came', ['delivery']],
  ['I was charged twice', ['billing']],
  ['the app crashes', ['bug report']],
  ['thank you, great team', ['praise']],
  ['where is my order', ['delivery']],
  ['refund the payment', ['billing']],
];
const TEST = [
  ['error when I upload', ['bug report']],
  ['love the new design', ['praise']],
];

describe('data sets of Hugging Face', () => {
  it.each(['hf-parquet', 'hf-csv', 'hf-json'])('are read by their splits, with the names of their labels: %s', async (name) => {
    expect(await read(fixture(name))).toEqual(TRAIN);
    expect(await read(fixture(name), 'test')).toEqual(TEST);
    const set = await readEvalSet(fixture(name));
    expect([set.name, set.labels, set.texts.length, set.examples?.length]).toEqual([
      name,
      ['delivery', 'billing', 'bug report', 'praise'],
      2,
      6,
    ]);
    expect(findEvalSets(fixture(name))).toEqual([fixture(name)]);
    expect(datasetFiles(fixture(name), 'train').name).toBe(name);
  });

  it('are read a file at a time too, by what the folder above says', async () => {
    expect(await read(fixture('hf-parquet/data/train-00000-of-00002.parquet'))).toEqual(TRAIN.slice(0, 3));
    expect(await read(fixture('hf-csv/train.csv'))).toEqual(TRAIN);
    expect(await read(fixture('hf-json/test.json'))).toEqual(TEST);
    expect(datasetFiles(fixture('hf-parquet/data/test-00000-of-00001.parquet'), 'test').name).toBe('test');
    // Parquet says it by itself.
    cpSync(fixture('hf-parquet/data/test-00000-of-00001.parquet'), join(folder, 'alone.parquet'));
    expect(await read(join(folder, 'alone.parquet'))).toEqual(TEST);
    // Names that are given go before all others.
    expect((await read(fixture('hf-csv/train.csv'), 'train', { labelNames: 'a,b,c,d' }))[1]).toEqual(['I was charged twice', ['b']]);
    const list = file('names.txt', 'w\nx\ny\nz\n');
    expect((await read(fixture('hf-csv/train.csv'), 'train', { labelNames: list }))[1][1]).toEqual(['x']);
  });

  it('have several labels a text, in lists of Parquet, Python and numpy', async () => {
    const expected = [['delivery'], ['billing', 'bug report'], [], ['delivery', 'praise']];
    const labels = async (...args: Parameters<typeof read>) => (await read(...args)).map(([, each]) => each);
    expect(await labels(fixture('several.parquet'))).toEqual(expected);
    expect(await labels(fixture('several.csv'), 'train', { labelField: 'names' })).toEqual(expected);
    expect(await labels(fixture('several.csv'), 'train', { labelNames: ['delivery', 'billing', 'bug report', 'praise'] })).toEqual(
      expected,
    );
  });

  it('say what is wrong: Arrow, no split that serves, several data sets, nothing at all', async () => {
    expect(() => datasetFiles(fixture('hf-disk'), 'train')).toThrow(/hf-disk: Arrow files of datasets' save_to_disk.*to_parquet/);
    expect(() => datasetFiles(fixture('hf-disk/test'), 'test')).toThrow(/Arrow files/);
    const onlyTest = dirname(file('test.jsonl', '{}'));
    expect(() => datasetFiles(onlyTest, 'train')).toThrow(/has test and nothing to train on; name the files that serve/);
    const onlyTrain = dirname(file('data/train/a.csv', 'text,label\n'));
    expect(() => datasetFiles(dirname(onlyTrain), 'test')).toThrow(/has train and nothing to test with/);
    const several = dirname(
      file('README.md', '---\nconfigs:\n- config_name: a\n  data_files: a/*\n- config_name: b\n  data_files: b/*\n---\n'),
    );
    expect(() => datasetFiles(several, 'train')).toThrow(/several data sets \(a, b\); name the folder or the files of one/);
    const none = dirname(file('notes.md', ''));
    expect(() => datasetFiles(none, 'train')).toThrow(/a folder without data files \(\.parquet, \.jsonl/);
    expect(() => findEvalSets(none)).toThrow(/holds no evaluation sets/);
    await expect(read(join(folder, 'missing'))).rejects.toThrow('no such file');
    // A card that is no YAML, or none of a data set, says nothing.
    const broken = dirname(file('README.md', '---\n a: [\n---\n'));
    file('train.csv', 'text,label\na,x\nb,y\n', broken);
    expect(await read(broken)).toEqual([
      ['a', ['x']],
      ['b', ['y']],
    ]);
  });

  it('follow the patterns of their README.md, and of several configurations the one by default', async () => {
    const card = `---
dataset_info:
- config_name: en
  features:
  - {name: text, dtype: string}
  - name: label
    dtype: {class_label: {names: {'0': no, '1': yes}}}
- config_name: fr
  features:
  - name: label
    dtype: {class_label: {names: [non, oui]}}
configs:
- config_name: en
  default: true
  data_files:
  - split: train
    path: ["en/**/part-{1,2}.jsonl", "../*", "("]
  - split: validation
    path: en/dev.jsonl
- config_name: fr
  data_files: fr/*.jsonl
---
`;
    const root = dirname(file('README.md', card));
    for (const [at, name] of ['en/x/part-1.jsonl', 'en/y/z/part-2.jsonl', 'en/part-3.jsonl', 'fr/train.jsonl', 'en/dev.jsonl'].entries())
      file(name, `{"text":"t${at}","label":${at % 2}}\n`, root);
    expect(await read(root)).toEqual([
      ['t0', ['no']],
      ['t1', ['yes']],
    ]);
    expect(await read(root, 'test')).toEqual([['t4', ['no']]]);
    // A configuration's own folder has its own names.
    expect(await read(join(root, 'fr'))).toEqual([['t3', ['oui']]]);
    rmSync(join(root, 'en'), { recursive: true });
  });

  it('beside each other are sets each', async () => {
    const root = join(folder, 'sets');
    for (const name of ['hf-csv', 'hf-json']) cpSync(fixture(name), join(root, name), { recursive: true });
    expect(findEvalSets(root)).toEqual([join(root, 'hf-csv'), join(root, 'hf-json')]);
  });
});

describe('integer labels', () => {
  const rows = '{"text":"a","label":0}\n{"text":"b","label":1}\n';

  it('are what labels.json lists, where nothing else says it', async () => {
    const test = file('test.jsonl', rows);
    file('labels.json', '["no","yes","never seen"]', dirname(test));
    const set = await readEvalSet(dirname(test));
    expect([set.labels, set.truth]).toEqual([
      ['no', 'yes', 'never seen'],
      [['no'], ['yes']],
    ]);
    // The same of names that are given.
    expect((await readEvalSet(file('own.jsonl', rows), { labelNames: 'x,y,z' })).labels).toEqual(['x', 'y', 'z']);
  });

  it('have their text beside them in the sets of SetFit', async () => {
    expect(await read(file('a.jsonl', '{"text":"a","label":3,"label_text":"sad"}\n'))).toEqual([['a', ['sad']]]);
  });

  it.each([
    [rows, {}, 'line 1, field "label": the label is a number, 0; say what the numbers stand for with --label-names a,b,c'],
    [rows, { labelNames: 'x' }, 'line 2, field "label": 1 has no name; there are 1, for 0 to 0'],
    ['{"text":"a","labels":[-1]}\n', { labelNames: 'x' }, 'field "labels": -1, which says that the text has no label'],
  ])('without a name are named: %j %j', async (content, options, message) => {
    await expect(read(file('a.jsonl', content), 'train', options)).rejects.toThrow(message);
    const bad: string[] = [];
    await read(file('a.jsonl', content), 'train', { ...options, onBad: (error) => bad.push(error.message) });
    expect(bad[0]).toContain(message);
  });
});

describe('other forms', () => {
  it('Python lists are read as Python and numpy print them, and nothing else is', () => {
    expect(parsePythonList(`['a', "b's", 'c\\'d', 'e\\n\\x41\\u00e9', ' f, g ']`)).toEqual(['a', "b's", "c'd", 'e\nA\u00e9', ' f, g ']);
    expect(parsePythonList("['a' 'b'\n 'c']")).toEqual(['a', 'b', 'c']);
    expect(parsePythonList('[0, -2]')).toEqual([0, -2]);
    expect(parsePythonList("['a',]")).toEqual(['a']);
    expect(parsePythonList('[]')).toEqual([]);
    for (const text of ["['a', b]", "['a'", '[nan]', '[1.5]', "['a', ...]", "['a' 'b', 'c']", '[,]'])
      expect(parsePythonList(text)).toBeUndefined();
  });

  it('fastText has its labels in front of the text, whatever the file is called', async () => {
    const text = '__label__sad __label__very_angry  the bus was late\n__label__glad thanks\n';
    const expected = [
      ['the bus was late', ['sad', 'very_angry']],
      ['thanks', ['glad']],
    ];
    for (const name of ['own.train', 'own.txt']) expect(await read(file(name, text))).toEqual(expected);
    expect(await read(file('own.valid.gz', gzipSync(text)), 'test')).toEqual(expected);
    await expect(read(file('own.train', 'no label\n'))).rejects.toThrow(/the format cannot be told from the name; end it in \.jsonl/);
    await expect(read(file('own.txt', '__label__a one\nno label\n'))).rejects.toThrow(/line 2: no field "labels"/);
  });

  it('pairs of a text and its hypotheses become one example with candidates', async () => {
    const set = await readEvalSet(fixture('pairs.parquet'));
    expect([set.texts.length, set.labels.length, set.recordLabels, set.multiLabel]).toEqual([8, 4, undefined, false]);
    expect(set.truth.slice(0, 2)).toEqual([['This text is about delivery.'], ['This text is about billing.']]);
    const own = await readEvalSet(fixture('pairs.parquet'), { recordLabels: true });
    expect(own.recordLabels![0]).toEqual(set.labels);
    // A text that comes twice in a row is two examples; other names of the numbers say which of them follows.
    const pair = (text: string, hypothesis: string, label: unknown) => JSON.stringify({ text, hypothesis, label });
    const twice = [pair('a', 'x', 1), pair('a', 'y', 0), pair('a', 'x', 0), pair('a', 'y', '1')].join('\n');
    expect(await read(file('a.jsonl', twice))).toEqual([
      ['a', ['x']],
      ['a', ['y']],
    ]);
    const info = file('dataset_infos.json', '{"d":{"features":{"label":{"_type":"ClassLabel","names":["entailment","not_entailment"]}}}}');
    expect((await read(file('a.jsonl', twice, dirname(info))))[0]).toEqual(['a', ['y']]);
    await expect(read(file('a.jsonl', `${pair('a', 'x', 1)}\n${pair('b', 'x', 1)}\n`))).rejects.toThrow(
      /line 1: a text with one hypothesis/,
    );
    await expect(read(file('a.jsonl', pair('a', 'x', 1)))).rejects.toThrow(DataError);
  });
});
