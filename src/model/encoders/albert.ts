/**
 * ALBERT (Lan et al., 2020): factorised embeddings, and layers that share their parameters within a group. Follows AlbertModel of Hugging
 * Face transformers.
 */
import { absolutePositions, embed, embeddingShapes, embeddingSizes, layerSettings } from './bert.ts';
import { groupCountField, integerField, layerCountField } from './config-fields.ts';
import type { Encoder, EncoderFactory } from './encoder.ts';
import { ignoreFields } from './known-fields.ts';
import { applyLinear, linearShapes } from './parameters.ts';
import { type LayerNames, postNormLayerShapes, postNormReadAcross, runPostNormLayers } from './post-norm-layer.ts';

const PROJECTION = 'encoder.embedding_hidden_mapping_in';

function layerNames(group: number, index: number): LayerNames {
  const layer = `encoder.albert_layer_groups.${group}.albert_layers.${index}`;
  return {
    query: `${layer}.attention.query`,
    key: `${layer}.attention.key`,
    value: `${layer}.attention.value`,
    attentionOutput: `${layer}.attention.dense`,
    attentionNorm: `${layer}.attention.LayerNorm`,
    intermediate: `${layer}.ffn`,
    output: `${layer}.ffn_output`,
    outputNorm: `${layer}.full_layer_layer_norm`,
  };
}

/** ALBERT. Throws UsageError naming the field of the config that is missing or not supported. */
export const createAlbert: EncoderFactory = (config): Encoder => {
  const settings = layerSettings(config, 1e-12, 'gelu_new');
  const sizes = embeddingSizes(config, integerField(config, 'embedding_size', 128), settings.epsilon);
  const steps = layerCountField(config, 'num_hidden_layers');
  const groupCount = groupCountField(config, steps);
  ignoreFields(config, 'down_scale_factor', 'num_memory_blocks');
  const inner = layerCountField(config, 'inner_group_num', 1);
  const groups = Array.from({ length: groupCount }, (_, group) => Array.from({ length: inner }, (_, index) => layerNames(group, index)));
  const layers = Array.from({ length: steps }, (_, step) => groups[Math.floor(step / (steps / groupCount))]).flat();
  return {
    modelType: 'albert',
    hiddenSize: settings.hiddenSize,
    layers: layers.length,
    maxLength: sizes.positions,
    readsBlocks: true,
    readAcross: postNormReadAcross(layers, settings),
    parameterShapes: () =>
      Object.assign(
        embeddingShapes(sizes),
        linearShapes(PROJECTION, settings.hiddenSize, sizes.size),
        ...groups.flat().map((names) => postNormLayerShapes(names, settings)),
      ),
    forward: (weights, inputs, lastAttention) => {
      const x = applyLinear(weights, PROJECTION, embed(weights, sizes, inputs, absolutePositions(inputs))); // [B, T, H]
      return runPostNormLayers(weights, layers, settings, x, inputs, lastAttention);
    },
  };
};
