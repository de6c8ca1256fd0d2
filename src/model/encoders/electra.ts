/**
 * ELECTRA's discriminator (Clark et al., 2020): BERT with narrower embeddings, projected to the hidden size. Follows ElectraModel of
 * Hugging Face transformers.
 */
import { absolutePositions, embed, embeddingShapes, embeddingSizes, layerSettings } from './bert.ts';
import { integerField, layerCountField } from './config-fields.ts';
import type { Encoder, EncoderFactory } from './encoder.ts';
import { applyLinear, linearShapes } from './parameters.ts';
import { bertLayerNames, postNormLayerShapes, postNormReadAcross, runPostNormLayers } from './post-norm-layer.ts';

const PROJECTION = 'embeddings_project';

/** ELECTRA. Throws UsageError naming the field of the config that is missing or not supported. */
export const createElectra: EncoderFactory = (config): Encoder => {
  const settings = layerSettings(config, 1e-12);
  const sizes = embeddingSizes(config, integerField(config, 'embedding_size', 128), settings.epsilon);
  // The large model's embeddings are as wide as its layers and have no projection.
  const projected = sizes.size !== settings.hiddenSize;
  const layers = Array.from({ length: layerCountField(config, 'num_hidden_layers') }, (_, index) => bertLayerNames(index));
  return {
    modelType: 'electra',
    hiddenSize: settings.hiddenSize,
    layers: layers.length,
    maxLength: sizes.positions,
    readsBlocks: true,
    readAcross: postNormReadAcross(layers, settings),
    parameterShapes: () =>
      Object.assign(
        embeddingShapes(sizes),
        projected ? linearShapes(PROJECTION, settings.hiddenSize, sizes.size) : {},
        ...layers.map((names) => postNormLayerShapes(names, settings)),
      ),
    forward: (weights, inputs, lastAttention) => {
      const embedded = embed(weights, sizes, inputs, absolutePositions(inputs)); // [B, T, embedding]
      const x = projected ? applyLinear(weights, PROJECTION, embedded) : embedded; // [B, T, H]
      return runPostNormLayers(weights, layers, settings, x, inputs, lastAttention);
    },
  };
};
