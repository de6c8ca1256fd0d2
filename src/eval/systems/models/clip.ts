/**
 * CLIP's two towers (Radford et al., 2021), text and image, each down to its projected embedding; Long-CLIP is the text tower with more
 * positions. Follows CLIPModel of Hugging Face transformers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../../base/errors.ts';
import {
  headsField,
  integerField,
  isAbsent,
  layerCountField,
  positiveField,
  type RawConfig,
  wordField,
} from '../../../model/encoders/config-fields.ts';
import type { Weights } from '../../../model/encoders/encoder.ts';
import { builtFrom } from '../../../model/encoders/known-fields.ts';
import {
  applyEmbedding,
  applyLinear,
  applyNorm,
  linearShapes,
  normShapes,
  parameter,
  type Shapes,
} from '../../../model/encoders/parameters.ts';
import { activation, attention } from '../../../model/ops.ts';
import { causalBias, lastToken } from './bart.ts';

/** Inputs of the text tower. */
export interface ClipTextInputs {
  /** int32 [B, T], ends in the end token, then padding */
  inputIds: tf.Tensor2D;
  /** int32 [B, T] */
  attentionMask: tf.Tensor2D;
  /** int32 [T] */
  positions: tf.Tensor1D;
}

/** The text tower. */
export interface ClipText {
  readonly maxLength: number;
  /** Size of the shared space, D. */
  readonly dimensions: number;
  /** Size of a word's vector, H. */
  readonly hiddenSize: number;
  parameterShapes(): Shapes;
  /** -> [B, D], not normalised */
  forward(weights: Weights, inputs: ClipTextInputs): tf.Tensor2D;
  /** The words' vectors, without their places. inputIds int32 [B, T] -> [B, T, H] */
  embedWords(weights: Weights, inputIds: tf.Tensor2D): tf.Tensor3D;
  /** What `forward` makes of the words' vectors; some of them may be learned ones. words [B, T, H] -> [B, D], not normalised */
  forwardEmbedded(weights: Weights, words: tf.Tensor3D, inputs: Omit<ClipTextInputs, 'inputIds'>): tf.Tensor2D;
}

/** The image tower. */
export interface ClipImage {
  /** Sides of the square image and of its patches, in pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly patches: number;
  parameterShapes(): Shapes;
  /** patches float32 [B, P, 3 * patch * patch], each patch by channel, row, column -> [B, D], not normalised */
  forward(weights: Weights, patches: tf.Tensor3D): tf.Tensor2D;
}

interface TowerSettings {
  size: number;
  inner: number;
  layers: number;
  heads: number;
  epsilon: number;
  act: 'quick_gelu' | 'gelu';
}

/** Fields of a tower that no shape of its weights tells. */
const NOT_IN_SHAPES = ['hidden_act', 'num_attention_heads', 'layer_norm_eps'];

/** Builds a tower from its part of the config. Fields under the part's old name, which transformers puts over it, must say the same. */
function builtFromPart<Built>(config: RawConfig, name: 'text_config' | 'vision_config', build: (part: RawConfig) => Built): Built {
  const found = config[name] as RawConfig | undefined;
  if (typeof found !== 'object' || found === null) throw new UsageError(`CLIP config: "${name}" is missing`);
  const old = (config[`${name}_dict`] ?? {}) as RawConfig;
  const differing = NOT_IN_SHAPES.find((field) => !isAbsent(old, field) && !isAbsent(found, field) && old[field] !== found[field]);
  if (differing !== undefined) throw new UsageError(`CLIP config: "${differing}" of "${name}_dict" is not that of "${name}"`);
  return builtFrom(found, build);
}

// Fields that a config leaves out have these values in transformers: the published configs of the base model do.
function towerSettings(config: RawConfig, defaults: { size: number; inner: number; heads: number }): TowerSettings {
  const size = integerField(config, 'hidden_size', defaults.size);
  return {
    size,
    inner: integerField(config, 'intermediate_size', defaults.inner),
    layers: layerCountField(config, 'num_hidden_layers', 12),
    heads: headsField(config, 'num_attention_heads', size, 1, defaults.heads),
    epsilon: positiveField(config, 'layer_norm_eps', 1e-5),
    act: wordField(config, 'hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
  };
}

function towerShapes(prefix: string, { size, inner, layers }: TowerSettings): Shapes {
  const shapes: Shapes = {};
  for (let layer = 0; layer < layers; layer++) {
    const name = `${prefix}.encoder.layers.${layer}`;
    for (const each of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      Object.assign(shapes, linearShapes(`${name}.self_attn.${each}`, size, size));
    Object.assign(shapes, normShapes(`${name}.layer_norm1`, size), normShapes(`${name}.layer_norm2`, size));
    Object.assign(shapes, linearShapes(`${name}.mlp.fc1`, inner, size), linearShapes(`${name}.mlp.fc2`, size, inner));
  }
  return shapes;
}

/** Pre-norm transformer layers. x [B, T, H] -> [B, T, H]. */
function runTower(
  weights: Weights,
  prefix: string,
  settings: TowerSettings,
  x: tf.Tensor,
  attentionMask: tf.Tensor2D,
  bias?: tf.Tensor4D,
): tf.Tensor {
  let hidden = x;
  for (let layer = 0; layer < settings.layers; layer++) {
    const name = `${prefix}.encoder.layers.${layer}`;
    const input = applyNorm(weights, `${name}.layer_norm1`, hidden, settings.epsilon);
    const project = (which: string) => applyLinear(weights, `${name}.self_attn.${which}`, input);
    const { context } = attention(project('q_proj'), project('k_proj'), project('v_proj'), {
      heads: settings.heads,
      attentionMask,
      ...(bias ? { bias } : {}),
      probabilities: false,
    });
    hidden = tf.add(hidden, applyLinear(weights, `${name}.self_attn.out_proj`, context));
    const widened = applyLinear(weights, `${name}.mlp.fc1`, applyNorm(weights, `${name}.layer_norm2`, hidden, settings.epsilon));
    const inner = settings.act === 'gelu' ? activation(widened, 'gelu') : tf.mul(widened, tf.sigmoid(tf.mul(widened, 1.702)));
    hidden = tf.add(hidden, applyLinear(weights, `${name}.mlp.fc2`, inner));
  }
  return hidden;
}

/** CLIP's text tower. Throws UsageError naming the field of the config that is missing or not supported. */
export function createClipText(config: RawConfig): ClipText {
  const { settings, vocabulary, maxLength } = builtFromPart(config, 'text_config', (text) => ({
    settings: towerSettings(text, { size: 512, inner: 2048, heads: 8 }),
    vocabulary: integerField(text, 'vocab_size', 49408),
    maxLength: integerField(text, 'max_position_embeddings', 77),
  }));
  const dimensions = integerField(config, 'projection_dim', 512);
  const tower = 'text_model';

  function embedWords(weights: Weights, inputIds: tf.Tensor2D): tf.Tensor3D {
    return applyEmbedding(weights, `${tower}.embeddings.token_embedding`, inputIds) as tf.Tensor3D; // [B, T, H]
  }

  function forwardEmbedded(
    weights: Weights,
    words: tf.Tensor3D,
    { attentionMask, positions }: Omit<ClipTextInputs, 'inputIds'>,
  ): tf.Tensor2D {
    const places = applyEmbedding(weights, `${tower}.embeddings.position_embedding`, positions); // [T, H]
    const hidden = runTower(weights, tower, settings, tf.add(words, places), attentionMask, causalBias(positions));
    const normal = applyNorm(weights, `${tower}.final_layer_norm`, hidden, settings.epsilon); // [B, T, H]
    return applyLinear(weights, 'text_projection', lastToken(normal, attentionMask, positions)) as tf.Tensor2D;
  }

  return {
    maxLength,
    dimensions,
    hiddenSize: settings.size,
    embedWords,
    forwardEmbedded,
    parameterShapes: () => ({
      [`${tower}.embeddings.token_embedding.weight`]: [vocabulary, settings.size],
      [`${tower}.embeddings.position_embedding.weight`]: [maxLength, settings.size],
      ...towerShapes(tower, settings),
      ...normShapes(`${tower}.final_layer_norm`, settings.size),
      ...linearShapes('text_projection', dimensions, settings.size, false),
    }),
    forward: (weights, inputs) => forwardEmbedded(weights, embedWords(weights, inputs.inputIds), inputs),
  };
}

/** CLIP's image tower. Throws UsageError naming the field of the config that is missing or not supported. */
export function createClipImage(config: RawConfig): ClipImage {
  const { settings, imageSize, patchSize } = builtFromPart(config, 'vision_config', (vision) => {
    const imageSize = integerField(vision, 'image_size', 224);
    return {
      settings: towerSettings(vision, { size: 768, inner: 3072, heads: 12 }),
      imageSize,
      patchSize: integerField(vision, 'patch_size', 32, 1, imageSize),
    };
  });
  const patches = Math.floor(imageSize / patchSize) ** 2;
  const pixels = 3 * patchSize * patchSize;
  const dimensions = integerField(config, 'projection_dim', 512);
  const tower = 'vision_model';
  return {
    imageSize,
    patchSize,
    patches,
    parameterShapes: () => ({
      [`${tower}.embeddings.class_embedding`]: [settings.size],
      [`${tower}.embeddings.patch_embedding.weight`]: [settings.size, 3, patchSize, patchSize],
      [`${tower}.embeddings.position_embedding.weight`]: [patches + 1, settings.size],
      ...normShapes(`${tower}.pre_layrnorm`, settings.size),
      ...towerShapes(tower, settings),
      ...normShapes(`${tower}.post_layernorm`, settings.size),
      ...linearShapes('visual_projection', dimensions, settings.size, false),
    }),
    forward(weights, input) {
      const [batch] = input.shape;
      const filter = tf.reshape(parameter(weights, `${tower}.embeddings.patch_embedding.weight`), [settings.size, pixels]); // [H, 3pp]
      const embedded = applyLinear({ 'patch.weight': filter }, 'patch', input); // [B, P, H]
      const first = tf.add(tf.zeros([batch, 1, settings.size]), parameter(weights, `${tower}.embeddings.class_embedding`)); // [B, 1, H]
      const tokens = tf.add(tf.concat([first, embedded], 1), parameter(weights, `${tower}.embeddings.position_embedding.weight`)); // [B, P + 1, H]
      const mask = tf.fill([batch, patches + 1], 1, 'int32') as tf.Tensor2D;
      const x = applyNorm(weights, `${tower}.pre_layrnorm`, tokens, settings.epsilon);
      const hidden = runTower(weights, tower, settings, x, mask);
      const cls = tf.gather<tf.Tensor>(hidden, tf.scalar(0, 'int32'), 1); // [B, H]
      return applyLinear(weights, 'visual_projection', applyNorm(weights, `${tower}.post_layernorm`, cls, settings.epsilon)) as tf.Tensor2D;
    },
  };
}
