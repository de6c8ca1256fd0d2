import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareLayout } from '../../../src/text/joint-sequence.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { negationOf, readDataset, shownLabel } from '../../../src/train/data/dataset.ts';
import { createSampler, type SamplingSettings } from '../../../src/train/data/sampling.ts';
import { parameterGroups, rateFactor } from '../../../src/train/schedule.ts';
import { checkSettings } from '../../../src/train/settings.ts';
import { TINY_ENCODER, temporaryFolder } from '../../tiny-checkpoint.ts';

const SETTINGS: SamplingSettings = {
  seed: 1,
  batchSize: 4,
  mixingTemperature: 1,
  minLabels: 2,
  maxLabels: 6,
  hardNegatives: 2,
  noneShare: 0,
  labelDropout: 0,
  nearNegatives: 0,
  unrelatedNegatives: 0,
  negatedShare: 0,
};

interface SourceOptions {
  weights?: number[];
  labelsOf?: (row: number) => string[];
  negations?: boolean;
  noise?: number;
}

async function sources(sizes: number[], options: SourceOptions = {}) {
  const { weights = sizes.map(() => 1), labelsOf = (row) => [`label ${row % 8}`], negations = false, noise = 0 } = options;
  const tokenizer = await loadTokenizer(TINY_ENCODER);
  const folder = temporaryFolder();
  const files = sizes.map((rows, source) => {
    const path = join(folder, `s${source}.jsonl`);
    const lines = Array.from({ length: rows }, (_, row) =>
      JSON.stringify({
        text: `text ${row} ${'word '.repeat(row % 9)}`,
        labels: labelsOf(row),
        not_labels: [`label ${(row + 1) % 8}`],
      }),
    );
    writeFileSync(path, lines.join('\n'));
    return { path, weight: weights[source], distill: true, label_noise: noise };
  });
  const { dataset } = await readDataset(files, tokenizer, { maxTextTokens: 24, maxLabelTokens: 16, negations });
  const layout = await prepareLayout(tokenizer, { labelStyle: 'separator', token: ';', labelMaskOn: 'label', maxLength: 64 });
  return { dataset, layout };
}

describe('createSampler', () => {
  it('gives a batch by its number alone, whatever was asked before', async () => {
    const { dataset, layout } = await sources([70, 30]);
    const straight = createSampler(dataset, layout, SETTINGS);
    const batches = Array.from({ length: 60 }, (_, i) => straight.batch(i));
    const jumping = createSampler(dataset, layout, SETTINGS);
    for (const i of [59, 3, 40, 0, 25]) expect(jumping.batch(i)).toEqual(batches[i]);
    expect(createSampler(dataset, layout, { ...SETTINGS, seed: 2 }).batch(0)).not.toEqual(batches[0]);
  });

  it('shows every row once in an epoch, in a new order each time', async () => {
    const { dataset, layout } = await sources([64]);
    const sampler = createSampler(dataset, layout, SETTINGS);
    const rows = (epoch: number) =>
      Array.from({ length: sampler.batchesPerEpoch }, (_, i) => sampler.batch(epoch * sampler.batchesPerEpoch + i)).flatMap(
        ({ examples }) => examples.map(({ row }) => row),
      );
    const all = Array.from({ length: 64 }, (_, row) => row);
    expect(rows(0).sort((a, b) => a - b)).toEqual(all);
    expect(rows(1).sort((a, b) => a - b)).toEqual(all);
    expect(rows(0)).not.toEqual(rows(1));
  });

  it('mixes by weight and temperature', async () => {
    const { dataset, layout } = await sources([400, 100]);
    const shares = (mixingTemperature: number) => createSampler(dataset, layout, { ...SETTINGS, mixingTemperature }).shares;
    expect(shares(1)[0]).toBeCloseTo(0.8, 6);
    expect(shares(0.5)[0]).toBeCloseTo(2 / 3, 6);
    expect(shares(0)[0]).toBeCloseTo(0.5, 6);
    const weighted = await sources([100, 100], { weights: [3, 1] });
    expect(createSampler(weighted.dataset, weighted.layout, SETTINGS).shares[0]).toBeCloseTo(0.75, 6);
  });

  it('shows true labels, hard negatives and others: each label once, targets that fit, within the sequence', async () => {
    const { dataset, layout } = await sources([120]);
    const sampler = createSampler(dataset, layout, SETTINGS);
    const sizes = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const { batch, examples } = sampler.batch(i);
      expect(batch.length).toBeLessThanOrEqual(64);
      for (const [row, { labels, targets, source, row: at }] of examples.entries()) {
        sizes.add(labels.length);
        expect(new Set(labels).size).toBe(labels.length);
        const truth = dataset.sources[source].labels.at(at);
        expect(targets).toEqual(labels.map((label) => (truth.includes(label) ? 1 : 0)));
        expect(targets).toContain(1);
        expect([...batch.targets.subarray(row * batch.labels, row * batch.labels + labels.length)]).toEqual(targets);
        expect(batch.valid.subarray(row * batch.labels, (row + 1) * batch.labels).reduce((a, b) => a + b, 0)).toBe(labels.length);
      }
    }
    expect([...sizes].sort()).toEqual([2, 3, 4, 5, 6]);
    const none = createSampler(dataset, layout, { ...SETTINGS, noneShare: 1 }).batch(0);
    expect(none.examples.every(({ targets }) => !targets.includes(1))).toBe(true);
  });

  it('leaves out a share of the true labels where there is more than one, and never shows them as wrong', async () => {
    const { dataset, layout } = await sources([64], { labelsOf: (row) => [2, 3, 4].map((next) => `label ${(row + next) % 8}`) });
    const trueShown = (labelDropout: number) => {
      const sampler = createSampler(dataset, layout, { ...SETTINGS, labelDropout, minLabels: 6 });
      return Array.from({ length: 16 }, (_, i) => sampler.batch(i).examples)
        .flat()
        .map(({ source, row, labels, targets }) => {
          const truth = dataset.sources[source].labels.at(row);
          expect(targets).toEqual(labels.map((label) => Number(truth.includes(label))));
          return targets.filter((target) => target === 1).length;
        });
    };
    expect(new Set(trueShown(0))).toEqual(new Set([3]));
    expect(new Set(trueShown(1))).toEqual(new Set([1]));
    const half = trueShown(0.5);
    expect(new Set(half)).toEqual(new Set([1, 2, 3]));
    expect(half.reduce((sum, count) => sum + count, 0) / half.length).toBeCloseTo(2, 0);
  });

  it('leaves out true labels that do not fit into the sequence together, and keeps one', async () => {
    // 30 labels of three tokens and more: not half of them fit into 64 tokens.
    const all = Array.from({ length: 30 }, (_, label) => `thing ${label}`);
    const { dataset, layout } = await sources([12], { labelsOf: () => all });
    const sampler = createSampler(dataset, layout, { ...SETTINGS, minLabels: 30, maxLabels: 40 });
    for (let i = 0; i < 3; i++)
      for (const { labels, targets } of sampler.batch(i).examples) {
        const shown = labels.filter((_, at) => targets[at] === 1);
        expect(shown.length).toBeGreaterThan(3);
        expect(shown.length).toBeLessThan(25);
        // What was left out is no wrong label either.
        for (const label of labels.filter((_, at) => targets[at] === 0)) expect(all).not.toContain(dataset.labelNames[label]);
      }
  });

  it('shows all rows in each batch where there are fewer than a batch has', async () => {
    const { dataset, layout } = await sources([2, 1]);
    const sampler = createSampler(dataset, layout, { ...SETTINGS, batchSize: 8 });
    expect([sampler.batchSize, sampler.batchesPerEpoch]).toEqual([3, 1]);
    for (let i = 0; i < 3; i++)
      expect(
        sampler
          .batch(i)
          .examples.map(({ source, row }) => `${source}/${row}`)
          .sort(),
      ).toEqual(['0/0', '0/1', '1/0']);
  });

  it('shows, in a share of the examples, one label and its negation, of which one is true', async () => {
    const { dataset, layout } = await sources([400], { negations: true });
    const sampler = createSampler(dataset, layout, { ...SETTINGS, negatedShare: 0.5 });
    const examples = Array.from({ length: sampler.batchesPerEpoch }, (_, i) => sampler.batch(i).examples).flat();
    const pairs = examples.filter(({ negated }) => negated);
    expect(pairs.length / examples.length).toBeCloseTo(0.5, 1);
    const firsts: string[] = [];
    const truths: string[] = [];
    for (const { row, labels, targets } of pairs) {
      const [first, second] = labels.map((label) => shownLabel(dataset, label));
      expect([`not ${first}`, `not ${second}`].filter((name) => name === first || name === second)).toHaveLength(1);
      const plain = labels.findIndex((label) => label < dataset.labelNames.length);
      expect(labels[1 - plain]).toBe(negationOf(dataset, labels[plain]));
      const isTrue = Number(dataset.sources[0].labels.at(row).includes(labels[plain]));
      expect(targets[plain]).toBe(isTrue);
      expect(targets[1 - plain]).toBe(1 - isTrue);
      firsts.push(plain === 0 ? 'label' : 'negation');
      truths.push(isTrue ? 'label' : 'negation');
    }
    for (const kinds of [firsts, truths])
      expect(Math.abs(kinds.filter((kind) => kind === 'label').length / kinds.length - 0.5)).toBeLessThan(0.1);
    const plainExamples = examples.filter(({ negated }) => !negated).flatMap(({ labels }) => labels);
    expect(plainExamples.every((label) => label < dataset.labelNames.length)).toBe(true);
  });

  it('shows one to four wrong labels of any file besides, in a share of the examples', async () => {
    // The second file's labels are unknown to the first.
    const { dataset, layout } = await sources([400, 400], { labelsOf: (row) => [row % 2 ? `label ${row % 8}` : `river ${row}`] });
    const [own] = dataset.sources.map(({ labelSet }) => new Set(labelSet));
    expect(dataset.labelNames.length).toBeGreaterThan(100);
    const settings = { ...SETTINGS, minLabels: 2, maxLabels: 2 };
    const shownWith = (unrelatedNegatives: number) => {
      const sampler = createSampler(dataset, layout, { ...settings, unrelatedNegatives });
      return Array.from({ length: sampler.batchesPerEpoch }, (_, i) => sampler.batch(i).examples).flat();
    };
    expect(shownWith(0).every(({ labels }) => labels.length === 2)).toBe(true);
    const examples = shownWith(0.5);
    const sizes = examples.map(({ labels }) => labels.length);
    expect(new Set(sizes)).toEqual(new Set([2, 3, 4, 5, 6]));
    expect(sizes.filter((size) => size > 2).length / sizes.length).toBeCloseTo(0.5, 1);
    for (const { source, row, labels, targets } of examples) {
      expect(new Set(labels).size).toBe(labels.length);
      expect(targets).toEqual(labels.map((label) => Number(dataset.sources[source].labels.at(row).includes(label))));
    }
    expect(own.size).toBeGreaterThan(0);
  });

  it('negates no label that is a negation already, and changes no batch where nothing is to be negated', async () => {
    const labelsOf = (row: number) => [row % 2 ? 'spam' : 'Not spam'];
    const { dataset, layout } = await sources([200], { labelsOf, negations: true });
    const sampler = createSampler(dataset, layout, { ...SETTINGS, negatedShare: 1 });
    const shown = Array.from({ length: sampler.batchesPerEpoch }, (_, i) => sampler.batch(i).examples)
      .flat()
      .flatMap(({ labels }) => labels.map((label) => shownLabel(dataset, label)));
    expect(shown).toContain('not spam');
    expect(shown.filter((name) => /not not/i.test(name))).toEqual([]);
    const [plain, asked] = [await sources([60]), await sources([60], { negations: true })];
    expect(createSampler(asked.dataset, asked.layout, SETTINGS).batch(3)).toEqual(
      createSampler(plain.dataset, plain.layout, SETTINGS).batch(3),
    );
  });

  it('passes what label noise takes from the true labels on to the wrong ones, none of which becomes likely', async () => {
    // Three true labels and one to three wrong ones; every example names its labels as they are in the data.
    const labelsOf = (row: number) => [2, 3, 4].map((next) => `label ${(row + next) % 8}`);
    for (const noise of [0, 0.1, 0.4]) {
      const { dataset, layout } = await sources([64], { labelsOf, noise });
      const sampler = createSampler(dataset, layout, { ...SETTINGS, minLabels: 4, noneShare: 0.2 });
      const seen = new Set<number>();
      for (let i = 0; i < sampler.batchesPerEpoch; i++) {
        const { batch, examples } = sampler.batch(i);
        for (const [row, { targets }] of examples.entries()) {
          const likely = [...batch.targets.subarray(row * batch.labels, row * batch.labels + targets.length)];
          const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
          expect(sum(likely)).toBeCloseTo(sum(targets), 5);
          for (const [k, target] of targets.entries()) {
            if (target) expect(likely[k]).toBeGreaterThanOrEqual(Math.fround(1 - noise));
            else expect(likely[k]).toBeLessThanOrEqual(Math.fround(0.45));
            seen.add(Math.round(100 * likely[k]));
          }
        }
      }
      expect(seen.has(100)).toBe(noise === 0);
      if (noise === 0.1) expect(seen).toContain(90);
    }
  });
});

describe('parameterGroups', () => {
  const NAMES = [
    'encoder.embeddings.word_embeddings.weight',
    'encoder.encoder.layer.0.output.dense.weight',
    'encoder.encoder.layer.2.output.dense.bias',
    'similarity.scale',
  ];
  const groups = (optimizer: Record<string, unknown>) =>
    parameterGroups(NAMES, 3, checkSettings({ encoder: 'e', data: ['d'], optimizer }, 'test').optimizer);

  it('lower the rate layer by layer from the output, raise that of the head, and decay no bias and no scale', () => {
    const found = groups({ layer_decay: 0.5, head_rate_factor: 20 });
    expect(NAMES.map((name) => found.get(name)!.rateFactor)).toEqual([0.125, 0.25, 1, 20]);
    expect(NAMES.map((name) => found.get(name)!.decay)).toEqual([true, true, false, false]);
    expect(NAMES.some((name) => found.get(name)!.frozen)).toBe(false);
  });

  it('freeze embeddings, or the first layers and what is below them', () => {
    const frozen = (optimizer: Record<string, unknown>) => NAMES.map((name) => groups(optimizer).get(name)!.frozen);
    expect(frozen({ freeze_embeddings: true })).toEqual([true, false, false, false]);
    expect(frozen({ freeze_layers: 1 })).toEqual([true, true, false, false]);
    expect(frozen({ freeze_layers: 3 })).toEqual([true, true, true, false]);
  });
});

describe('rateFactor', () => {
  it('rises, then falls to nearly nothing, and never is zero', () => {
    for (const type of ['linear', 'cosine', 'constant'] as const) {
      const factors = Array.from({ length: 100 }, (_, i) => rateFactor(i + 1, 100, { type, warmup_share: 0.1 }));
      expect(factors[0]).toBeCloseTo(0.1, 6);
      expect(Math.max(...factors)).toBeCloseTo(1, 6);
      expect(factors[9]).toBeCloseTo(1, 6);
      expect(Math.min(...factors)).toBeGreaterThan(0);
      if (type !== 'constant') expect(factors[99]).toBeLessThan(0.02);
    }
  });
});
