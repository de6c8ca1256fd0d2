import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../../src/classify/classifier.ts';
import type { SentenceEmbedder } from '../../../src/classify/sentence-embedder.ts';
import { prepareLayout } from '../../../src/text/joint-sequence.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { type Dataset, readDataset } from '../../../src/train/data/dataset.ts';
import { compareLabels, nearestRows, nearLabelsOf } from '../../../src/train/data/near-labels.ts';
import { samplerOf } from '../../../src/train/data/run-sampler.ts';
import { createSampler, type SamplingSettings } from '../../../src/train/data/sampling.ts';
import { cpuDevice } from '../../../src/train/engine/devices.ts';
import { checkSettings } from '../../../src/train/settings.ts';
import { loadStart } from '../../../src/train/start.ts';
import { createTeacherEmbedder, loadTeacherModel } from '../../../src/train/teacher.ts';
import { random } from '../../random.ts';
import { TINY_ENCODER, temporaryFolder } from '../../tiny-checkpoint.ts';

const unit = (values: number[]): number[] => {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
};
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** The order that a plain sort gives: nearest first, those over 0.9 left out. */
const sorted = (vectors: readonly ArrayLike<number>[], own: number): number[] =>
  vectors
    .map((vector, row) => ({ row, near: cosine(vector, vectors[own]) }))
    .filter(({ row, near }) => row !== own && near <= 0.9)
    .sort((a, b) => b.near - a.near)
    .map(({ row }) => row);

describe('nearestRows', () => {
  it('gives for each row what sorting all others gives, however many there are', async () => {
    const next = random(3);
    for (const [rows, width, most] of [
      [2, 3, 1],
      [7, 5, 4],
      [150, 6, 9],
    ]) {
      const vectors = Array.from({ length: rows }, () => Float32Array.from(unit(Array.from({ length: width }, () => next() - 0.5))));
      const found = await nearestRows(Float32Array.from(vectors.flatMap((vector) => [...vector])), width, most);
      for (let row = 0; row < rows; row++) {
        const expected = sorted(vectors, row).slice(0, most);
        const filled = [...expected, ...Array<number>(most - expected.length).fill(-1)];
        expect([...found.subarray(row * most, (row + 1) * most)]).toEqual(filled);
      }
    }
  });

  it('leaves out those that are too near, and takes the first of two alike', async () => {
    const vectors = [unit([1, 0]), unit([1, 0.1]), unit([0, 1]), unit([0, 1]), unit([-1, 0])];
    const found = await nearestRows(Float32Array.from(vectors.flat()), 2, 4);
    expect([...found.subarray(0, 4)]).toEqual([2, 3, 4, -1]);
    expect([...found.subarray(8, 12)]).toEqual([1, 0, 4, -1]);
  });
});

const NEAR_SETTINGS: SamplingSettings = {
  seed: 1,
  batchSize: 4,
  mixingTemperature: 1,
  minLabels: 2,
  maxLabels: 5,
  hardNegatives: 2,
  noneShare: 0.1,
  labelDropout: 0,
  nearNegatives: 1,
  negatedShare: 0,
  unrelatedNegatives: 0,
};
const MANY = 60;

/** A file with `MANY` labels, one or two true of a row, and one with three. */
async function twoFiles() {
  const tokenizer = await loadTokenizer(TINY_ENCODER);
  const folder = temporaryFolder();
  const lines = (count: number, record: (row: number) => unknown) =>
    Array.from({ length: count }, (_, row) => JSON.stringify(record(row))).join('\n');
  const paths = ['many', 'few'].map((name) => join(folder, `${name}.jsonl`));
  const many = (row: number) => [`m${row % MANY}`, ...(row % 3 === 0 ? [`m${(row * 7 + 1) % MANY}`] : [])];
  writeFileSync(
    paths[0],
    lines(4 * MANY, (row) => ({ text: `text ${row}`, labels: many(row) })),
  );
  writeFileSync(
    paths[1],
    lines(MANY, (row) => ({ text: `text ${row}`, labels: [`f${row % 3}`] })),
  );
  const files = paths.map((path) => ({ path, weight: 1, distill: true }));
  const { dataset } = await readDataset(files, tokenizer, { maxTextTokens: 24, maxLabelTokens: 16 });
  const layout = await prepareLayout(tokenizer, { labelStyle: 'separator', token: ';', labelMaskOn: 'label', maxLength: 64 });
  return { dataset, layout };
}

/** Puts the label m7 of 60 at 7/60 of a circle, so that its neighbours are m6, m8, and so on, after those over 0.9. */
function circle({ labelIds, labelNames }: Awaited<ReturnType<typeof twoFiles>>['dataset']): SentenceEmbedder {
  const numberOf = new Map(labelNames.map((_, label) => [labelIds.at(label).join(), label]));
  const embedIds = async (ids: readonly Int32Array[]) =>
    ids.map((each) => {
      const angle = (2 * Math.PI * Number(labelNames[numberOf.get(each.join())!].slice(1))) / MANY;
      return Float32Array.of(Math.cos(angle), Math.sin(angle));
    });
  return { embed: () => Promise.reject(new Error('labels have ids')), embedIds, dispose: async () => {} };
}

const around = (label: string, other: string): number => {
  const apart = Math.abs(Number(label.slice(1)) - Number(other.slice(1)));
  return Math.min(apart, MANY - apart);
};
const nearLabels = async (dataset: Dataset, embedder: SentenceEmbedder, maxLabels: number, note: (line: string) => void) =>
  nearLabelsOf(await compareLabels(dataset, embedder, maxLabels, note), dataset);

/** Labels nearer than this have a cosine over 0.9: 4 / 60 of a circle is 24 degrees, 5 / 60 is 30. */
const FIRST = 5;

describe('near negatives', () => {
  it('are for files with more labels than are shown, each label embedded once', async () => {
    const { dataset } = await twoFiles();
    const notes: string[] = [];
    let embedded = 0;
    const embedder = circle(dataset);
    const counting = {
      ...embedder,
      embedIds: (ids: readonly Int32Array[]) => embedder.embedIds(ids).finally(() => (embedded += ids.length)),
    };
    const near = await nearLabels(dataset, counting, 5, (line) => notes.push(line));
    expect(near.map((each) => each !== undefined)).toEqual([true, false]);
    expect([embedded, notes]).toEqual([MANY, ['near negatives: comparing 60 labels of 1 file ...']]);
    const names = (count: number) =>
      [...near[0]!.nearest(dataset.labelNames.indexOf('m20'), count)].map((label) => dataset.labelNames[label]);
    expect(names(4).sort()).toEqual(['m14', 'm15', 'm25', 'm26']);
    expect(names(100)).toHaveLength(10);
    expect([...near[0]!.nearest(dataset.labelNames.indexOf('f1'), 4)]).toEqual([]);
    expect(await nearLabels(dataset, counting, MANY, (line) => notes.push(line))).toEqual([undefined, undefined]);
    expect([embedded, notes[1]]).toEqual([MANY, expect.stringMatching(/no file has more than 60 labels/)]);
  });

  it('are all near to one true label where every example has them', async () => {
    const { dataset, layout } = await twoFiles();
    const near = await nearLabels(dataset, circle(dataset), NEAR_SETTINGS.maxLabels, () => {});
    const sampler = createSampler(dataset, layout, NEAR_SETTINGS, near);
    const shown = new Set<number>();
    let sizes = 0;
    for (let i = 0; i < 3 * sampler.batchesPerEpoch; i++)
      for (const { source, row, labels, targets } of sampler.batch(i).examples) {
        if (source !== 0) continue;
        const truth = [...dataset.sources[0].labels.at(row)].map((label) => dataset.labelNames[label]);
        const wrong = labels.filter((_, at) => targets[at] === 0).map((label) => dataset.labelNames[label]);
        for (const name of wrong) expect(truth).not.toContain(name);
        // 2 * the labels shown, on both sides.
        const isNear = (label: string) =>
          wrong.every((name) => around(label, name) >= FIRST && around(label, name) < FIRST + labels.length);
        expect(truth.some(isNear)).toBe(true);
        for (const name of wrong) shown.add(around(truth.find(isNear)!, name));
        sizes = Math.max(sizes, labels.length);
      }
    expect(sizes).toBe(NEAR_SETTINGS.maxLabels);
    expect([...shown].sort()).toEqual([5, 6, 7, 8, 9]);
  });

  it('are drawn in a share of the examples; with 0 the batches are those of a sampler that knows of none', async () => {
    const { dataset, layout } = await twoFiles();
    const near = await nearLabels(dataset, circle(dataset), NEAR_SETTINGS.maxLabels, () => {});
    const batches = (nearNegatives: number, argument?: typeof near) => {
      const sampler = createSampler(dataset, layout, { ...NEAR_SETTINGS, nearNegatives }, argument);
      return Array.from({ length: sampler.batchesPerEpoch }, (_, i) => sampler.batch(i));
    };
    const without = batches(0);
    expect(batches(0, near)).toEqual(without);
    const farShare = (nearNegatives: number) => {
      const examples = batches(nearNegatives, near).flatMap((batch) => batch.examples.filter(({ source }) => source === 0));
      const far = examples.filter(({ row, labels, targets }) => {
        const truth = [...dataset.sources[0].labels.at(row)].map((label) => dataset.labelNames[label]);
        return labels.some(
          (label, at) =>
            targets[at] === 0 && truth.every((name) => around(name, dataset.labelNames[label]) >= FIRST + NEAR_SETTINGS.maxLabels),
        );
      });
      return far.length / examples.length;
    };
    expect(farShare(1)).toBe(0);
    expect(farShare(0.5)).toBeGreaterThan(0.6 * 0.5 * farShare(0));
    expect(farShare(0.5)).toBeLessThan(1.4 * 0.5 * farShare(0));
  });

  it('give a batch by its number alone', async () => {
    const { dataset, layout } = await twoFiles();
    const sampler = async () =>
      createSampler(
        dataset,
        layout,
        { ...NEAR_SETTINGS, nearNegatives: 0.5 },
        await nearLabels(dataset, circle(dataset), NEAR_SETTINGS.maxLabels, () => {}),
      );
    const straight = await sampler();
    const batches = Array.from({ length: 60 }, (_, i) => straight.batch(i));
    const jumping = await sampler();
    for (const i of [59, 3, 40, 0, 25]) expect(jumping.batch(i)).toEqual(batches[i]);
  });

  it('of very many labels come from the same part of them', async () => {
    // 9,000 labels are compared in three parts: number 4 with 1, 7, 10 and so on.
    const count = 9000;
    const labelSet = Int32Array.from({ length: count }, (_, label) => label);
    const { dataset } = await twoFiles();
    const labelIds = { at: (label: number) => Int32Array.of(label) } as typeof dataset.labelIds;
    const large = { ...dataset, labelIds, sources: [{ ...dataset.sources[0], labelSet }] };
    const embedder: SentenceEmbedder = {
      ...circle(dataset),
      embedIds: async (ids) => ids.map(([label]) => Float32Array.of(Math.cos(label / 3000), Math.sin(label / 3000))),
    };
    const [near] = await nearLabels(large, embedder, 3, () => {});
    // The first with a cosine of at most 0.9 is 0.451 radians, 1,353 labels, away.
    const first = Math.ceil(Math.acos(0.9) * 3000);
    const next = first + ((3 - (first % 3)) % 3);
    for (const label of [4, 4500, 8999]) {
      const expected = [0, 3, 6, 9, 12, 15]
        .flatMap((more) => [label - next - more, label + next + more])
        .filter((other) => other >= 0 && other < count);
      const found = [...near!.nearest(label, 6)];
      expect(found).toHaveLength(6);
      for (const other of found) expect(expected).toContain(other);
    }
  });

  it.each([
    ['the start encoder', {}],
    ['a teacher with a vocabulary of its own', { teacher: TINY_ENCODER.replace(/bert$/, 'roberta') }],
  ])('are near by the embeddings of %s, without distillation too', async (_, loss) => {
    const labels = ['the sea', 'a train', 'good food', 'film', 'bread and butter', 'he lost the match', 'minutes', 'a river in the north'];
    const path = join(temporaryFolder(), 'data.jsonl');
    writeFileSync(path, labels.map((label, row) => JSON.stringify({ text: `text ${row}`, labels: [label] })).join('\n'));
    const settings = checkSettings(
      {
        encoder: TINY_ENCODER,
        data: [path],
        loss,
        labels: { min: 2, max: 2, near_negatives: 1 },
        model: { max_length: 64 },
        batch_size: 8,
      },
      'test',
    );
    const start = await loadStart(settings, () => {});
    const teacher = (await loadTeacherModel(settings, start, () => {}))!;
    const layout = await layoutOf(start.tokenizer, start.options);
    const { dataset } = await readDataset(settings.data, start.tokenizer, {
      maxTextTokens: 32,
      maxLabelTokens: layout.labelLimit,
      ...(teacher.ownIds ? { teacherTokenizer: teacher.tokenizer } : {}),
    });
    const embedder = await createTeacherEmbedder(teacher, cpuDevice(), settings);
    try {
      const vectors = await embedder.embed(labels);
      const near = await nearLabels(dataset, embedder, settings.labels.max, () => {});
      const expected = labels.map((_, label) => sorted(vectors, label).slice(0, 4));
      // Of a random encoder most are too near; some have to be left for the comparison to say something.
      expect(expected.flat().length).toBeGreaterThan(3);
      expect(labels.map((_, label) => [...near[0]!.nearest(label, 4)])).toEqual(expected);
      const sampler = await samplerOf({ settings, start, teacher, dataset, device: cpuDevice() });
      for (const { row, labels: shown } of sampler.batch(0).examples)
        if (expected[row].length >= 1) expect(expected[row]).toContain(shown.find((label) => label !== row));
    } finally {
      await embedder.dispose();
    }
  });
});
