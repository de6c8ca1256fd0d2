import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSettings, readSettingsFile, trainSettingsSchema } from '../../src/train/settings.ts';
import { settingFields, settingsMarkdown } from '../../src/train/settings-table.ts';
import { ROOT } from '../tiny-checkpoint.ts';

const PRESETS = join(ROOT, 'configs/train');

describe('the settings of a training run', () => {
  it('are documented: every field has a meaning, and docs/train.md shows exactly the table that the schema gives', () => {
    for (const { name, meaning } of settingFields()) expect([name, meaning.length > 10]).toEqual([name, true]);
    const document = readFileSync(join(ROOT, 'docs/train.md'), 'utf8');
    const shown = document.slice(document.indexOf('| field |'));
    expect(shown.slice(0, shown.indexOf('\n\n'))).toBe(settingsMarkdown());
  });

  it('show in the table the defaults that the schema fills in', () => {
    const filled = trainSettingsSchema.parse({
      ...{ encoder: 'e', data: ['d'], dev: { data: 'x' }, calibration: { data: 'x' }, average_last: {} },
    }) as Record<string, unknown>;
    const compared = settingFields().filter(({ default: value, name }) => value && value !== 'required' && !name.includes('[]'));
    expect(compared.length).toBeGreaterThan(40);
    for (const { name, default: value } of compared) {
      const found = name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], filled);
      expect([name, found]).toEqual([name, JSON.parse(value)]);
    }
  });

  it.each(readdirSync(PRESETS))('%s is valid', (file) => {
    const settings = readSettingsFile(join(PRESETS, file));
    expect(() => checkSettings({ data: ['train.jsonl'], ...settings }, file)).not.toThrow();
  });

  it('refuse a share outside of 0 to 1, naming the field', () => {
    for (const field of ['near_negatives', 'unrelated_negatives', 'negated_share'] as const) {
      const withShare = (share: number) => checkSettings({ encoder: 'e', data: ['d'], labels: { [field]: share } }, 'test');
      for (const wrong of [-0.1, 1.1]) expect(() => withShare(wrong)).toThrow(new RegExp(`^test: labels\\.${field}: `));
      expect(withShare(1).labels[field]).toBe(1);
    }
  });

  it('refuse blocks without markers, and one-way attention with a pooling that goes by attention to labels', () => {
    const withModel = (model: object) => checkSettings({ encoder: 'e', data: ['d'], model }, 'test');
    for (const cross_attention of ['gated', 'one-way']) {
      expect(() => withModel({ cross_attention })).toThrow(/^test: model\.cross_attention: .+ needs label_style: marker$/);
      expect(() => withModel({ cross_attention, label_style: 'marker', label_pooling: 'mean' })).not.toThrow();
    }
    expect(() => withModel({ cross_attention: 'one-way', label_style: 'marker' })).toThrow(/^test: model\.label_pooling: /);
    expect(() => checkSettings({ checkpoint: 'c', data: ['d'], model: { cross_attention: 'one-way' } }, 'test')).not.toThrow();
  });

  it('accept a teacher where it only says which labels are near', () => {
    const withTeacher = (near_negatives: number) =>
      checkSettings({ encoder: 'e', data: ['d'], loss: { teacher: 't' }, labels: { near_negatives } }, 'test');
    expect(() => withTeacher(0)).toThrow(/loss\.teacher: has no effect/);
    expect(() => withTeacher(0.5)).not.toThrow();
  });

  it("give the article's figures in article.yaml", () => {
    const settings = checkSettings({ ...readSettingsFile(join(PRESETS, 'article.yaml')), data: ['train.jsonl'] }, 'article');
    expect(settings).toMatchObject({
      encoder: 'microsoft/deberta-v3-small',
      model: {
        text_pooling: 'cls',
        label_pooling: 'attention',
        projection: 256,
        similarity: 'linear',
        label_style: 'separator',
        separator: ';',
        max_length: 512,
      },
      loss: { bce_weight: 0.7, margin_weight: 0.3, margin: 0.5, margin_on: 'probabilities', softmax_weight: 0, distill_weight: 0 },
      optimizer: { learning_rate: 2e-5, head_rate_factor: 1, layer_decay: 1, clip_norm: 0, freeze_embeddings: false, freeze_layers: 0 },
      batch_size: 32,
      accumulation: 1,
      epochs: 10,
    });
    expect([settings.max_steps, settings.average_last, settings.mixing_temperature]).toEqual([undefined, undefined, 1]);
  });
});
