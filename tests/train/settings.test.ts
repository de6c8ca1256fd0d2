import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ARTICLE_LOSS } from '../../src/model/loss.ts';
import { ARTICLE_OPTIONS, MODEL_OPTIONS } from '../../src/model/options.ts';
import { settingFields } from '../../src/options/settings-table.ts';
import { checkSettings, lossSettings, modelOptions, overrideSettings, readSettingsFile } from '../../src/train/settings.ts';
import { trainSettingsSchema } from '../../src/train/settings-schema.ts';
import { parseOptions } from '../../src/weights/checkpoint.ts';
import { ROOT } from '../tiny-checkpoint.ts';

const PRESETS = join(ROOT, 'configs/train');

describe('the settings of a training run', () => {
  it('show in the table the defaults that the schema fills in', () => {
    const filled = trainSettingsSchema.parse({
      ...{ encoder: 'e', data: ['d'], dev: { data: 'x' }, calibration: { data: 'x' }, average_last: {} },
    }) as Record<string, unknown>;
    const compared = settingFields(trainSettingsSchema).filter(
      ({ default: value, name }) => value && value !== 'required' && !name.includes('[]'),
    );
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

  it('are set by names, of which those that every object has are none', () => {
    const begun = { encoder: 'e', data: ['d'], loss: { margin: 1 } };
    expect(overrideSettings(begun, { 'loss.margin': 2, 'labels.max': 9, seed: undefined })).toEqual({
      ...begun,
      loss: { margin: 2 },
      labels: { max: 9 },
    });
    for (const name of ['__proto__.x', '__proto__', 'loss.__proto__.x', 'constructor.prototype.x', 'toString']) {
      expect(() => checkSettings(overrideSettings(begun, { [name]: 1 }), 'test')).toThrow(/^test: (loss|settings): Unrecognized key: /);
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    }
  });

  it('refuse a share outside of 0 to 1, naming the field', () => {
    for (const field of ['near_negatives', 'unrelated_negatives', 'negated_share'] as const) {
      const withShare = (share: number) => checkSettings({ encoder: 'e', data: ['d'], labels: { [field]: share } }, 'test');
      for (const wrong of [-0.1, 1.1]) expect(() => withShare(wrong)).toThrow(new RegExp(`^test: labels\\.${field}: `));
      expect(withShare(1).labels[field]).toBe(1);
    }
  });

  it('refuse a decay of 1, with which every step would divide by 0', () => {
    const withDecay = (beta1: number) => checkSettings({ encoder: 'e', data: ['d'], optimizer: { beta1 } }, 'test');
    expect(() => withDecay(1)).toThrow(/^test: optimizer\.beta1: /);
    expect(withDecay(0).optimizer.beta1).toBe(0);
  });

  it('name the nearest field of one that there is none of', () => {
    const refusal = (settings: object) => () => checkSettings({ encoder: 'e', data: ['d'], ...settings }, 'test');
    expect(refusal({ loss: { margn: 1 } })).toThrow('test: loss: Unrecognized key: "margn"; did you mean "margin"?');
    expect(refusal({ data: [{ path: 'd', wieght: 1 }] })).toThrow('test: data.0: Unrecognized key: "wieght"; did you mean "weight"?');
    expect(refusal({ optimiser: {} })).toThrow('test: settings: Unrecognized key: "optimiser"; did you mean "optimizer"?');
  });

  it('have each option of the model under its name, with the default of the article', () => {
    const settings = checkSettings({ encoder: 'e', data: ['d'] }, 'test');
    expect(modelOptions(settings)).toEqual(ARTICLE_OPTIONS);
    expect(Object.keys(modelOptions(settings))).toEqual([...Object.keys(MODEL_OPTIONS), 'calibration']);
    const others = { text_pooling: 'mean', labels_per_group: 7, max_length: 64, projection: null, separator: ' | ' };
    const options = modelOptions(checkSettings({ encoder: 'e', data: ['d'], model: others }, 'test'));
    expect(options).toEqual({
      ...ARTICLE_OPTIONS,
      ...{ textPooling: 'mean', labelsPerGroup: 7, maxLength: 64, projection: null, separator: ' | ' },
    });
    // What settings can ask for, a checkpoint can hold.
    expect(parseOptions(JSON.parse(JSON.stringify(options)), 'test')).toEqual(options);
  });

  it('give the loss the terms that it is made of', () => {
    expect(lossSettings(checkSettings({ encoder: 'e', data: ['d'], loss: { margin_on: 'logits' } }, 'test'))).toEqual({
      ...ARTICLE_LOSS,
      marginOn: 'logits',
    });
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
