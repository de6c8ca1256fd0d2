/** The encoder fixtures (tests/fixtures/encoders) as the tests of src/model read them: configs, weights, golden outputs. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { Encoder, EncoderInputs } from '../../../src/model/encoders/encoder.ts';
import { createEncoder } from '../../../src/model/encoders/index.ts';
import { encoderWeights } from '../../../src/weights/encoder-weights.ts';
import { readSafetensors } from '../../../src/weights/formats/safetensors.ts';

const FIXTURES = new URL('../../fixtures/encoders/', import.meta.url).pathname;

/** Folders of the fixtures with golden outputs and a `model.safetensors`: one or two a family. */
export const FOLDERS = [
  'bert',
  'distilbert',
  'roberta',
  'xlm-roberta',
  'mpnet',
  'electra',
  'albert',
  'deberta-v3',
  'deberta-v2-conv',
  'modernbert',
];

/** README.md of the fixtures: what a correct float32 implementation stays within. */
export const HIDDEN_TOLERANCE = 2e-5;
export const ATTENTION_TOLERANCE = 5e-6;

/** A batch of golden.json. */
export interface GoldenBatch {
  name: string;
  input_ids: number[][];
  attention_mask: number[][];
  token_type_ids?: number[][];
  shape_hidden: [number, number, number];
  last_hidden_state: number[];
  shape_attention: [number, number, number, number];
  last_attention: number[];
}

// biome-ignore lint/suspicious/noExplicitAny: files of many shapes
export const fixtureJson = (path: string): any => JSON.parse(readFileSync(`${FIXTURES}${path}`, 'utf8'));

const golden = new Map<string, GoldenBatch[]>();

/** Batches of a folder's golden.json, which is read once; not to be changed. */
export function goldenBatches(folder: string): GoldenBatch[] {
  const batches: GoldenBatch[] = golden.get(folder) ?? fixtureJson(`${folder}/golden.json`).model.batches;
  golden.set(folder, batches);
  return batches;
}

export function goldenBatch(folder: string, name: string): GoldenBatch {
  const batch = goldenBatches(folder).find((candidate) => candidate.name === name);
  if (!batch) throw new Error(`${folder} has no batch ${name}`);
  return batch;
}

/** Values of the encoder's parameters by name. */
export function fixtureWeights(folder: string, encoder: Encoder): Record<string, Float32Array> {
  const path = `${FIXTURES}${folder}/model.safetensors`;
  return Object.fromEntries([...encoderWeights(readSafetensors(path), encoder, path)].map(([name, { data }]) => [name, data]));
}

/** The encoder of a folder, and its parameters' values. */
export function loadFixture(folder: string): { encoder: Encoder; values: Record<string, Float32Array> } {
  const encoder = createEncoder(fixtureJson(`${folder}/config.json`));
  return { encoder, values: fixtureWeights(folder, encoder) };
}

/** Parameters as tensors of the current backend. */
export function tensorsOf(encoder: Encoder, values: Record<string, Float32Array>): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(encoder.parameterShapes()).map(([name, shape]) => [name, tf.tensor(values[name], shape)]));
}

export function inputsOf(batch: Pick<GoldenBatch, 'input_ids' | 'attention_mask' | 'token_type_ids'>): EncoderInputs {
  return {
    inputIds: tf.tensor2d(batch.input_ids, undefined, 'int32'),
    attentionMask: tf.tensor2d(batch.attention_mask, undefined, 'int32'),
    positions: tf.range(0, batch.input_ids[0].length, 1, 'int32'),
    ...(batch.token_type_ids ? { tokenTypeIds: tf.tensor2d(batch.token_type_ids, undefined, 'int32') } : {}),
  };
}

/**
 * Largest difference over the rows of real tokens of values [B, heads, T, width].
 * @returns NaN if any of them is
 */
export function largestDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  mask: number[][],
  heads: number,
  width: number,
): number {
  const length = mask[0].length;
  expect(actual.length).toBe(mask.length * heads * length * width);
  expect(expected.length).toBe(actual.length);
  let largest = 0;
  mask.forEach((row, text) => {
    for (let head = 0; head < heads; head++)
      for (let token = 0; token < length; token++) {
        if (!row[token]) continue;
        const start = ((text * heads + head) * length + token) * width;
        for (let i = start; i < start + width; i++) {
          const difference = Math.abs(actual[i] - expected[i]);
          if (Number.isNaN(difference)) largest = Number.NaN;
          else if (difference > largest) largest = difference;
        }
      }
  });
  return largest;
}
