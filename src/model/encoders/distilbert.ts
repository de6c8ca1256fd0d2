/** DistilBERT (Sanh et al., 2019): BERT's layer under other names, no token types. Follows DistilBertModel of Hugging Face transformers. */
import { absolutePositions, type EmbeddingSizes, embed, embeddingShapes } from './bert.ts';
import { activationField, headsField, integerField, layerCountField, wordField } from './config-fields.ts';
import type { Encoder, EncoderFactory } from './encoder.ts';
import { ignoreFields } from './known-fields.ts';
import { type LayerNames, type LayerSettings, postNormLayerShapes, postNormReadAcross, runPostNormLayers } from './post-norm-layer.ts';

/** Not in the config: transformers fixes it. */
const EPSILON = 1e-12;

function layerNames(index: number): LayerNames {
  const layer = `transformer.layer.${index}`;
  return {
    query: `${layer}.attention.q_lin`,
    key: `${layer}.attention.k_lin`,
    value: `${layer}.attention.v_lin`,
    attentionOutput: `${layer}.attention.out_lin`,
    attentionNorm: `${layer}.sa_layer_norm`,
    intermediate: `${layer}.ffn.lin1`,
    output: `${layer}.ffn.lin2`,
    outputNorm: `${layer}.output_layer_norm`,
  };
}

/** DistilBERT. Throws UsageError naming the field of the config that is missing or not supported. */
export const createDistilBert: EncoderFactory = (config): Encoder => {
  const hiddenSize = integerField(config, 'dim');
  const settings: LayerSettings = {
    hiddenSize,
    intermediateSize: integerField(config, 'hidden_dim'),
    heads: headsField(config, 'n_heads', hiddenSize),
    activation: activationField(config, 'activation', 'gelu'),
    epsilon: EPSILON,
  };
  const sizes: EmbeddingSizes = {
    vocabulary: integerField(config, 'vocab_size'),
    positions: integerField(config, 'max_position_embeddings'),
    types: 0,
    size: hiddenSize,
    epsilon: EPSILON,
  };
  const layers = Array.from({ length: layerCountField(config, 'n_layers') }, (_, index) => layerNames(index));
  // Names under which transformers reads the same fields.
  wordField(config, 'hidden_size', [hiddenSize], hiddenSize);
  wordField(config, 'num_attention_heads', [settings.heads], settings.heads);
  wordField(config, 'num_hidden_layers', [layers.length], layers.length);
  ignoreFields(config, 'layer_norm_eps');
  return {
    modelType: 'distilbert',
    hiddenSize,
    layers: layers.length,
    maxLength: sizes.positions,
    readsBlocks: true,
    readAcross: postNormReadAcross(layers, settings),
    parameterShapes: () => Object.assign(embeddingShapes(sizes), ...layers.map((names) => postNormLayerShapes(names, settings))),
    forward: (weights, inputs, lastAttention) =>
      runPostNormLayers(weights, layers, settings, embed(weights, sizes, inputs, absolutePositions(inputs)), inputs, lastAttention),
  };
};
