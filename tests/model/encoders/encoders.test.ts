/**
 * Every encoder family against Hugging Face transformers (tests/fixtures/encoders), run eagerly on tfjs's CPU backend;
 * what must not change the outputs; gradients of every parameter against finite differences; errors in the config.
 */
import '../../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../../src/base/errors.ts';
import { debertaBucket, relativeRow } from '../../../src/model/encoders/disentangled-attention.ts';
import type { EncoderInputs } from '../../../src/model/encoders/encoder.ts';
import { createEncoder, ENCODER_TYPES } from '../../../src/model/encoders/index.ts';
import { mpnetBucket } from '../../../src/model/encoders/mpnet.ts';
import {
  ATTENTION_TOLERANCE,
  FOLDERS,
  fixtureJson,
  goldenBatch,
  HIDDEN_TOLERANCE,
  inputsOf,
  largestDifference,
  loadFixture,
  tensorsOf,
} from './encoder-fixtures.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const BATCHES = ['single', 'padded', 'long', 'labels'];

describe.each(FOLDERS)('%s', (folder) => {
  const { encoder, values } = loadFixture(folder);
  const padding: number = fixtureJson(`${folder}/config.json`).pad_token_id;

  const hiddenOf = (inputs: EncoderInputs): Float32Array =>
    tf.tidy(() => encoder.forward(tensorsOf(encoder, values), inputs, false).hidden).dataSync() as Float32Array;

  it('says what it is', () => {
    const config = fixtureJson(`${folder}/config.json`);
    expect(encoder.modelType).toBe(config.model_type);
    expect(encoder.hiddenSize).toBe(32);
    expect(encoder.layers).toBe(config.num_hidden_layers ?? config.n_layers);
    expect(encoder.maxLength).toBe(64);
  });

  it.each(BATCHES)('gives the golden outputs: %s', (name) => {
    const batch = goldenBatch(folder, name);
    const [, heads, length] = batch.shape_attention;
    tf.tidy(() => {
      const { hidden, attention } = encoder.forward(tensorsOf(encoder, values), inputsOf(batch), true);
      expect(hidden.shape).toEqual(batch.shape_hidden);
      expect(attention?.shape).toEqual(batch.shape_attention);
      expect(largestDifference(hidden.dataSync(), batch.last_hidden_state, batch.attention_mask, 1, 32)).toBeLessThan(HIDDEN_TOLERANCE);
      const probabilities = attention?.dataSync() ?? [];
      expect(largestDifference(probabilities, batch.last_attention, batch.attention_mask, heads, length)).toBeLessThan(ATTENTION_TOLERANCE);
    });
  });

  it('gives no attention probabilities unless they are asked for', () => {
    tf.tidy(() => {
      const output = encoder.forward(tensorsOf(encoder, values), inputsOf(goldenBatch(folder, 'single')), false);
      expect(output.attention).toBeUndefined();
    });
  });

  it('gives a text the same outputs alone, in a batch, and with more padding', () => {
    const batch = goldenBatch(folder, 'padded');
    const together = hiddenOf(inputsOf(batch));
    const width = batch.input_ids[0].length;
    batch.input_ids.forEach((ids, text) => {
      const length = batch.attention_mask[text].reduce((sum, value) => sum + value, 0);
      const inBatch = together.slice(text * width * 32, (text * width + length) * 32);
      for (const extra of [0, 9]) {
        const row = [...ids.slice(0, length), ...new Array<number>(extra).fill(padding)];
        const mask = row.map((_, index) => (index < length ? 1 : 0));
        const types = batch.token_type_ids?.[text].slice(0, length);
        const alone = hiddenOf(
          inputsOf({
            input_ids: [row],
            attention_mask: [mask],
            ...(types ? { token_type_ids: [[...types, ...new Array<number>(extra).fill(0)]] } : {}),
          }),
        ).slice(0, length * 32);
        expect(largestDifference(alone, inBatch, [mask.slice(0, length)], 1, 32)).toBeLessThan(1e-5);
      }
    });
  });

  it('has gradients that agree with finite differences, for every parameter', () => {
    const batch = goldenBatch(folder, 'labels');
    const length = 8; // enough to leave the linear part of the buckets and the local window
    const part = (rows?: number[][]) => rows?.map((row) => row.slice(0, length));
    const inputs = inputsOf({
      input_ids: part(batch.input_ids) as number[][],
      attention_mask: [new Array(length).fill(1), [...new Array(length - 2).fill(1), 0, 0]],
      ...(batch.token_type_ids ? { token_type_ids: part(batch.token_type_ids) } : {}),
    });
    const names = Object.keys(encoder.parameterShapes());
    const real = tf.expandDims(tf.cast(inputs.attentionMask, 'float32'), 2); // padded rows are nobody's business
    const direction = tf.mul(tf.randomNormal([2, length, 32], 0, 1, 'float32', 7), real);
    const scalar = (...tensors: tf.Tensor[]): tf.Scalar => {
      const weights = Object.fromEntries(names.map((name, index) => [name, tensors[index]]));
      return tf.sum(tf.mul(encoder.forward(weights, inputs, false).hidden, direction)) as tf.Scalar;
    };
    const parameters = tensorsOf(encoder, values);
    const tensors = names.map((name) => parameters[name]);
    const gradients = tf.grads(scalar)(tensors);
    names.forEach((name, index) => {
      const length = tf.norm(gradients[index]).dataSync()[0];
      // A key's bias adds the same to all scores of a query, so the softmax drops it; DeBERTa's p2c term keeps it.
      if (/(self\.key|attention\.key|k_lin|attn\.k|pos_key_proj)\.bias$/.test(name)) {
        expect([name, length < 1e-4]).toEqual([name, true]);
        return;
      }
      expect([name, length > 1e-3]).toEqual([name, true]);
      // The slope along the gradient is its length: any wrong entry shows. A step of a hundredth of a weight's scale.
      const step = 4e-3;
      const slope = tf.tidy(() => {
        const move = tf.mul(gradients[index], step / length);
        const at = (sign: number) => scalar(...tensors.map((tensor, i) => (i === index ? tf.add(tensor, tf.mul(move, sign)) : tensor)));
        return at(1).dataSync()[0] - at(-1).dataSync()[0];
      });
      expect([name, Math.abs(slope / (2 * step) - length) < 0.01 * length + 2e-3]).toEqual([name, true]);
    });
  });
});

describe('distance buckets', () => {
  it('are those of transformers for DeBERTa, in the fixture and in the hub models', () => {
    for (const { n, position_buckets, max_position, bucket } of ['fixture', 'hub'].map(
      (key) => fixtureJson('deberta-v3/golden.json').relative_position[key],
    )) {
      expect(bucket).toHaveLength(2 * n - 1);
      expect(bucket.map((_: number, index: number) => debertaBucket(index - n + 1, position_buckets, max_position))).toEqual(bucket);
    }
  });

  it('end at the last row of the relative embeddings', () => {
    const hub = { buckets: 256, mostDistant: 512, span: 256 };
    expect([-5000, -512, 0, 512, 5000].map((distance) => relativeRow(distance, hub))).toEqual([0, 0, 256, 511, 511]);
    const plain = { buckets: 0, mostDistant: 64, span: 64 }; // without buckets: one row a distance
    expect([-70, -64, -3, 0, 3, 70].map((distance) => relativeRow(distance, plain))).toEqual([0, 0, 61, 64, 67, 127]);
  });

  it('are those of transformers for MPNet', () => {
    // MPNetEncoder.relative_position_bucket of transformers 4.57.6 for keys 0, 1, ... tokens before and after the query
    const sizes = [0, 1, 7, 8, 11, 12, 15, 16, 22, 23, 31, 32, 45, 46, 63, 64, 90, 91, 127, 128, 511];
    const before = [0, 1, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 15, 15];
    expect(sizes.map(mpnetBucket)).toEqual(before);
    expect(sizes.slice(1).map((size) => mpnetBucket(-size))).toEqual(before.slice(1).map((bucket) => bucket + 16));
  });
});

describe('configs', () => {
  const config = (folder: string, changes: Record<string, unknown>) => ({ ...fixtureJson(`${folder}/config.json`), ...changes });

  it.each([
    ['bert', { model_type: 'llama' }, `"model_type" is "llama"; supported: ${ENCODER_TYPES.join(', ')}`],
    ['bert', { model_type: undefined }, '"model_type" is missing'],
    ['bert', { hidden_size: undefined }, 'bert encoder config: field "hidden_size" is missing; expected an integer from 1'],
    ['bert', { hidden_size: '32' }, 'field "hidden_size" is "32"'],
    ['bert', { hidden_size: 2 ** 40 }, 'field "hidden_size" is 1099511627776'],
    ['bert', { vocab_size: -1 }, 'field "vocab_size" is -1'],
    ['bert', { num_hidden_layers: 1.5 }, 'field "num_hidden_layers" is 1.5'],
    ['bert', { num_hidden_layers: 100000 }, 'from 1 to 1024'],
    ['bert', { num_attention_heads: 5 }, 'field "num_attention_heads" is 5; expected a divisor of the hidden size 32'],
    ['bert', { hidden_act: 'swiglu' }, 'field "hidden_act" is "swiglu"; expected one of gelu'],
    ['bert', { layer_norm_eps: 0 }, 'field "layer_norm_eps" is 0; expected a number above 0'],
    ['bert', { position_embedding_type: 'relative_key' }, 'expected "absolute", the only one supported'],
    ['distilbert', { dim: null }, 'distilbert encoder config: field "dim" is missing'],
    ['roberta', { pad_token_id: 621 }, 'an id below the vocabulary size 621'],
    ['roberta', { max_position_embeddings: 2 }, 'positions start after the padding id'],
    ['mpnet', { relative_attention_num_buckets: 64 }, 'expected 32, the only one supported'],
    ['electra', { embedding_size: [] }, 'field "embedding_size" is []'],
    ['albert', { num_hidden_groups: 0 }, 'field "num_hidden_groups" is 0'],
    ['albert', { num_hidden_groups: 3 }, 'field "num_hidden_groups" is 3; expected at most the 2 layers'],
    ['deberta-v3', { pos_att_type: ['c2p', 'p2p'] }, 'field "pos_att_type" is ["c2p","p2p"]; expected a list of c2p, p2c'],
    ['deberta-v3', { relative_attention: 1 }, 'field "relative_attention" is 1; expected true or false'],
    ['deberta-v3', { norm_rel_ebd: 'batch_norm' }, 'expected one of none, layer_norm'],
    ['deberta-v3', { position_buckets: 1 }, 'field "position_buckets" is 1'],
    ['deberta-v2-conv', { conv_groups: 2 }, 'expected 1, the only one supported'],
    ['deberta-v2-conv', { conv_kernel_size: 4 }, 'field "conv_kernel_size" is 4'],
    ['modernbert', { local_attention: 'all' }, 'field "local_attention" is "all"'],
    ['modernbert', { hidden_size: 36, num_attention_heads: 4 }, 'heads of a size divisible by 2'],
  ])('%s with %j is refused', (folder, changes, message) => {
    const make = () => createEncoder(config(folder, changes));
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
  });

  it('of the hub layout are read: pos_att_type as one string', () => {
    const { encoder } = loadFixture('deberta-v3');
    expect(createEncoder(fixtureJson('deberta-v3-hub/config.json')).parameterShapes()).toEqual(encoder.parameterShapes());
  });

  it('name the parameter that the weights lack', () => {
    const { encoder, values } = loadFixture('bert');
    const { 'encoder.layer.1.output.dense.weight': _, ...rest } = tensorsOf(encoder, values);
    expect(() => encoder.forward(rest, inputsOf(goldenBatch('bert', 'single')), false)).toThrow('lack encoder.layer.1.output.dense.weight');
  });
});
