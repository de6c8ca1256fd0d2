/** Batches that share their labels: each is read once, every example finds its own, and none is a negative of a text that it is true of. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareLayout } from '../../../src/text/joint-sequence.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { readDataset } from '../../../src/train/data/dataset.ts';
import type { LateBatchSettings } from '../../../src/train/data/late-batch.ts';
import { createSampler, type SampledBatch } from '../../../src/train/data/sampling.ts';
import type { LateTrainingBatch } from '../../../src/train/engine/training-session.ts';
import { TINY_ENCODER, temporaryFolder } from '../../tiny-checkpoint.ts';

const SETTINGS = {
  ...{ seed: 1, batchSize: 8, mixingTemperature: 1, minLabels: 2, maxLabels: 5, hardNegatives: 1, noneShare: 0.2 },
  ...{ labelDropout: 0.3, nearNegatives: 0, unrelatedNegatives: 0.2, negatedShare: 0.2 },
};
const LATE: LateBatchSettings = { upperLayers: false, inBatch: true, maxLabelTokens: 16, readsBlocks: true };

/** Two files that share a label in another spelling; the second has no teacher. */
async function batches(late: LateBatchSettings, count = 12) {
  const tokenizer = await loadTokenizer(TINY_ENCODER);
  const folder = temporaryFolder();
  const files = ['red', 'Red'].map((shared, source) => {
    const path = join(folder, `s${source}.jsonl`);
    const lines = Array.from({ length: 60 }, (_, row) => {
      const labels = row % 3 === 0 ? [shared] : [`label ${source} ${row % 7}`, `word ${source} ${row % 5}`];
      return JSON.stringify({ text: `text ${row} ${'word '.repeat(row % 9)}`, labels, not_labels: [`label ${source} ${(row + 1) % 7}`] });
    });
    writeFileSync(path, lines.join('\n'));
    return { path, weight: 1, distill: source === 0 };
  });
  const { dataset } = await readDataset(files, tokenizer, { maxTextTokens: 24, maxLabelTokens: 16, negations: true });
  const layout = await prepareLayout(tokenizer, { labelStyle: 'marker', token: '[MASK]', labelMaskOn: 'label', maxLength: 64 });
  const sampler = createSampler(dataset, layout, { ...SETTINGS, late });
  return { dataset, layout, sampled: Array.from({ length: count }, (_, i) => sampler.batch(i)) };
}

const lateOf = ({ batch }: SampledBatch) => batch as LateTrainingBatch;

describe.each([
  ['a column a label', LATE],
  ['columns of each text', { ...LATE, upperLayers: true }],
  ['a label in each row', { ...LATE, readsBlocks: false }],
])('a batch with %s', (_, settings) => {
  it('reads each label once, and gives each example its own with their targets', async () => {
    const { dataset, layout, sampled } = await batches(settings);
    for (const each of sampled) {
      const { packedLabels, labels, shown, targets, valid, choice } = lateOf(each);
      const { length, perRow, places, inputIds, labelMask, blocks } = packedLabels;
      const read = new Set(each.examples.flatMap((example) => example.labels));
      const distinct = new Set([...read].map((label) => dataset.labelIds.at(label).join()));
      expect([places.length, new Set(places).size]).toEqual([read.size, distinct.size]);
      for (const [row, example] of each.examples.entries()) {
        expect(valid.subarray(row * labels, (row + 1) * labels).reduce((a, b) => a + b)).toBe(example.labels.length);
        for (const [k, label] of example.labels.entries()) {
          const column = each.columns[row].indexOf(label);
          const at = row * labels + column;
          expect([targets[at], valid[at], choice![at]]).toEqual([example.targets[k], 1, 1]);
          const place = shown ? shown.numbers[at] : places[column];
          const first = Math.floor(place / perRow) * length;
          const own = [...inputIds.keys()].filter((i) => i >= first && i < first + length && labelMask[i] === (place % perRow) + 1);
          expect(own.map((i) => inputIds[i])).toEqual([...dataset.labelIds.at(label)]);
          expect(inputIds[own[0] - 1]).toBe(layout.markerIds[0]);
          if (settings.readsBlocks) expect(own.map((i) => blocks!.positions[i])).toEqual(own.map((_, i) => i + 1));
          else expect([blocks, perRow]).toEqual([undefined, 1]);
        }
      }
    }
  });

  it('lets a text choose among the labels of others that are not true of it; of other files only where a teacher can tell', async () => {
    const { dataset, sampled } = await batches(settings);
    let others = 0;
    for (const each of sampled) {
      const { labels, choice, valid } = lateOf(each);
      for (const [row, example] of each.examples.entries()) {
        const source = dataset.sources[example.source];
        const truth = new Set([...source.labels.at(example.row)].map((label) => dataset.labelNames[label].toLowerCase()));
        for (const [column, label] of each.columns[row].entries()) {
          const at = row * labels + column;
          if (!choice![at] || valid[at]) continue;
          others++;
          expect(example.negated).toBeUndefined();
          expect(label).toBeLessThan(dataset.labelNames.length); // no negation of another example
          expect(truth).not.toContain(dataset.labelNames[label].toLowerCase());
          if (!source.distill)
            expect([
              ...source.labelSet,
              ...each.examples.flatMap((other) => (other.source === example.source ? other.labels : [])),
            ]).toContain(label);
        }
      }
    }
    expect(others).toBeGreaterThan(100);
  });

  it('has no label of others where that is not asked for', async () => {
    const { sampled } = await batches({ ...settings, inBatch: false }, 4);
    for (const each of sampled) expect(lateOf(each).choice).toEqual(lateOf(each).valid);
  });

  it('reads so many tokens of a label and no more', async () => {
    const { sampled } = await batches({ ...settings, maxLabelTokens: 2 }, 2);
    for (const each of sampled) {
      const { labelMask } = lateOf(each).packedLabels;
      const counts = new Map<number, number>();
      for (const [at, label] of labelMask.entries())
        if (label > 0) {
          const key = Math.floor(at / lateOf(each).packedLabels.length) * 1000 + label;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      expect(Math.max(...counts.values())).toBe(2);
    }
  });
});
