/** `glz predict --explain` and `explain: true` of the library: what comes out, where, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Explanation } from '../../../src/classify/library-types.ts';
import { explainedText } from '../../../src/cli/predict/explained-text.ts';
import { GliZNet } from '../../../src/index.ts';
import { callGlz } from '../../call-glz.ts';
import { TINY_LATE, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const folder = temporaryFolder();
const TEXT = 'I was charged twice, please 😀 refund it!';
const LABELS = ['billing', 'delivery', 'praise', 'bug report'];
const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Checks that explanations are of the text, and add up. */
function check(text: string, labels: readonly string[], explanations: readonly Explanation[], method = 'exact'): void {
  expect(explanations.map(({ label }) => label)).toEqual(labels.slice(0, 3));
  for (const { words, bias, logit, method: own } of explanations) {
    expect(own).toBe(method);
    let last = 0;
    for (const { word, start, end } of words) {
      expect(text.slice(start, end)).toBe(word);
      expect(start).toBeGreaterThanOrEqual(last);
      last = end;
    }
    expect(Math.abs(bias + words.reduce((sum, { score }) => sum + score, 0) - logit)).toBeLessThan(1e-4);
  }
}

describe('the library', () => {
  let model: GliZNet;
  beforeAll(async () => {
    model = await GliZNet.load(undefined, { threads: 1 });
  });
  afterAll(() => model.dispose());

  it('explains the best three labels, or as many as are reported', async () => {
    const texts = [TEXT, '', `${TEXT} `.repeat(60)];
    const results = await model.classify(texts, LABELS, { explain: true });
    const logits = await model.logits(texts, LABELS);
    for (const [at, { labels, explanations }] of results.entries()) {
      check(texts[at], labels, explanations!);
      for (const { label, logit, bias } of explanations!) {
        expect(logit).toBeCloseTo(logits[at][LABELS.indexOf(label)], 4);
        // What the similarity adds whatever the text says.
        if (at !== 1) expect(bias).toBeCloseTo(results[0].explanations![0].bias, 4);
      }
    }
    expect(results[0].explanations![0].label).toBe('billing');
    expect(['charged', 'refund']).toContain([...results[0].explanations![0].words].sort((a, b) => b.score - a.score)[0].word);
    expect(results[1].explanations![0].words).toEqual([]);
    const [plain] = await model.classify([TEXT], LABELS);
    expect(plain).toEqual({ labels: results[0].labels, scores: results[0].scores });
    const [few] = await model.classify([TEXT], LABELS, { explain: true, topK: 1 });
    expect(few.explanations!.map(({ label }) => label)).toEqual(few.labels);
    const [none] = await model.classify([TEXT], LABELS, { explain: true, threshold: 1, multiLabel: true });
    expect([none.labels, none.explanations]).toEqual([[], []]);
    await expect(model.classify([TEXT], LABELS, { explain: 'yes' as unknown as boolean })).rejects.toThrow(
      'explain must be true or false, not "yes"',
    );
  });

  it('explains labels in levels by the names that they are reported with, also one that stands at several places', async () => {
    const tree = ['money', 'goods', 'praise'].map((label) => ({ label, children: ['other'] }));
    const [{ labels, explanations }] = await model.classify([TEXT], tree, { explain: true });
    expect([...labels].sort()).toEqual(['goods > other', 'money > other', 'praise > other']);
    check(TEXT, labels, explanations!);
    expect(new Set(explanations!.map(({ logit }) => logit)).size).toBe(3);
    for (const label of ['other', 'money']) {
      const same = [{ label: 'money', children: [label] }, { label: 'goods' }];
      const [{ labels: path, explanations: own }] = await model.classify([TEXT], same, { explain: true, levels: 'path' });
      expect(path).toEqual(['money', label]);
      check(TEXT, path, own!);
    }
  });

  it('explains the logits that scores are made of: of the best window, and balanced ones', async () => {
    const text = `${TEXT} ${'The weather is fine today. '.repeat(120)}`;
    const [multi] = await model.classify([text], LABELS, { explain: true, multiLabel: true });
    check(text, multi.labels, multi.explanations!);
    const [best] = multi.explanations!;
    const [{ explanations: averaged }] = await model.classify([text], LABELS, { explain: true });
    expect(best.logit).toBeGreaterThan(averaged!.find(({ label }) => label === best.label)!.logit);
    expect(best.words.filter(({ score }) => score === 0).length).toBeGreaterThan(best.words.length / 4);
    expect(averaged![0].words.map(({ word }) => word)).toEqual(best.words.map(({ word }) => word));

    const balanced = await model.classify([TEXT, 'It never came', 'Thank you'], LABELS, { explain: true, balance: 0.7 });
    const raw = await model.logits([TEXT], LABELS);
    check(TEXT, balanced[0].labels, balanced[0].explanations!);
    const [first] = balanced[0].explanations!;
    expect(Math.abs(first.logit - raw[0][LABELS.indexOf(first.label)])).toBeGreaterThan(0.1);
  });
});

it('explains the logit of each label in levels, and of a label that says more than a word', async () => {
  const labels = join(folder, 'levels.json');
  writeFileSync(labels, JSON.stringify({ money: { refund: 'the customer wants money back', invoice: null }, parcel: { late: null } }));
  const args = ['predict', '--text', TEXT, '--labels-file', labels, '--levels', 'path', '--threads', '1', '--explain', '--quiet'];
  const [{ labels: path, explanations }] = parse((await callGlz(args)).stdout);
  expect(path).toEqual(['money', 'refund']);
  check(TEXT, path, explanations);
});

it('writes explanations into JSONL, beside records that have some', async () => {
  const input = join(folder, 'in.jsonl');
  const records = [
    { id: 1, text: TEXT, explanations: 'old', candidate_labels: ['billing', 'praise'] },
    { id: 2, text: ' ', candidate_labels: ['billing', 'praise'] },
    { id: 3, text: 'It never came', candidate_labels: ['delivery'] },
  ];
  writeFileSync(input, `${records.map((each) => JSON.stringify(each)).join('\n')}\n`);
  const output = join(folder, 'out.jsonl.gz');
  const args = ['predict', input, '--checkpoint', await writeTinyCheckpoint(TINY_LATE), '--threads', '1', '--explain', '--quiet'];
  const { code } = await callGlz([...args, '--output', output]);
  expect(code).toBe(0);
  const shown = await callGlz(args);
  const [one, two, three] = parse(shown.stdout);
  expect(one).toMatchObject({ id: 1, input_explanations: 'old' });
  for (const each of [one, two, three]) check(each.text, each.labels, each.explanations);
  expect([two.labels, two.explanations]).toEqual([[], []]);
  expect(readFileSync(output).subarray(0, 2)).toEqual(Buffer.of(0x1f, 0x8b));
});

it('explains by leaving words out where the model reads labels with the text', async () => {
  const checkpoint = await writeTinyCheckpoint();
  const { stdout } = await callGlz([
    ...['predict', '--text', 'draw the red house', '--labels', 'animal,house'],
    ...['--checkpoint', checkpoint, '--threads', '1', '--explain', '--quiet'],
  ]);
  const [{ labels, explanations }] = parse(stdout);
  check('draw the red house', labels, explanations, 'occlusion');
});

it.each([
  ['a table', ['--output', join(folder, 'out.csv')], /^glz: --explain gives each text a list of words, for which a table has no columns/],
  ['a table on stdout', ['--output-format', 'tsv'], /^glz: --explain gives each text a list/],
])('refuses %s', async (_, args, message) => {
  const { code, stderr, stdout } = await callGlz(['predict', '-', '--labels', 'a,b', '--explain', ...args], { input: 'text\n' });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

it('refuses questions beside it', async () => {
  const { code, stderr } = await callGlz(['predict', '--text', 'x', '--questions', 'q.yaml', '--explain']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^glz: --questions and --explain do not go together/)]);
});

describe('at a terminal', () => {
  const text = 'Not \u001b[2J good,\nat all';
  const wordsOf = (scores: number[]) =>
    ['Not', 'good', 'at'].map((word, at) => ({
      word,
      start: text.indexOf(word),
      end: text.indexOf(word) + word.length,
      score: scores[at],
    }));
  const explanation = (label: string, scores: number[], method: Explanation['method'] = 'exact'): Explanation => ({
    ...{ label, bias: -2, logit: -2 + scores.reduce((a, b) => a + b), method, words: wordsOf(scores) },
  });

  it('words that decided are in colour, the text of others does nothing', () => {
    const both = [explanation('fine\n', [-0.5, 1, 0.1]), explanation('poor', [2, 0, 0])];
    const lines = explainedText(text, both, { hasColours: true, isChoice: false }).split('\n');
    expect(lines.slice(0, 2)).toEqual(['\u001b[31mNot\u001b[0m \\u001b[2J \u001b[1m\u001b[32mgood\u001b[0m,', 'at all']);
    expect(lines.slice(3)).toEqual([
      'what words add (-2.00 without any):',
      'fine\\n  -1.40: good +1.00, Not -0.50, at +0.10',
      'poor    +0.00: Not +2.00, good +0.00, at +0.00',
      '',
    ]);
    const choice = explainedText(text, both, { hasColours: true, isChoice: true }).split('\n');
    expect(choice.slice(0, 4)).toEqual([
      '\u001b[1m\u001b[31mNot\u001b[0m \\u001b[2J \u001b[32mgood\u001b[0m,',
      'at all',
      '',
      'fine\\n rather than poor: Not -2.50, good +1.00, at +0.10',
    ]);
    expect(choice.slice(5)).toEqual(lines.slice(3));
  });

  it('has no colours where none are wanted, says how it was found, and nothing of no labels', () => {
    const plain = explainedText(text, [explanation('fine', [0, 0, 0], 'occlusion')], { hasColours: false, isChoice: true });
    expect(plain).not.toContain('\u001b');
    expect(plain).toContain('how much less without a word:');
    expect(explainedText(text, [], { hasColours: true, isChoice: true })).toBe('');
  });
});
