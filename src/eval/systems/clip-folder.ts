/** A CLIP's folder: in the layout of transformers, or one `.pt` file as OpenAI and the authors of Long-CLIP publish. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../base/errors.ts';
import type { FloatWeights } from '../../weights/checkpoint.ts';
import type { WeightTensor } from '../../weights/formats/safetensors.ts';
import { readTorchFile } from '../../weights/formats/torch-pickle.ts';
import { readWeightFolder } from '../../weights/weight-files.ts';
import { pickWeights, readConfig } from './model-folder.ts';
import { convertOpenAiClip, isOpenAiClip } from './models/openai-clip.ts';

/** Config and weights of a CLIP. */
export interface ClipFolder {
  config: Record<string, unknown>;
  /** The weights of a tower. @throws DataError naming the tensor that is missing or of another shape. */
  weights(shapes: Readonly<Record<string, number[]>>): FloatWeights;
  /** CLIP's temperature: the factor on cosines before the softmax. */
  scale: number;
}

const DEFAULT_SCALE = 100;
const isImagePart = (name: string): boolean => /^(vision_model|visual)[._]/.test(name);

/** The config with as many text positions as the weights have: those of stretched models (Long-CLIP) often still name 77. */
function withStoredPositions(config: Record<string, unknown>, positions: number | undefined): Record<string, unknown> {
  return positions ? { ...config, text_config: { ...(config.text_config as object), max_position_embeddings: positions } } : config;
}

function readOpenAiFile(path: string, images: boolean): { config: Record<string, unknown>; tensors: FloatWeights } {
  const tensors = readTorchFile(path, (name) => images || !isImagePart(name));
  if (!isOpenAiClip(tensors)) throw new DataError(`${path} is no CLIP in the layout of OpenAI's code (it lacks token_embedding.weight)`);
  const { config, weights } = convertOpenAiClip(tensors, path);
  return { config, tensors: weights };
}

/**
 * Reads a folder.
 * @param images whether the image tower is needed too
 * @throws DataError naming what is missing or of another kind
 */
export function readClipFolder(folder: string, images: boolean): ClipFolder {
  const single =
    existsSync(folder) && !existsSync(join(folder, 'config.json')) ? readdirSync(folder).filter((name) => /\.pth?$/.test(name)) : [];
  if (single.length > 1)
    throw new DataError(`${folder} has several .pt files and no config.json: put one of ${single.join(', ')} into a folder of its own`);
  let config: Record<string, unknown>;
  let tensors: ReadonlyMap<string, WeightTensor>;
  if (single.length) ({ config, tensors } = readOpenAiFile(join(folder, single[0]), images));
  else {
    config = readConfig(folder);
    if (config.model_type !== 'clip')
      throw new DataError(`${folder}: config.json has the model type ${JSON.stringify(config.model_type)}, not "clip"`);
    tensors = readWeightFolder(folder, (name) => images || !isImagePart(name));
  }
  const scale = tensors.get('logit_scale');
  return {
    config: withStoredPositions(config, tensors.get('text_model.embeddings.position_embedding.weight')?.shape[0]),
    weights: (shapes) => pickWeights(tensors, shapes, folder),
    scale: scale?.data.length === 1 ? Math.exp(scale.data[0]) : DEFAULT_SCALE,
  };
}
