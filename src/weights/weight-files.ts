/**
 * Finds the weight files of a model folder in Hugging Face layout, whole or in shards, and reads them.
 * Knows file names; the formats are in safetensors and torch-pickle. Nothing here reaches the network.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { parseJson, readJsonObject } from '../base/json.ts';
import { excerpt, quoted } from '../base/printable.ts';
import { withRandomAccessFile } from './formats/random-access-file.ts';
import { readSafetensors, type WeightMap } from './formats/safetensors.ts';
import { readTorchFile } from './formats/torch-pickle.ts';

/** The ways in which a model's weights are stored, best first: one file, or an index that names shards. */
export const WEIGHT_FILES: readonly { name: string; sharded: boolean }[] = [
  { name: 'model.safetensors', sharded: false },
  { name: 'model.safetensors.index.json', sharded: true },
  { name: 'pytorch_model.bin', sharded: false },
  { name: 'pytorch_model.bin.index.json', sharded: true },
];

/** An index of a few hundred thousand names has some tens of megabytes. */
const LARGEST_INDEX = 64 * 2 ** 20;

/** What a clone without git-lfs leaves in the place of a large file. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** A shard lies beside its index: a plain file name of its format. */
const SHARD_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\.(safetensors|bin)$/;

/**
 * Shard of each tensor by name, from an index file.
 * @param path for messages
 * @throws DataError when it is no index, or names a shard outside its folder
 */
function parseShardIndex(path: string, text: string): Map<string, string> {
  const index = parseJson(text, path);
  const names = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof names !== 'object' || names === null || Array.isArray(names))
    throw new DataError(`${path} has no "weight_map" with the shard of each tensor`);
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(names)) {
    if (typeof shard !== 'string' || !SHARD_NAME.test(shard))
      throw new DataError(`${path}: tensor ${quoted(tensor)} is said to be in ${quoted(shard)}, which is no file beside the index`);
    shards.set(tensor, shard);
  }
  if (shards.size === 0) throw new DataError(`${path} names no tensors`);
  return shards;
}

/** Shard of each tensor by name. Throws DataError when the file cannot be read or is no index. */
export function readShardIndex(path: string): Map<string, string> {
  return withRandomAccessFile(path, (file) => {
    if (file.size > LARGEST_INDEX) throw new DataError(`${path} has ${file.size} bytes, more than an index can have`);
    return parseShardIndex(path, Buffer.from(file.read(0, file.size)).toString('utf8'));
  });
}

function readWeightFile(path: string, wanted: (name: string) => boolean): WeightMap {
  withRandomAccessFile(path, (file) => {
    if (Buffer.from(file.read(0, Math.min(file.size, LFS_POINTER.length))).toString() === LFS_POINTER)
      throw new DataError(`${path} is a git-lfs pointer and not the weights: run "git lfs pull" in its folder`);
  });
  return path.endsWith('.safetensors') ? readSafetensors(path, wanted) : readTorchFile(path, wanted);
}

function readShards(folder: string, index: string, wanted: (name: string) => boolean): WeightMap {
  const path = join(folder, index);
  const shardOf = readShardIndex(path);
  const tensors: WeightMap = new Map();
  for (const shard of new Set(shardOf.values())) {
    const shardPath = join(folder, shard);
    const names = [...shardOf].filter(([name, of]) => of === shard && wanted(name)).map(([name]) => name);
    if (names.length === 0) continue;
    if (!existsSync(shardPath)) throw new DataError(`${path} names the shard ${shard}, which is missing: fetch the folder again`);
    const found = readWeightFile(shardPath, (name) => shardOf.get(name) === shard && wanted(name));
    for (const name of names) {
      const tensor = found.get(name);
      if (!tensor) throw new DataError(`${shardPath} lacks the tensor ${quoted(name)}, which ${index} says is in it`);
      tensors.set(name, tensor);
    }
  }
  return tensors;
}

/** Names that training frameworks put in the middle of a parameter's name: torch.compile, FSDP, activation checkpointing. */
const WRAPPERS = /(^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g;

/** A parameter's name without what frameworks wrap around modules. */
const plainName = (name: string): string => name.replace(WRAPPERS, '$1').replace(WRAPPERS, '$1');

const ADAPTER_SETTINGS = 'adapter_config.json';

/** What to do about an adapter. */
const MERGE_FIRST = 'merge it into its model first (merge_and_unload() of peft, then save_pretrained) and give the folder of that';

/** @throws DataError for a folder that holds an adapter (LoRA and the like of peft) and no model */
export function refuseAdapter(folder: string): void {
  const path = join(folder, ADAPTER_SETTINGS);
  if (!existsSync(path) || WEIGHT_FILES.some(({ name }) => existsSync(join(folder, name)))) return;
  const { base_model_name_or_path: base, peft_type: kind } = readJsonObject(path);
  throw new DataError(
    `${folder} is ${typeof kind === 'string' ? `a ${excerpt(kind)}` : 'an'} adapter${typeof base === 'string' ? ` of ${quoted(base)}` : ''} and not a model: ${MERGE_FIRST}`,
  );
}

/**
 * Reads the weights of a model folder: `model.safetensors`, else `pytorch_model.bin`, each in one file or in shards.
 * Names are given without what training frameworks put into them (`_orig_mod.`).
 * @param wanted which tensors to read; all unless given
 * @throws DataError naming what was looked for, or the file and what is wrong with it
 */
export function readWeightFolder(folder: string, wanted: (name: string) => boolean = () => true): WeightMap {
  const found = WEIGHT_FILES.find(({ name }) => existsSync(join(folder, name)));
  if (!found) {
    if (!existsSync(folder)) throw new DataError(`${folder}: no such folder`);
    if (!statSync(folder).isDirectory()) throw new DataError(`${folder} is a file; give the folder of the model`);
    refuseAdapter(folder);
    const other = readdirSync(folder).filter((name) => /\.(h5|msgpack|onnx|gguf|ckpt|pt|pth|safetensors|bin)$/.test(name));
    throw new DataError(
      `${folder} has no weights: looked for ${WEIGHT_FILES.map(({ name }) => name).join(', ')}` +
        (other.length ? `; there is ${other.slice(0, 5).join(', ')}, which is not read` : ''),
    );
  }
  const isWanted = (name: string) => wanted(plainName(name));
  const read = found.sharded ? readShards(folder, found.name, isWanted) : readWeightFile(join(folder, found.name), isWanted);
  const adapted = [...read.keys()].find((name) => /\.lora_[AB]\./.test(name));
  if (adapted !== undefined)
    throw new DataError(`${join(folder, found.name)} has a LoRA adapter beside its weights (${quoted(adapted)}): ${MERGE_FIRST}`);
  return new Map([...read].map(([name, tensor]) => [plainName(name), tensor]));
}
