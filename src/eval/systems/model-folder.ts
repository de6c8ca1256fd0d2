/** A baseline's model folder: its config and exactly the weights that a model asks for. Knows folders and names, no models. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../base/errors.ts';
import { readJsonObject } from '../../base/json.ts';
import type { FloatWeights } from '../../weights/checkpoint.ts';
import type { WeightTensor } from '../../weights/formats/safetensors.ts';
import { readWeightFolder } from '../../weights/weight-files.ts';

/** A JSON object that a model folder can have. @throws DataError naming the file where it is there and none. */
export const optionalSettings = (path: string): Record<string, unknown> | undefined =>
  existsSync(path) ? readJsonObject(path) : undefined;

/** `config.json` of a model folder. @throws DataError */
export const readConfig = (folder: string): Record<string, unknown> => readJsonObject(join(folder, 'config.json'));

/**
 * The weights that a model asks for. In the file a name may stand behind the model's prefix (`bert.`, `model.`); LayerNorm weights may be
 * called gamma and beta, as in old files.
 * @throws DataError naming the tensor that is missing or of another shape.
 */
export const modelWeights = (folder: string, shapes: Readonly<Record<string, number[]>>): FloatWeights =>
  pickWeights(readWeightFolder(folder), shapes, folder);

/** As {@link modelWeights}, of tensors that are read already; `folder` is for messages. */
export function pickWeights(
  tensors: ReadonlyMap<string, WeightTensor>,
  shapes: Readonly<Record<string, number[]>>,
  folder: string,
): FloatWeights {
  const bySuffix = new Map<string, string>();
  for (const name of tensors.keys()) {
    const modern = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
    bySuffix.set(modern, name);
    const dot = modern.indexOf('.');
    const rest = modern.slice(dot + 1);
    if (dot > 0 && !bySuffix.has(rest)) bySuffix.set(rest, name);
  }
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = tensors.get(bySuffix.get(name) ?? '');
    if (!tensor) throw new DataError(`${folder}: the weights lack ${name}; is this another kind of model?`);
    if (!(tensor.data instanceof Float32Array) || tensor.shape.join() !== shape.join())
      throw new DataError(`${folder}: ${name} has the shape [${tensor.shape}], config.json makes it [${shape}]`);
    weights.set(name, { shape, data: tensor.data });
  }
  return weights;
}
