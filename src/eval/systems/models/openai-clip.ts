/**
 * CLIP in the layout of OpenAI's code, as Long-CLIP's authors publish it (one `.pt` file with a state dict): tensors under the names of
 * Hugging Face transformers, and the config that the shapes imply. Knows names and shapes, no files.
 */
import { DataError } from '../../../base/errors.ts';
import type { FloatWeights } from '../../../weights/checkpoint.ts';
import type { WeightMap } from '../../../weights/formats/safetensors.ts';

/** What transformers would have in a folder of the same model. */
export interface ConvertedClip {
  config: Record<string, unknown>;
  weights: FloatWeights;
}

type FloatTensor = { shape: number[]; data: Float32Array };

/** Every head has 64 values in OpenAI's models; their code counts heads so. */
const HEAD_SIZE = 64;
/** Long-CLIP keeps the first 20 positions of CLIP's own table and takes the others from a second one. */
const KEPT_POSITIONS = 20;
const RESIDUAL_POSITIONS = 'positional_embedding_res';

const BLOCK_PARTS: readonly (readonly [string, string])[] = [
  ['ln_1', 'layer_norm1'],
  ['ln_2', 'layer_norm2'],
  ['attn.out_proj', 'self_attn.out_proj'],
  ['mlp.c_fc', 'mlp.fc1'],
  ['mlp.c_proj', 'mlp.fc2'],
];

/** [R, C] -> [C, R] */
function transposed({ shape: [rows, columns], data }: FloatTensor): FloatTensor {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column];
  return { shape: [columns, rows], data: result };
}

/** Whether tensors are those of OpenAI's CLIP code. */
export const isOpenAiClip = (tensors: Pick<WeightMap, 'has'>): boolean =>
  tensors.has('token_embedding.weight') && tensors.has('positional_embedding') && tensors.has('text_projection');

/**
 * Converts a state dict. The image tower is converted where it is a vision transformer; models with a ResNet have their text tower only.
 * @param path for messages
 * @throws DataError naming the tensor that is missing or of a shape that CLIP does not have
 */
export function convertOpenAiClip(tensors: WeightMap, path: string): ConvertedClip {
  const weights = new Map<string, FloatTensor>();
  const find = (name: string, dimensions: number): FloatTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new DataError(`${path} lacks the tensor ${name}: it is no CLIP in the layout of OpenAI's code`);
    if (!(tensor.data instanceof Float32Array) || tensor.shape.length !== dimensions)
      throw new DataError(`${path}: ${name} has the shape [${tensor.shape}], where CLIP has ${dimensions} dimensions`);
    return { shape: tensor.shape, data: tensor.data };
  };
  const linear = (from: string, to: string) => {
    weights.set(`${to}.weight`, find(`${from}.weight`, from.includes('ln_') ? 1 : 2));
    weights.set(`${to}.bias`, find(`${from}.bias`, 1));
  };

  /** The blocks of a tower. @returns how many there are. */
  function tower(from: string, to: string, width: number): number {
    let layers = 0;
    for (; tensors.has(`${from}.${layers}.ln_1.weight`); layers++) {
      const [source, target] = [`${from}.${layers}`, `${to}.encoder.layers.${layers}`];
      for (const [theirs, ours] of BLOCK_PARTS) linear(`${source}.${theirs}`, `${target}.${ours}`);
      const weight = find(`${source}.attn.in_proj_weight`, 2); // [3H, H]: queries, keys, values
      const bias = find(`${source}.attn.in_proj_bias`, 1); // [3H]
      if (weight.shape[0] !== 3 * width || weight.shape[1] !== width || bias.shape[0] !== 3 * width)
        throw new DataError(`${path}: ${source}.attn.in_proj_weight has the shape [${weight.shape}], not [${3 * width}, ${width}]`);
      for (const [at, name] of ['q_proj', 'k_proj', 'v_proj'].entries()) {
        const part = weight.data.subarray(at * width * width, (at + 1) * width * width);
        weights.set(`${target}.self_attn.${name}.weight`, { shape: [width, width], data: part });
        weights.set(`${target}.self_attn.${name}.bias`, { shape: [width], data: bias.data.subarray(at * width, (at + 1) * width) });
      }
    }
    if (!layers) throw new DataError(`${path} lacks the tensor ${from}.0.ln_1.weight: it is no CLIP in the layout of OpenAI's code`);
    return layers;
  }

  const words = find('token_embedding.weight', 2); // [V, H]
  const [vocabulary, width] = words.shape;
  const projection = find('text_projection', 2); // [H, D]
  const own = find('positional_embedding', 2); // [P, H]
  const positions = { shape: own.shape, data: own.data.slice() };
  if (tensors.has(RESIDUAL_POSITIONS)) {
    const rest = find(RESIDUAL_POSITIONS, 2);
    if (rest.shape.join() !== own.shape.join())
      throw new DataError(`${path}: ${RESIDUAL_POSITIONS} has the shape [${rest.shape}], positional_embedding [${own.shape}]`);
    positions.data.set(rest.data.subarray(KEPT_POSITIONS * width), KEPT_POSITIONS * width);
  }
  weights.set('text_model.embeddings.token_embedding.weight', words);
  weights.set('text_model.embeddings.position_embedding.weight', positions);
  const layers = tower('transformer.resblocks', 'text_model', width);
  linear('ln_final', 'text_model.final_layer_norm');
  weights.set('text_projection.weight', transposed(projection));
  if (tensors.has('logit_scale')) weights.set('logit_scale', find('logit_scale', 0));
  const text = {
    hidden_size: width,
    intermediate_size: find('transformer.resblocks.0.mlp.c_fc.weight', 2).shape[0],
    num_hidden_layers: layers,
    num_attention_heads: width / HEAD_SIZE,
    max_position_embeddings: positions.shape[0],
    vocab_size: vocabulary,
    hidden_act: 'quick_gelu',
  };

  let vision = {};
  if (tensors.has('visual.class_embedding')) {
    const patches = find('visual.conv1.weight', 4); // [H, 3, patch, patch]
    const [size, , patch] = patches.shape;
    const places = find('visual.positional_embedding', 2); // [P + 1, H]
    weights.set('vision_model.embeddings.class_embedding', find('visual.class_embedding', 1));
    weights.set('vision_model.embeddings.patch_embedding.weight', patches);
    weights.set('vision_model.embeddings.position_embedding.weight', places);
    linear('visual.ln_pre', 'vision_model.pre_layrnorm'); // the name is misspelt in transformers
    linear('visual.ln_post', 'vision_model.post_layernorm');
    weights.set('visual_projection.weight', transposed(find('visual.proj', 2)));
    vision = {
      hidden_size: size,
      intermediate_size: find('visual.transformer.resblocks.0.mlp.c_fc.weight', 2).shape[0],
      num_hidden_layers: tower('visual.transformer.resblocks', 'vision_model', size),
      num_attention_heads: size / HEAD_SIZE,
      image_size: patch * Math.round(Math.sqrt(places.shape[0] - 1)),
      patch_size: patch,
      hidden_act: 'quick_gelu',
    };
  }
  return { config: { model_type: 'clip', projection_dim: projection.shape[1], text_config: text, vision_config: vision }, weights };
}
