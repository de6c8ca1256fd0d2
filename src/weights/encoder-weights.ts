/**
 * Finds an encoder's parameters among the tensors of a weight file, whatever checkpoint they come from: a bare encoder, one with task
 * heads, one wrapped by a training framework. Knows how names vary; what the parameters are is the encoder's business.
 */
import { join } from 'node:path';
import { DataError, errorMessage } from '../base/errors.ts';
import { readJsonObject } from '../base/json.ts';
import { quoted } from '../base/printable.ts';
import type { Encoder } from '../model/encoders/encoder.ts';
import { createEncoder } from '../model/encoders/index.ts';
import type { WeightMap, WeightTensor } from './formats/safetensors.ts';
import { readWeightFolder, refuseAdapter } from './weight-files.ts';

/** Parameters of an encoder by the names of `parameterShapes()`, each with an array of its own. */
export type EncoderWeights = Map<string, { shape: number[]; data: Float32Array }>;

/** An encoder with its weights. */
export interface EncoderFolder {
  config: Record<string, unknown>;
  encoder: Encoder;
  weights: EncoderWeights;
}

/** Names under which older TensorFlow exports store a normalisation. */
const OLD_ENDINGS: readonly [string, string][] = [
  ['.weight', '.gamma'],
  ['.bias', '.beta'],
];

/** Output layers that masked-LM checkpoints tie to the token embeddings; some files keep only these. */
const TIED_TO_EMBEDDINGS = [
  'cls.predictions.decoder.weight',
  'predictions.decoder.weight',
  'lm_head.decoder.weight',
  'lm_head.weight',
  'vocab_projector.weight',
  'generator_lm_head.weight',
  'decoder.weight',
];
const TOKEN_EMBEDDINGS = /(^|\.)(word_embeddings|tok_embeddings)\.weight$/;

const sameShape = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((size, i) => size === b[i]);

/** Names that a parameter goes by after the prefix. */
function spellings(name: string): string[] {
  return [name, ...OLD_ENDINGS.filter(([ending]) => name.endsWith(ending)).map(([ending, old]) => name.slice(0, -ending.length) + old)];
}

function find(all: WeightMap, prefix: string, name: string): WeightTensor | undefined {
  for (const spelling of spellings(name)) {
    const tensor = all.get(prefix + spelling);
    if (tensor) return tensor;
  }
  return undefined;
}

/**
 * What stands in front of the parameters' names (`bert.`, `0.auto_model.`, nothing): the prefix under which most of them are found.
 * @throws DataError where two encoders fit equally well
 */
function findPrefix(all: WeightMap, shapes: ReadonlyMap<string, number[]>, modelType: string, where: string): string {
  const prefixes = new Set(['']);
  const known = new Set([...shapes.keys()].flatMap(spellings));
  for (const name of all.keys())
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
      if (known.has(name.slice(dot + 1))) prefixes.add(name.slice(0, dot + 1));
  // Names of their own count first, right shapes second: ELECTRA's generator and discriminator have the same names.
  const scores = [...prefixes].map((prefix) => {
    let score = 0;
    for (const [name, shape] of shapes) {
      const tensor = find(all, prefix, name);
      if (tensor) score += sameShape(tensor.shape, shape) ? 2 : 1;
    }
    return { prefix, score };
  });
  const best = Math.max(...scores.map(({ score }) => score));
  const fitting = scores.filter(({ score }) => score === best).map(({ prefix }) => prefix);
  if (fitting.length === 1 || best === 0) return fitting[0];
  const own = ['', `${modelType.split('-')[0]}.`, 'model.'].find((prefix) => fitting.includes(prefix));
  if (own !== undefined) return own;
  throw new DataError(
    `${where} holds more than one encoder of this shape (under ${fitting.map((prefix) => quoted(prefix)).join(', ')}): keep one of them`,
  );
}

/**
 * The parameters of an encoder out of all tensors of its weight file: model prefixes are taken off, `gamma` and `beta` read as `weight`
 * and `bias`, token embeddings found under their tied name, heads and buffers left out.
 * @param where the folder or file, for messages
 * @throws DataError naming a tensor that is missing or has the wrong shape or type, with what was expected and found
 */
export function encoderWeights(all: WeightMap, encoder: Encoder, where: string): EncoderWeights {
  const shapes = new Map(Object.entries(encoder.parameterShapes()));
  const prefix = findPrefix(all, shapes, encoder.modelType, where);
  const weights: EncoderWeights = new Map();
  const missing: string[] = [];
  const used = new Set<Float32Array>();
  for (const [name, shape] of shapes) {
    const tied = TOKEN_EMBEDDINGS.test(name)
      ? TIED_TO_EMBEDDINGS.map((alias) => all.get(alias)).find((tensor) => tensor && sameShape(tensor.shape, shape))
      : undefined;
    const tensor = find(all, prefix, name) ?? tied;
    if (!tensor) {
      missing.push(`${quoted(prefix + name)} [${shape}]`);
      continue;
    }
    if (!sameShape(tensor.shape, shape))
      throw new DataError(
        `${where}: tensor ${quoted(prefix + name)} has the shape [${tensor.shape}] where config.json needs [${shape}]; the two do not belong together`,
      );
    if (!(tensor.data instanceof Float32Array))
      throw new DataError(`${where}: tensor ${quoted(prefix + name)} holds integers, not weights`);
    // Training writes into these arrays: two parameters never share one.
    const data = used.has(tensor.data) ? tensor.data.slice() : tensor.data;
    used.add(data);
    weights.set(name, { shape, data });
  }
  if (missing.length === shapes.size)
    throw new DataError(
      `${where}: none of the ${shapes.size} tensors of a ${encoder.modelType} encoder are there (expected ${missing[0]}, found ${all.size} others such as ${quoted([...all.keys()][0] ?? '')}); config.json does not belong to these weights`,
    );
  if (missing.length)
    throw new DataError(
      `${where}: missing tensor ${missing[0]}${missing.length > 1 ? ` and ${missing.length - 1} more of ${shapes.size}` : ''}; the file is not whole or config.json does not belong to it`,
    );
  return weights;
}

/**
 * Reads an encoder's folder in Hugging Face layout: `config.json` and the weights.
 * @throws DataError naming the file and what is missing, broken or not supported
 */
export function readEncoderFolder(folder: string): EncoderFolder {
  refuseAdapter(folder);
  const path = join(folder, 'config.json');
  const config = readJsonObject(path);
  let encoder: Encoder;
  try {
    encoder = createEncoder(config);
  } catch (error) {
    throw new DataError(`${path}: ${errorMessage(error)}`);
  }
  return { config, encoder, weights: encoderWeights(readWeightFolder(folder), encoder, folder) };
}
