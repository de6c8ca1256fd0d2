/** Evaluations from sets to results: cache, interruption, failures, gates, tables, CSV, comparison and report. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { compareFiles } from '../../../src/eval/report/compare-files.ts';
import { failedGates, parseGate } from '../../../src/eval/report/gates.ts';
import { reportHtml } from '../../../src/eval/report/report.ts';
import type { EvaluationResult } from '../../../src/eval/report/result-types.ts';
import { readEvaluationResult } from '../../../src/eval/report/results.ts';
import { resultCsv, resultTables } from '../../../src/eval/report/table.ts';
import { growthLabels } from '../../../src/eval/run/label-growth.ts';
import { NO_CACHE, openResultCache } from '../../../src/eval/run/result-cache.ts';
import { type EvaluationRequest, evaluateSystems } from '../../../src/eval/run/runner.ts';
import { candidateGroups, scoreSet } from '../../../src/eval/run/score-set.ts';
import { systemIdentity } from '../../../src/eval/run/system-identity.ts';
import { readEvalSets } from '../../../src/eval/sets/eval-set.ts';
import { loadSuite } from '../../../src/eval/sets/suite.ts';
import { ALIASES, BASELINES } from '../../../src/eval/systems/index.ts';
import type { System } from '../../../src/eval/systems/system.ts';
import { parseSystemSpec } from '../../../src/eval/systems/system-spec.ts';
import { writeTinyCheckpoint } from '../../tiny-checkpoint.ts';
import { plainRecords, temporaryFolder, writeSet } from '../sets/write-set.ts';
import { modelFolder } from '../systems/model-folders.ts';

const root = temporaryFolder();
const model = modelFolder<{ tokenizer: string }>('embeddings-bert').folder;
afterAll(() => {
  for (const folder of [root, model]) rmSync(folder, { recursive: true });
});
const labels = ['sports', 'politics and government', '<script>alert(1)</script>'];
writeSet(join(root, 'sets'), 'one', plainRecords(labels, 24), labels);
writeSet(
  join(root, 'sets'),
  'several',
  Array.from({ length: 12 }, (_, i) => ({ text: `text ${i} & more`, labels: i % 3 ? ['sports'] : ['sports', 'weather'] })),
  ['sports', 'weather', 'music'],
);
const spec = (text: string) => parseSystemSpec(text, BASELINES, ALIASES);
const EMBEDDINGS = `embeddings:${model},name=tiny`;

const run = async (systems: string[], options: Partial<EvaluationRequest> = {}): Promise<EvaluationResult> =>
  evaluateSystems({
    sets: await readEvalSets(join(root, 'sets')),
    systems: systems.map(spec),
    version: '0.0.0',
    findModel: async (folder) => folder,
    cache: NO_CACHE,
    isolate: false,
    latencyCalls: 2,
    resamples: 50,
    threads: 1,
    ...options,
  });

describe('an evaluation', () => {
  let result: EvaluationResult;
  beforeAll(async () => {
    result = await run([EMBEDDINGS, `embeddings:${model},pooling=cls,name=cls`, 'majority', 'random'], { growth: true });
  });

  it('has every figure of every system on every set', () => {
    expect(result.failures).toEqual([]);
    expect(result.results.map(({ set, system }) => `${set} ${system}`)).toEqual(
      ['one', 'several'].flatMap((set) => ['tiny', 'cls', 'majority', 'random'].map((system) => `${set} ${system}`)),
    );
    const majority = result.results.find(({ set, system }) => set === 'one' && system === 'majority')!;
    expect(majority.metrics.accuracy).toBeCloseTo(1 / 3, 12);
    expect(majority.metrics.macro_f1).toBeCloseTo(0.5 / 3, 12);
    for (const { metrics, intervals, timing, predicted, truth } of result.results) {
      expect(metrics.macro_f1).toBeGreaterThanOrEqual(0);
      expect(intervals.macro_f1.low).toBeLessThanOrEqual(intervals.macro_f1.high);
      expect(timing.latency?.calls).toBe(2);
      expect(timing.textsPerSecond).toBeGreaterThan(0);
      const right = predicted.filter((label, row) => truth[row].includes(label)).length;
      expect(metrics.accuracy).toBeCloseTo(right / predicted.length, 12);
    }
  });

  it('compares every system with the first, text by text', () => {
    expect(result.reference).toBe('tiny');
    expect(result.comparisons).toHaveLength(6);
    for (const { set, system, accuracy, mcnemar } of result.comparisons) {
      const figures = ['tiny', system].map(
        (name) => result.results.find((each) => each.set === set && each.system === name)!.metrics.accuracy,
      );
      expect(accuracy.difference).toBeCloseTo(figures[0] - figures[1], 12);
      const texts = set === 'one' ? 24 : 12;
      expect((mcnemar.onlyReference - mcnemar.onlySystem) / texts).toBeCloseTo(accuracy.difference, 12);
    }
  });

  it('times models, and no floors, from 2 to 1000 labels', () => {
    expect(result.growth.map(({ system }) => system)).toEqual(['tiny', 'cls']);
    expect(result.growth[0].points.map((point) => point.labels)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]);
    const names = growthLabels([{ labels: ['a', 'b'] }, { labels: ['b', 'c'] }], 10);
    expect(new Set(names).size).toBe(10);
  });

  it('is shown as tables and as CSV with the same figures', () => {
    const tables = resultTables(result);
    const f1 = result.results[0].metrics.macro_f1;
    expect(tables).toContain(`one: 24 texts, 3 labels`);
    expect(tables).toMatch(new RegExp(`^tiny +${f1.toFixed(3)} \\[`, 'm'));
    const rows = parseCsv(resultCsv(result), { columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(8);
    expect(Number(rows[0].macro_f1)).toBe(f1);
    expect(rows[4].set).toBe('several');
  });

  it('survives being written and read, and differs from itself by nothing', () => {
    const path = join(root, 'result.json');
    writeFileSync(path, JSON.stringify(result));
    const read = readEvaluationResult(path);
    expect(read).toEqual(result);
    const text = compareFiles(
      [
        { path: 'a.json', result: read },
        { path: 'b.json', result: read },
      ],
      20,
    );
    expect(text).toMatch(/^tiny +one .* \+0\.000 \[\+0\.000, \+0\.000\] .* = /m);
    // Labels are numbered anew: an index may be anything.
    const renamed = (label: number) => (label === 0 ? 2147483647 : label);
    const giant = result.results.map((each) => ({
      ...each,
      predicted: each.predicted.map(renamed),
      truth: each.truth.map((row) => row.map(renamed)),
    }));
    writeFileSync(path, JSON.stringify({ ...result, results: giant }));
    const named = { path: 'a.json', result: readEvaluationResult(path) };
    expect(compareFiles([named, named], 20)).toBe(
      compareFiles(
        [
          { path: 'a.json', result: read },
          { path: 'a.json', result: read },
        ],
        20,
      ),
    );
    for (const change of [{ predicted: [0] }, { metrics: { accuracy: 1, macro_f1: null } }, { truth: 'x' }]) {
      writeFileSync(path, JSON.stringify({ ...result, results: [{ ...result.results[0], ...change }] }));
      expect(() => readEvaluationResult(path)).toThrow(/^\S+result\.json is not a result of glz eval --json: field "results\.0/);
    }
    writeFileSync(path, JSON.stringify({ ...result, results: [{ system: 'x' }] }));
    expect(() => readEvaluationResult(path)).toThrow(/result\.json is not a result of glz eval --json: field "results\.0/);
    expect(() => readEvaluationResult(join(root, 'nowhere.json'))).toThrow(/nowhere\.json is not a result/);
  });

  it('makes a report without script, nothing from elsewhere, and all text escaped', () => {
    const html = reportHtml(result);
    expect(html).not.toMatch(/<script|javascript:|https?:\/\/|\son\w+=|@import|url\(/i);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    for (const heading of [
      'All systems',
      'Speed',
      'Time by number of labels',
      'Scores by set',
      'Against tiny',
      'Reliability',
      'What went wrong',
      'How it was measured',
    ])
      expect(html).toContain(`>${heading}<`);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    // Every element that is opened is closed.
    const open: string[] = [];
    for (const [, closing, name, empty] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:"[^"]*"|[^>"])*?(\/?)>/gi)) {
      if (empty || ['meta', 'br'].includes(name)) continue;
      if (closing) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('is gated by means and by sets', () => {
    const mean = result.results.filter(({ system }) => system === 'tiny').reduce((sum, { metrics }) => sum + metrics.accuracy, 0) / 2;
    expect(failedGates(result, [parseGate(`accuracy=${mean - 0.001}`), parseGate('one:macro_f1=0')])).toEqual([]);
    expect(failedGates(result, [parseGate('accuracy=1.01'), parseGate('one:macro_f1=1.01')])).toEqual([
      expect.stringContaining(`tiny: mean accuracy is ${mean.toFixed(4)}, under 1.01`),
      expect.stringContaining('tiny: one macro_f1 is'),
    ]);
    expect(() => failedGates(result, [parseGate('three:macro_f1=0')])).toThrow(/tiny has no macro_f1 on a set called "three"/);
    expect(() => parseGate('macro_f1')).toThrow(/write METRIC=NUMBER/);
    expect(() => parseGate('f1=0.5')).toThrow(/no metric called "f1"; those that can be gated: accuracy, macro_f1/);
    expect(() => parseGate('ece=0.1')).toThrow(/no metric called "ece"/);
    expect(() => parseGate('macro_f1=half')).toThrow(/"half" is not a number/);
  });
});

describe('finished sets', () => {
  it('are taken from the cache, unless texts, model or settings changed', async () => {
    const cache = openResultCache(join(root, 'cache'));
    const first = await run([EMBEDDINGS], { cache });
    expect(first.results.map(({ cached }) => cached)).toEqual([false, false]);
    const second = await run([`embeddings:${model},name=other`], { cache });
    expect(second.results.map(({ cached, system }) => [cached, system])).toEqual([
      [true, 'other'],
      [true, 'other'],
    ]);
    expect(second.results[0].metrics).toEqual(first.results[0].metrics);
    expect(second.systems[0].loadSeconds).toBe(first.systems[0].loadSeconds);
    expect(resultTables(second)).toContain('*: from the cache');
    const template = await run([EMBEDDINGS], { cache, template: 'about {}' });
    expect(template.results.map(({ cached }) => cached)).toEqual([false, false]);
    const damages: ((text: string) => string)[] = [
      () => '{"broken',
      (text) => text.replace(/"predicted":\[/, '"predicted":["x",'),
      (text) => text.replace(/"predicted":\[\d+,/, '"predicted":['),
      (text) => text.replace(/"macro_f1":[\d.]+/, '"macro_f1":null'),
      (text) => text.replace(/"loadSeconds":[\d.e-]+/, '"loadSeconds":"soon"'),
      (text) => text.replace(/"value":.*$/s, '"value":[]}'),
    ];
    for (const damage of damages) {
      for (const folder of readdirSync(join(root, 'cache')))
        for (const name of readdirSync(join(root, 'cache', folder))) {
          const path = join(root, 'cache', folder, name);
          writeFileSync(path, damage(readFileSync(path, 'utf8')));
        }
      expect((await run([EMBEDDINGS], { cache })).results.map(({ cached }) => cached)).toEqual([false, false]);
      expect((await run([EMBEDDINGS], { cache })).results.map(({ cached }) => cached)).toEqual([true, true]);
    }
  });

  it('belong to the content of the model, not to its name', () => {
    const copy = modelFolder<{ tokenizer: string }>('embeddings-bert').folder;
    const kind = BASELINES.get('embeddings')!;
    const identity = (folder: string) => systemIdentity(spec(`embeddings:${folder}`), kind, folder);
    expect(identity(copy)).toBe(identity(model));
    const config = join(copy, 'config.json');
    writeFileSync(config, `${readFileSync(config, 'utf8')} `);
    expect(identity(copy)).not.toBe(identity(model));
    rmSync(copy, { recursive: true });
  });

  it('are kept when the evaluation is interrupted', async () => {
    const cache = openResultCache(join(root, 'interrupted'));
    const controller = new AbortController();
    const stopped = run([EMBEDDINGS, 'random'], {
      cache,
      signal: controller.signal,
      onEvent: (_, event) => {
        if (event.type === 'result') controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    const rest = await run([EMBEDDINGS, 'random'], { cache });
    expect(rest.results.map(({ set, system, cached }) => [set, system, cached])).toEqual([
      ['one', 'tiny', true],
      ['one', 'random', false],
      ['several', 'tiny', false],
      ['several', 'random', false],
    ]);
  });
});

describe('the label growth of a system that gets ready for its sets', () => {
  const corpus = join(root, 'corpus.jsonl');
  writeFileSync(
    corpus,
    plainRecords(labels, 6)
      .map(({ text, labels: categories }) => `${JSON.stringify({ text, categories })}\n`)
      .join(''),
  );

  it('is timed where the sets are in the cache', async () => {
    const cache = openResultCache(join(root, 'growth'));
    const system = `qzero:${model},corpus=${corpus}`;
    await run([system], { cache });
    const result = await run([system], { cache, growth: true });
    expect(result.results.map(({ cached }) => cached)).toEqual([true, true]);
    expect(result.failures).toEqual([]);
    expect(result.growth.map(({ points, stopped }) => [points.length, stopped])).toEqual([[10, undefined]]);
    const kept = result.growth[0].points;
    expect((await run([system], { cache, growth: true })).growth[0].points).toEqual(kept);
  });

  it('fails where it cannot get ready', async () => {
    const { folder } = modelFolder<{ tokenizer: string }>('nli-distilbert');
    const result = await run([`smartshot:${folder},name=smart`], { growth: true });
    expect(result.failures.map(({ set, message }) => [set, message.replace(/ of .*/, '')])).toEqual([
      ['one', 'no labelled examples'],
      ['several', 'no labelled examples'],
      [undefined, 'label growth: no labelled examples'],
    ]);
    expect(result.growth).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('failures', () => {
  it('are scores of NaN, which no figure may take for an answer', async () => {
    const { folder } = modelFolder<{ tokenizer: string }>('embeddings-bert');
    const weights = join(folder, 'model.safetensors');
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.fill(0xff, 8 + Number(bytes.readBigUInt64LE(0)))); // NaN, every one
    const result = await run([`embeddings:${folder},name=broken`, 'random']);
    expect(result.failures.map(({ system, set }) => [system, set])).toEqual([
      ['broken', 'one'],
      ['broken', 'several'],
    ]);
    expect(result.failures[0].message).toMatch(/gave NaN as a score/);
    expect(result.results.map(({ system }) => system)).toEqual(['random', 'random']);
    rmSync(folder, { recursive: true });
  });

  it('are rows, and stop no other system', async () => {
    const result = await run(['nli:no/such/folder', 'random', `nli:${model},name=headless`]);
    expect(result.results.map(({ system }) => system)).toEqual(['random', 'random']);
    expect(result.failures.map(({ system }) => system)).toEqual(['nli:no/such/folder', 'headless']);
    expect(result.failures[1].message).toMatch(/names no entailment class|the weights lack/);
    expect(resultTables(result)).toContain('nli:no/such/folder: failed: ');
    expect(reportHtml(result)).toContain('nli:no/such/folder failed');
    expect(resultCsv(result).trim().split('\n')).toHaveLength(1 + 2 + 2);
  });

  it('of one set leave the others', async () => {
    const words = join(root, 'pictures');
    writeSet(words, 'x', []);
    const result = await run([`clip:${model}`]);
    expect(result.failures[0].message).toMatch(/has the model type "bert", not "clip"/);
    expect(resultTables(result)).not.toContain('mean of');
  });

  it('are said of names that are none', async () => {
    expect(() => spec('gpt')).toThrow(/"gpt" names no baseline; known: gliznet, nli, /);
    expect(() => spec('nli:')).toThrow(/a folder or hub id is missing/);
    expect(() => spec('random:x')).toThrow(/the baseline random has no model/);
    expect(() => spec('ollama')).toThrow(/the baseline ollama needs a model: ollama:MODEL/);
    expect(() => spec('random,sed=1')).toThrow(/has no option "sed"; it has name, seed/);
    expect(spec('bart-large-mnli')).toMatchObject({ name: 'bart-large-mnli', kind: 'nli', model: 'facebook/bart-large-mnli' });
    expect(spec('nli:./a,b,name=x')).toMatchObject({ name: 'x', model: './a,b' });
    expect(spec(' embeddings:./e,pooling=mean,query=query: ').options).toEqual({ pooling: 'mean', query: 'query: ' });
    expect(spec('nli:./a ,name=x ')).toMatchObject({ name: 'x', model: './a' });
    for (const target of Object.values(ALIASES)) expect(() => spec(target)).not.toThrow();
    await expect(run(['random', 'random,seed=1,name=random'])).rejects.toThrow(/two systems are called "random"; give one another name/);
    const failed = await run(['random,seed=-1']);
    expect(failed.failures[0].message).toMatch(/seed must be a whole number from 0 on, not "-1"/);
  });
});

describe('a GliZNet checkpoint with balance', () => {
  it('chooses labels more evenly, and scores each label by itself as before', async () => {
    const checkpoint = await writeTinyCheckpoint();
    const [set] = await readEvalSets(join(root, 'sets'));
    const scores = async (text: string) => {
      const system = await BASELINES.get('gliznet')!.create({ spec: spec(text), model: checkpoint, threads: 1 });
      await system.prepare?.(set);
      const { choice, each, columns } = await system.score(set.texts, set.labels, {});
      await system.dispose();
      const shares = set.labels.map((_, label) => set.texts.reduce((sum, _, row) => sum + choice![row * columns + label], 0));
      return { each, spread: Math.max(...shares) - Math.min(...shares) };
    };
    const plain = await scores(`gliznet:${checkpoint}`);
    const balanced = await scores(`gliznet:${checkpoint},balance=1`);
    expect(balanced.each).toEqual(plain.each);
    expect(balanced.spread).toBeLessThan(plain.spread / 2);
    const failed = await run([`gliznet:${checkpoint},balance=2`]);
    expect(failed.failures[0].message).toMatch(/balance must be a number from 0 to 1, not "2"/);
  });
});

describe('candidates of each text', () => {
  it('are scored in groups, and nothing else is', async () => {
    const set = {
      name: 'own',
      texts: ['a', 'b', 'c'],
      labels: ['x', 'y', 'z'],
      truth: [['x'], ['z'], ['y']],
      recordLabels: [
        ['x', 'y'],
        ['z', 'x'],
        ['x', 'y'],
      ],
      multiLabel: false,
      hash: '',
      available: 3,
    };
    expect(candidateGroups(set).map(({ rows, columns }) => [rows, columns])).toEqual([
      [
        [0, 2],
        [0, 1],
      ],
      [[1], [2, 0]],
    ]);
    const system: System = {
      notes: {},
      score: async (texts, names) => {
        const each = Float32Array.from({ length: texts.length * names.length }, (_, i) => (names[i % names.length] === 'x' ? 0.9 : 0.1));
        return { rows: texts.length, columns: names.length, each, choice: each };
      },
      dispose: async () => {},
    };
    const { matrix } = await scoreSet(system, set, { latencyCalls: 0 });
    const rounded = [...matrix.each].map((value) => (Number.isNaN(value) ? null : Number(value.toFixed(1))));
    expect(rounded).toEqual([0.9, 0.1, null, 0.9, null, 0.1, 0.9, 0.1, null]);
  });
});

it('tells how far it is inside of a text, getting ready and timing single texts too', async () => {
  const told: [string, number, number][] = [];
  const system: System = {
    notes: {},
    prepare: async (_set, options) => options?.onPart?.(1, 4),
    score: async (texts, names, { onPart }) => {
      onPart?.(1, 2);
      const each = new Float32Array(texts.length * names.length);
      return { rows: texts.length, columns: names.length, each, choice: each };
    },
    dispose: async () => {},
  };
  const [set] = await readEvalSets(join(root, 'sets', 'several'), { limit: 2 });
  await scoreSet(system, set, { latencyCalls: 1, onProgress: (stage, done, total) => told.push([stage, done, total]) });
  expect(told).toEqual([
    ['preparing', 1, 4],
    ['scoring', 0, 2],
    ['scoring', 1, 2],
    ['scoring', 2, 2],
    ['latency', 0.5, 1],
    ['latency', 1, 1],
  ]);
});

it('measures how much a score hangs on the wording', async () => {
  writeFileSync(
    join(root, 'suite.yaml'),
    'sets: [{name: one, path: sets/one, paraphrases: {games: {sports: athletic games}, same: {sports: sports}}}]',
  );
  const result = await run([EMBEDDINGS, 'majority'], { sets: await loadSuite(join(root, 'suite.yaml')) });
  const [tiny, majority] = result.sensitivity;
  expect(Object.keys(tiny.macro_f1)).toEqual(['original', 'games', 'same']);
  expect(tiny.macro_f1.same).toBe(tiny.macro_f1.original);
  const scores = Object.values(tiny.macro_f1);
  expect(tiny.range).toBeCloseTo(Math.max(...scores) - Math.min(...scores), 12);
  expect(majority).toMatchObject({ range: 0, agreement: 1 });
  expect(resultTables(result)).toContain('label wording');
});
