/** Golden: every fixture folder gives its encoder's weights, from both weight files, and with them the outputs of transformers. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { createEncoder } from '../../src/model/encoders/index.ts';
import { encoderWeights, readEncoderFolder } from '../../src/weights/encoder-weights.ts';
import { readSafetensors, type WeightMap } from '../../src/weights/formats/safetensors.ts';
import { readTorchFile } from '../../src/weights/formats/torch-pickle.ts';
import { goldenBatch, HIDDEN_TOLERANCE, inputsOf, largestDifference } from '../model/encoders/encoder-fixtures.ts';

const FIXTURES = new URL('../fixtures/encoders/', import.meta.url).pathname;
const ALL = [
  'albert',
  'bert',
  'bert-hub-mlm',
  'deberta-v2-conv',
  'deberta-v3',
  'deberta-v3-hub',
  'distilbert',
  'electra',
  'modernbert',
  'mpnet',
  'roberta',
  'xlm-roberta',
];

describe('pytorch_model.bin', () => {
  it.each(ALL.filter((folder) => existsSync(`${FIXTURES}${folder}/model.safetensors`)))('%s equals model.safetensors', (folder) => {
    const expected = readSafetensors(`${FIXTURES}${folder}/model.safetensors`);
    const actual = readTorchFile(`${FIXTURES}${folder}/pytorch_model.bin`);
    expect(expected.size).toBeGreaterThan(10);
    for (const [name, tensor] of expected) {
      expect(actual.get(name)?.shape).toEqual(tensor.shape);
      expect(Buffer.from(actual.get(name)!.data.buffer).equals(Buffer.from(tensor.data.buffer))).toBe(true);
    }
    // Tied tensors are in safetensors once: whatever the .bin has more shares its array with one of the others.
    for (const [name, { data }] of actual)
      if (!expected.has(name)) expect([...expected.keys()].some((other) => actual.get(other)?.data === data)).toBe(true);
  });

  it('has the same encoder inside the masked-LM checkpoint and alone', () => {
    const bert = readEncoderFolder(`${FIXTURES}bert`);
    const hub = encoderWeights(readTorchFile(`${FIXTURES}bert-hub-mlm/pytorch_model.bin`), bert.encoder, 'bert-hub-mlm');
    expect(hub).toEqual(bert.weights);
  });
});

describe('readEncoderFolder', () => {
  it.each(ALL)('%s gives every parameter of its encoder', (folder) => {
    const { encoder, weights, config } = readEncoderFolder(FIXTURES + folder);
    expect(config.model_type).toBe(encoder.modelType);
    expect(Object.fromEntries([...weights].map(([name, { shape }]) => [name, shape]))).toEqual(encoder.parameterShapes());
    for (const { shape, data } of weights.values()) expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
  });

  // The two in the layout of the hub; tests/model runs the others through the same mapping.
  it.each([
    ['bert-hub-mlm', 'bert'],
    ['deberta-v3-hub', 'deberta-v3-hub'],
  ])('%s gives the hidden states of transformers', async (folder, golden) => {
    await tf.setBackend('cpu');
    const { encoder, weights } = readEncoderFolder(FIXTURES + folder);
    const batch = goldenBatch(golden, 'padded');
    const hidden = tf.tidy(() => {
      const tensors = Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)]));
      return encoder.forward(tensors, inputsOf(batch), false).hidden.dataSync();
    });
    expect(largestDifference(hidden, batch.last_hidden_state, batch.attention_mask, 1, batch.shape_hidden[2])).toBeLessThan(
      HIDDEN_TOLERANCE,
    );
  });
});

describe('encoderWeights', () => {
  const encoder = createEncoder(JSON.parse(readFileSync(`${FIXTURES}bert/config.json`, 'utf8')));
  const plain = readSafetensors(`${FIXTURES}bert/model.safetensors`);
  const renamed = (rename: (name: string) => string): WeightMap => new Map([...plain].map(([name, tensor]) => [rename(name), tensor]));
  const expected = encoderWeights(plain, encoder, 'bert');

  it.each(['bert.', 'model.', '0.auto_model.', 'module.bert.', 'encoder.', 'roberta.', 'a.b.c.d.'])('takes off the prefix %s', (prefix) => {
    const weights = encoderWeights(
      renamed((name) => prefix + name),
      encoder,
      'x',
    );
    expect([...weights.keys()]).toEqual(Object.keys(encoder.parameterShapes()));
    expect(weights).toEqual(expected);
  });

  it('finds token embeddings that are only there as the tied output layer', () => {
    const all = new Map(plain);
    const embeddings = all.get('embeddings.word_embeddings.weight')!;
    all.delete('embeddings.word_embeddings.weight');
    all.set('cls.predictions.decoder.weight', embeddings);
    expect(encoderWeights(all, encoder, 'x')).toEqual(expected);
  });

  it('gives each parameter an array of its own, even where the file ties them', () => {
    const all = new Map(plain);
    const query = 'encoder.layer.0.attention.self.query.weight';
    const key = 'encoder.layer.0.attention.self.key.weight';
    all.set(key, all.get(query)!);
    const weights = encoderWeights(all, encoder, 'x');
    expect(weights.get(key)!.data).toEqual(weights.get(query)!.data);
    expect(weights.get(key)!.data).not.toBe(weights.get(query)!.data);
  });

  it('takes the tower whose shapes fit, the encoder itself before a copy, and refuses to choose between two strangers', () => {
    const tower = (prefix: string, from = plain): [string, WeightMap extends Map<string, infer T> ? T : never][] =>
      [...from].map(([name, tensor]) => [prefix + name, tensor]);
    const narrow: WeightMap = new Map(
      [...plain].map(([name, { shape }]) => [name, { shape: shape.map(() => 1), data: new Float32Array(1) }]),
    );
    expect(encoderWeights(new Map([...tower('generator.', narrow), ...tower('discriminator.')]), encoder, 'x')).toEqual(expected);
    expect(encoderWeights(new Map([...tower('ema.', narrow), ...tower('bert.')]), encoder, 'x')).toEqual(expected);
    expect(() => encoderWeights(new Map([...tower('question.'), ...tower('passage.')]), encoder, 'two.bin')).toThrow(
      'two.bin holds more than one encoder of this shape (under "question.", "passage.")',
    );
  });

  it('names a missing tensor, a wrong shape, integers, and weights of another model', () => {
    const lacking = renamed((name) => `bert.${name}`);
    lacking.delete('bert.encoder.layer.1.output.dense.bias');
    expect(() => encoderWeights(lacking, encoder, 'f')).toThrow(
      'f: missing tensor "bert.encoder.layer.1.output.dense.bias" [32]; the file is not whole',
    );
    lacking.delete('bert.encoder.layer.1.output.dense.weight');
    expect(() => encoderWeights(lacking, encoder, 'f')).toThrow('and 1 more of');
    const wrong = new Map(plain);
    wrong.set('embeddings.LayerNorm.bias', { shape: [31], data: new Float32Array(31) });
    expect(() => encoderWeights(wrong, encoder, 'f')).toThrow(
      'tensor "embeddings.LayerNorm.bias" has the shape [31] where config.json needs [32]',
    );
    wrong.set('embeddings.LayerNorm.bias', { shape: [32], data: new Int32Array(32) });
    expect(() => encoderWeights(wrong, encoder, 'f')).toThrow('holds integers');
    expect(() => encoderWeights(new Map([['x.y', { shape: [1], data: new Float32Array(1) }]]), encoder, 'f')).toThrow(
      'none of the 37 tensors of a bert encoder are there',
    );
  });
});

describe('a broken encoder folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'glz-encoder-'));
    cpSync(`${FIXTURES}bert`, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('names config.json and what is wrong with it', () => {
    writeFileSync(join(folder, 'config.json'), '{"model_type": "gpt5"}');
    expect(() => readEncoderFolder(folder)).toThrow(
      `${join(folder, 'config.json')}: encoder config: "model_type" is "gpt5"; supported: bert,`,
    );
    writeFileSync(join(folder, 'config.json'), '{');
    expect(() => readEncoderFolder(folder)).toThrow(`${join(folder, 'config.json')}: not JSON`);
    writeFileSync(join(folder, 'config.json'), '[]');
    expect(() => readEncoderFolder(folder)).toThrow('is not a JSON object');
    rmSync(join(folder, 'config.json'));
    expect(() => readEncoderFolder(folder)).toThrow(`cannot read ${join(folder, 'config.json')}`);
  });

  it('says that config.json and weights do not belong together', () => {
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, intermediate_size: 65 }));
    expect(() => readEncoderFolder(folder)).toThrow('has the shape [64,32] where config.json needs [65,32]');
  });
});
