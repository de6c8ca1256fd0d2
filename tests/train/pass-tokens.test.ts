/** `max_pass_tokens`: a batch goes through the model in parts, which hold the same examples and weigh as much. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../src/classify/classifier.ts';
import { readDataset } from '../../src/train/data/dataset.ts';
import { samplerOf } from '../../src/train/data/run-sampler.ts';
import { cpuDevice, type TrainingDevice } from '../../src/train/engine/devices.ts';
import { checkSettings } from '../../src/train/settings.ts';
import { loadStart } from '../../src/train/start.ts';
import { train } from '../../src/train/trainer.ts';
import { TINY_ENCODER, temporaryFolder } from '../tiny-checkpoint.ts';

const BATCH = 6;

async function prepared(further: Record<string, unknown>) {
  const path = join(temporaryFolder(), 'data.jsonl');
  const labels = ['travel by train', 'sport', 'film', 'food and wine', 'music', 'weather'];
  const row = (at: number) => ({ text: 'the train was late '.repeat(1 + (at % 7)), labels: [labels[at % labels.length]] });
  writeFileSync(path, Array.from({ length: 60 }, (_, at) => JSON.stringify(row(at))).join('\n'));
  const settings = checkSettings({ encoder: TINY_ENCODER, data: [path], batch_size: BATCH, max_steps: 3, ...further }, 'test');
  const start = await loadStart(settings, () => {});
  const layout = await layoutOf(start.tokenizer, start.options);
  const { dataset } = await readDataset(settings.data, start.tokenizer, { maxTextTokens: 60, maxLabelTokens: layout.labelLimit });
  return { settings, start, dataset, sampler: await samplerOf({ settings, start, dataset, device: cpuDevice() }) };
}

describe('max_pass_tokens', () => {
  it('splits a batch into parts of the same examples, each padded by itself', async () => {
    const whole = (await prepared({})).sampler;
    const most = 150;
    const split = (await prepared({ max_pass_tokens: most })).sampler;
    const counts = new Set<number>();
    for (let index = 0; index < 10; index++) {
      expect(whole.parts(index)).toEqual([whole.batch(index)]);
      const parts = split.parts(index);
      counts.add(parts.length);
      expect(parts.flatMap(({ examples }) => examples)).toEqual(whole.batch(index).examples);
      for (const { batch } of parts) expect(batch.batch * batch.length).toBeLessThanOrEqual(most);
      const tokens = (batches: typeof parts) => batches.reduce((sum, { batch }) => sum + batch.attentionMask.reduce((a, b) => a + b, 0), 0);
      expect(tokens(parts)).toBe(tokens([whole.batch(index)]));
    }
    expect(Math.max(...counts)).toBeGreaterThan(2);
    // Of one token: every example by itself.
    expect((await prepared({ max_pass_tokens: 1 })).sampler.parts(0)).toHaveLength(BATCH);
  });

  it('gives every example of a step the same weight, and no pass more tokens', async () => {
    const { settings, start, dataset, sampler } = await prepared({ max_pass_tokens: 150, accumulation: 2, dropout: 0.1 });
    const device = cpuDevice({ threads: 1 });
    const passes: { rows: number; tokens: number; weight: number }[] = [];
    const watched: TrainingDevice = {
      ...device,
      async createTrainingEngine(request) {
        const engine = await device.createTrainingEngine(request);
        return {
          ...engine,
          accumulate(batch, weight) {
            passes.push({ rows: batch.batch, tokens: batch.batch * batch.length, weight });
            return engine.accumulate(batch, weight);
          },
        };
      },
    };
    const reports: { examples: number; loss: number }[] = [];
    await train({
      ...{ settings, start, dataset, sampler, device: watched, output: join(temporaryFolder(), 'run'), resume: false, identity: 'one' },
      onStep: (report) => reports.push(report),
    });
    expect(passes.length).toBeGreaterThan(6);
    for (const { rows, tokens, weight } of passes) {
      expect(tokens).toBeLessThanOrEqual(150);
      expect(weight).toBeCloseTo(rows / (2 * BATCH), 12);
    }
    expect(passes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(3, 9);
    expect(reports.map(({ examples }) => examples)).toEqual([12, 12, 12]);
    for (const { loss } of reports) expect(loss).toBeGreaterThan(0.1);
  });
});
