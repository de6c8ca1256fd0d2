import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../src/classify/classifier.ts';
import { createSentenceEmbedder } from '../../src/classify/sentence-embedder.ts';
import { readDataset } from '../../src/train/data/dataset.ts';
import { samplerOf } from '../../src/train/data/run-sampler.ts';
import { cpuDevice } from '../../src/train/engine/devices.ts';
import { checkSettings, readSettingsFile } from '../../src/train/settings.ts';
import { loadStart } from '../../src/train/start.ts';
import { createTeacher, loadTeacherModel } from '../../src/train/teacher.ts';
import { ROOT, TINY_ENCODER, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const ROBERTA = join(ROOT, 'tests/fixtures/encoders/roberta');
const SCALE = 15;
const LABELS = ['travel', 'the sea', 'good food', 'a film'];
const TEXTS = ['the train was late', 'we took the bus to the sea', 'the soup was cold', 'a good actor in a bad story'];

const folder = temporaryFolder();
for (const [name, shift] of [
  ['taught', 0],
  ['untaught', 1],
] as const)
  writeFileSync(
    join(folder, `${name}.jsonl`),
    TEXTS.map((text, at) => JSON.stringify({ text: `${text} ${shift}`, labels: [LABELS[at]] })).join('\n'),
  );

async function prepared(
  loss: Record<string, unknown>,
  start: Record<string, unknown> = { encoder: TINY_ENCODER },
  labels: Record<string, unknown> = {},
) {
  const settings = checkSettings(
    {
      ...start,
      data: [{ path: join(folder, 'taught.jsonl') }, { path: join(folder, 'untaught.jsonl'), distill: false }],
      loss: { distill_weight: 1, distill_scale: SCALE, ...loss },
      model: { max_length: 64 },
      labels: { min: 3, max: 4, ...labels },
      batch_size: 8,
    },
    'test',
  );
  const model = await loadStart(settings, () => {});
  const teacher = (await loadTeacherModel(settings, model, () => {}))!;
  const layout = await layoutOf(model.tokenizer, model.options);
  const { dataset } = await readDataset(settings.data, model.tokenizer, {
    maxTextTokens: 32,
    maxLabelTokens: layout.labelLimit,
    negations: settings.labels.negated_share > 0,
    ...(teacher.ownIds ? { teacherTokenizer: teacher.tokenizer } : {}),
  });
  return { model, teacher, dataset, sampler: await samplerOf({ settings, start: model, teacher, dataset, device: cpuDevice() }) };
}

/** Compares the teacher's distribution with the softmax of cosines of the embedder's own reading of the strings. */
async function expectItsOwnSimilarity({ teacher, dataset, sampler }: Awaited<ReturnType<typeof prepared>>) {
  const embedder = await createSentenceEmbedder(teacher);
  const one = createTeacher(await createSentenceEmbedder(teacher), teacher.encoder.hiddenSize, dataset, SCALE);
  try {
    const sampled = sampler.batch(0);
    await one.teach(sampled);
    const distribution = sampled.batch.teacher!;
    for (const [row, { source, row: number, labels, negated }] of sampled.examples.entries()) {
      const found = [...distribution.subarray(row * sampled.batch.labels, row * sampled.batch.labels + labels.length)];
      if (source === 1 || negated) {
        expect(found).toEqual(labels.map(() => 0));
        continue;
      }
      const [text, ...vectors] = await embedder.embed([`${TEXTS[number]} 0`, ...labels.map((label) => dataset.labelNames[label])]);
      const shares = vectors.map((vector) => Math.exp(SCALE * vector.reduce((sum, x, i) => sum + x * text[i], 0)));
      const sum = shares.reduce((a, b) => a + b, 0);
      expect(found.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      for (const [k, share] of shares.entries()) expect(found[k]).toBeCloseTo(share / sum, 4);
    }
  } finally {
    await embedder.dispose();
    await one.dispose();
  }
}

describe('the teacher', () => {
  it('is the start encoder where none is named', async () => {
    const all = await prepared({});
    expect(all.teacher.ownIds).toBe(false);
    expect(all.teacher.encoder).toBe(all.model.encoder);
    await expectItsOwnSimilarity(all);
  });

  it('has no say on a label and its negation', async () => {
    const all = await prepared({ teacher: ROBERTA }, undefined, { negated_share: 0.5 });
    const negated = all.sampler.batch(0).examples.filter(({ source, negated }) => source === 0 && negated);
    expect(negated.length).toBeGreaterThan(0);
    await expectItsOwnSimilarity(all);
  });

  it('is another encoder for a run that starts from a checkpoint; equal tokenizers share their ids', async () => {
    const all = await prepared({ teacher: TINY_ENCODER }, { checkpoint: await writeTinyCheckpoint() });
    expect(all.teacher.ownIds).toBe(false);
    expect(all.dataset.teacherLabelIds).toBeUndefined();
    await expectItsOwnSimilarity(all);
  });

  it('reads texts and labels with its own tokenizer where the vocabulary is another one', async () => {
    const all = await prepared({ teacher: ROBERTA });
    expect(all.teacher.ownIds).toBe(true);
    expect([...all.dataset.teacherLabelIds!.at(0)]).not.toEqual([...all.dataset.labelIds.at(0)]);
    await expectItsOwnSimilarity(all);
  });

  it('is named by a settings file relative to it; without a weight or a folder it is an error', async () => {
    const file = join(folder, 'settings.yaml');
    writeFileSync(file, 'loss: {distill_weight: 1, teacher: ./teacher}');
    expect(readSettingsFile(file)).toEqual({ loss: { distill_weight: 1, teacher: join(folder, 'teacher') } });
    await expect(prepared({ teacher: join(folder, 'none') })).rejects.toThrow(/there is no folder/);
    await expect(prepared({ teacher: TINY_ENCODER, distill_weight: 0 })).rejects.toThrow(
      /loss\.teacher: has no effect without loss\.distill_weight/,
    );
  });
});
