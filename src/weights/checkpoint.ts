/**
 * Checkpoint folders: `config.json` with GliZNet's options and the encoder's configuration inside, `model.safetensors`,
 * `tokenizer.json`. Written beside their final place and renamed, so that a checkpoint is whole or not there.
 *
 * Reading the options must stay light (no tfjs, no schema library): it is on the way to the first prediction.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataError, errorMessage } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { fileHash, jsonHash } from '../base/hash.ts';
import { isObject } from '../base/is-object.ts';
import { readJsonObject } from '../base/json.ts';
import { quoted } from '../base/printable.ts';
import { type OwnNames, writeFolderAtomically } from '../base/whole-folders.ts';
import { CALIBRATION, type GliZNetOptions, MODEL_OPTIONS } from '../model/options.ts';
import { expectedOf, fits } from '../options/check.ts';
import type { Declaration, Declarations, Filled } from '../options/declaration.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { BLOCK_SCALE } from './formats/block-scales.ts';
import { ROW_SCALE } from './formats/row-scales.ts';
import { readSafetensors, type StoredAs, type WeightTensor, writeSafetensors } from './formats/safetensors.ts';

/** Weights of a GliZNet model by parameter name. */
export type FloatWeights = ReadonlyMap<string, { shape: number[]; data: Float32Array }>;

/** What config.json of a checkpoint says. */
export interface CheckpointConfig {
  options: GliZNetOptions;
  /** The encoder's own config.json. */
  encoder: Record<string, unknown>;
  /** Numeric precision that was measured to be exact enough for this checkpoint and is fastest. */
  precision: 'fp32' | 'int8';
  /** The labels that it was trained on, where they are one set: candidates where no others are given. */
  labels?: readonly string[];
}

/** Everything a checkpoint is written from. */
export interface CheckpointContent extends CheckpointConfig {
  weights: FloatWeights;
  tokenizer: Pick<Tokenizer, 'json' | 'configJson'>;
  /** How weights are stored. */
  dtype: StoredAs;
  /** What training.json says of the run, if the checkpoint has one. */
  training?: string;
}

const CONFIG = 'config.json';
/** The file of a checkpoint's weights. */
export const WEIGHTS = 'model.safetensors';
const TOKENIZER = 'tokenizer.json';
const TOKENIZER_CONFIG = 'tokenizer_config.json';
const TRAINING = 'training.json';

/** Files of a checkpoint that glz wrote, with the one that a run adds. */
export const CHECKPOINT_FILES: OwnNames = new Set([CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG, TRAINING]);

type Json = Record<string, unknown>;

/** Reads declared options out of an object. @throws DataError naming the field */
function readOptions<All extends Declarations>(declarations: All, fields: Json, where: string, prefix: string): Filled<All> {
  const read = ([name, declaration]: [string, Declaration]): [string, unknown] => {
    const value = fields[name] === undefined ? declaration.before : fields[name];
    if (!fits(declaration, value))
      throw new DataError(`${where}: field "${prefix}${name}" is ${quoted(value)}, expected ${expectedOf(declaration)}`);
    return [name, value];
  };
  return Object.fromEntries(Object.entries<Declaration>(declarations).map(read)) as Filled<All>;
}

/** Checks GliZNet's options as they come out of a file. @throws DataError naming the field. */
export function parseOptions(value: unknown, where: string): GliZNetOptions {
  if (!isObject(value)) throw new DataError(`${where}: no "gliznet" options`);
  // One that is not read would change what the model computes.
  const unknown = Object.keys(value).find((field) => field !== 'calibration' && !Object.hasOwn(MODEL_OPTIONS, field));
  if (unknown !== undefined)
    throw new DataError(`${where}: field "gliznet.${unknown}" is not known; the checkpoint may be of a newer version than this one`);
  return {
    ...readOptions(MODEL_OPTIONS, value, where, 'gliznet.'),
    calibration: readOptions(CALIBRATION, isObject(value.calibration) ? value.calibration : {}, where, 'gliznet.calibration.'),
  };
}

/** A checkpoint's own labels as they come out of a file. @throws DataError where they are no list of different texts */
function parseLabels(value: unknown, where: string): string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length > 0 && value.every((label) => typeof label === 'string' && label.trim() !== '');
  if (!isList || new Set(value).size < value.length)
    throw new DataError(`${where}: field "labels" is ${quoted(value)}, expected a list of labels, each once`);
  return value;
}

/**
 * The folder that holds a checkpoint: itself, or `final`/`best` in the output folder of a training run.
 * @throws DataError when there is none.
 */
export function checkpointFolder(path: string): string {
  for (const folder of [path, join(path, 'best'), join(path, 'final')]) if (existsSync(join(folder, CONFIG))) return folder;
  throw new DataError(noCheckpoint(path));
}

/** What a path is that holds no checkpoint, and what to do. */
function noCheckpoint(path: string): string {
  if (!existsSync(path)) return `${path}: no such folder`;
  if (!statSync(path).isDirectory()) return `${path} is a file; a checkpoint is the folder with its ${CONFIG} and ${WEIGHTS}`;
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    return `cannot read the folder ${path}: ${errorMessage(error)}`;
  }
  const graph = names.find((name) => name.endsWith('.onnx'));
  if (graph !== undefined)
    return `${path} is an export for ONNX Runtime (${graph}; its README.md says how to run it): glz reads the checkpoint that it was made of, name that one`;
  if (existsSync(join(path, 'states')) || existsSync(join(path, 'run.json')))
    return `${path} is a training run that is not finished: it has no checkpoint yet (glz train --output ${path} --resume goes on with it)`;
  return `${path} holds no checkpoint: no ${CONFIG}`;
}

/** Reads and checks a checkpoint's config.json. @throws DataError naming file and field. */
export function readCheckpointConfig(folder: string): CheckpointConfig {
  const path = join(folder, CONFIG);
  const config = readJsonObject(path);
  if (config.model_type !== 'gliznet') {
    const found = quoted(config.model_type);
    throw new DataError(
      `${path}: model_type is ${found}, not "gliznet": an encoder has to be trained first (glz train --encoder ${folder})`,
    );
  }
  if (!isObject(config.encoder)) throw new DataError(`${path}: no "encoder" configuration`);
  const precision = config.precision === 'int8' ? 'int8' : 'fp32';
  const labels = parseLabels(config.labels, path);
  return { options: parseOptions(config.gliznet, path), encoder: config.encoder, precision, ...(labels ? { labels } : {}) };
}

/** Reads a checkpoint's weights as float32, every tensor of the file. @throws DataError naming file and tensor. */
export function readCheckpointWeights(folder: string): Map<string, WeightTensor> {
  const path = join(folder, WEIGHTS);
  if (!existsSync(path)) throw new DataError(`${folder}: no ${WEIGHTS}; the checkpoint is not complete`);
  return readSafetensors(path);
}

/** A tensor of a layer that the model does not have: of the name of one that it has but for numbers. Others beside the model's, as of a pooler, say nothing. */
function tensorOfNoLayer(weights: ReadonlyMap<string, WeightTensor>, shapes: Readonly<Record<string, number[]>>): string | undefined {
  const unnumbered = (name: string): string => name.replace(/\d+/g, '#');
  const known = new Set(Object.keys(shapes).map(unnumbered));
  return [...weights.keys()].find((name) => !Object.hasOwn(shapes, name) && known.has(unnumbered(name)));
}

/**
 * Checks that a checkpoint's weights have exactly the shapes of its model, and that it has no more layers.
 * @throws DataError naming the file and the first tensor that is missing, wrong or too many
 */
export function checkWeights(
  weights: ReadonlyMap<string, WeightTensor>,
  shapes: Readonly<Record<string, number[]>>,
  folder: string,
): FloatWeights {
  const where = join(folder, WEIGHTS);
  const checked = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, shape] of Object.entries(shapes)) {
    const found = weights.get(name);
    if (!found) throw new DataError(`${where}: tensor "${name}" is missing`);
    // First: two numbers of 4 bits are in a byte, so that their shape is another too.
    if (!(found.data instanceof Float32Array))
      throw new DataError(
        `${where}: tensor "${name}" holds whole numbers and no scales for them (${name}${ROW_SCALE}, or of 4 bits ${name}${BLOCK_SCALE})`,
      );
    if (found.shape.join() !== shape.join())
      throw new DataError(`${where}: tensor "${name}" has the shape [${found.shape}], the configuration asks for [${shape}]`);
    checked.set(name, { shape, data: found.data });
  }
  const extra = tensorOfNoLayer(weights, shapes);
  if (extra !== undefined) throw new DataError(`${where}: tensor "${extra}" is of a layer that the configuration does not have`);
  return checked;
}

/** Writes the files of a checkpoint into an existing folder. */
export function writeCheckpointFiles(folder: string, content: CheckpointContent): void {
  const { options, encoder, precision, labels, weights, tokenizer, dtype, training } = content;
  const config = { model_type: 'gliznet', architectures: ['GliZNet'], gliznet: options, precision, labels, encoder };
  writeFileAtomically(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
  writeSafetensors(join(folder, WEIGHTS), weights, { dtype, metadata: { format: 'pt' } });
  writeFileAtomically(join(folder, TOKENIZER), tokenizer.json);
  writeFileAtomically(join(folder, TOKENIZER_CONFIG), tokenizer.configJson);
  if (training !== undefined) writeFileAtomically(join(folder, TRAINING), training);
}

/** Writes a checkpoint folder: whole or not there. What else an earlier one had beside its files stays. @throws DataError when it cannot be written. */
export function writeCheckpoint(folder: string, content: CheckpointContent): void {
  writeFolderAtomically(folder, CHECKPOINT_FILES, (temporary) => writeCheckpointFiles(temporary, content));
}

/**
 * Hash of what a checkpoint computes: its configuration and weights. Hashing the weights takes longer than loading a graph, so their
 * hash is remembered in the folder `memory`, if there is one, together with the file's identity (size, times, inode) and computed again when any of those changes.
 * @throws DataError when the checkpoint cannot be read
 */
export function checkpointHash(folder: string, config: CheckpointConfig, memory: string | undefined): string {
  const path = join(resolve(folder), WEIGHTS);
  try {
    const { size, mtimeMs, ctimeMs, ino, dev } = statSync(path);
    const identity = jsonHash([path, size, mtimeMs, ctimeMs, ino, dev]);
    const remembered = memory && join(memory, `${identity.slice(0, 32)}.sha256`);
    let weights = remembered && existsSync(remembered) ? readFileSync(remembered, 'utf8') : '';
    if (!/^[0-9a-f]{64}$/.test(weights)) {
      weights = fileHash(path);
      try {
        if (remembered) writeFileAtomically(remembered, weights);
      } catch {
        // a cache that cannot be written costs time only
      }
    }
    const { calibration: _, ...computed } = config.options;
    return jsonHash([computed, config.encoder, weights]);
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
}
