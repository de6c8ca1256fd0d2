import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDataset } from '../../../src/train/data/dataset.ts';
import { samplerOf } from '../../../src/train/data/run-sampler.ts';
import { cpuDevice } from '../../../src/train/engine/devices.ts';
import { checkSettings } from '../../../src/train/settings.ts';
import { loadStart } from '../../../src/train/start.ts';
import { loadTeacherModel } from '../../../src/train/teacher.ts';
import { readSafetensors, writeSafetensors } from '../../../src/weights/formats/safetensors.ts';
import { TINY_ENCODER, temporaryFolder } from '../../tiny-checkpoint.ts';

const WORDS = ['the sea', 'a train', 'good food', 'film', 'bread and butter', 'he lost the match', 'minutes', 'a river in the north'];
const folder = temporaryFolder();
const data = join(folder, 'data.jsonl');
writeFileSync(data, WORDS.map((label, row) => JSON.stringify({ text: `text ${row}`, labels: [label] })).join('\n'));

let files = 0;
const newFile = () => join(folder, `near-${files++}.safetensors`);

/** Makes a sampler with near negatives kept in a file: its first batch, and the lines that were noted. */
async function sampled(file: string, { max = 2, others = {}, path = data }: { max?: number; others?: object; path?: string } = {}) {
  const settings = checkSettings(
    {
      encoder: TINY_ENCODER,
      data: [path],
      labels: { min: 2, max, near_negatives: 1 },
      model: { max_length: 64 },
      batch_size: 8,
      ...others,
    },
    'test',
  );
  const start = await loadStart(settings, () => {});
  const teacher = (await loadTeacherModel(settings, start, () => {}))!;
  const { dataset } = await readDataset(settings.data, start.tokenizer, {
    maxTextTokens: 32,
    maxLabelTokens: 16,
    ...(teacher.ownIds ? { teacherTokenizer: teacher.tokenizer } : {}),
  });
  const notes: string[] = [];
  const note = (line: string) => notes.push(line);
  const sampler = await samplerOf({ settings, start, teacher, dataset, device: cpuDevice(), note, nearLabelsFile: file });
  return { examples: sampler.batch(0).examples, compared: notes.filter((line) => /comparing/.test(line)).length };
}

describe('the file of near labels', () => {
  it('spares the second start the comparison, and gives the same batches', async () => {
    const file = newFile();
    const first = await sampled(file);
    const second = await sampled(file);
    expect([first.compared, second.compared]).toEqual([1, 0]);
    expect(second.examples).toEqual(first.examples);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([
    ['labels', async () => ({ path: await otherLabels() })],
    ['a number of labels shown', async () => ({ max: 3 })],
    ['a teacher', async () => ({ others: { loss: { teacher: TINY_ENCODER.replace(/bert$/, 'roberta') } } })],
  ])('is made again for other %s', async (_, change) => {
    const file = newFile();
    await sampled(file);
    const before = readFileSync(file);
    const changed = await change();
    expect((await sampled(file, changed)).compared).toBe(1);
    expect(readFileSync(file).equals(before)).toBe(false);
    expect((await sampled(file, changed)).compared).toBe(0);
  });

  it('is kept where only the rate or the steps change', async () => {
    const file = newFile();
    await sampled(file);
    expect((await sampled(file, { others: { optimizer: { learning_rate: 0.1 }, max_steps: 3 } })).compared).toBe(0);
  });

  it.each<[string, (file: string) => void]>([
    ['is cut short', (file) => writeFileSync(file, readFileSync(file).subarray(0, 120))],
    ['holds a label that is not there', (file) => rewrite(file, (table) => table.fill(WORDS.length, 0, 1))],
    ['holds a negative label', (file) => rewrite(file, (table) => table.fill(-2, 0, 1))],
    ['has another size', (file) => rewrite(file, (table) => table.subarray(1))],
  ])('is not trusted where it %s', async (_, damage) => {
    const file = newFile();
    const { examples } = await sampled(file);
    const whole = readFileSync(file);
    damage(file);
    const again = await sampled(file);
    expect([again.compared, again.examples]).toEqual([1, examples]);
    expect(readFileSync(file).equals(whole)).toBe(true);
  });
});

async function otherLabels(): Promise<string> {
  const path = join(folder, 'other.jsonl');
  if (!existsSync(path)) writeFileSync(path, readFileSync(data, 'utf8').replace('"film"', '"cinema"'));
  return path;
}

/** Writes the file again with its table changed. */
function rewrite(file: string, change: (table: Int32Array) => Int32Array): void {
  const tensors = readSafetensors(file);
  const table = change(Int32Array.from(tensors.get('0')!.data));
  writeSafetensors(file, tensors.set('0', { shape: [table.length], data: table }));
}
