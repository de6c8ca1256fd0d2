/**
 * RoBERTa (Liu et al., 2019) and XLM-RoBERTa (Conneau et al., 2020): BERT whose positions are counted over the tokens that are not padding,
 * from the padding id on. Follows RobertaModel of Hugging Face transformers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { embed, embeddingShapes, embeddingSizes, layerSettings } from './bert.ts';
import { layerCountField, paddingIdField, positionsAfterPadding } from './config-fields.ts';
import type { Encoder, EncoderFactory, EncoderInputs } from './encoder.ts';
import { bertLayerNames, postNormLayerShapes, postNormReadAcross, runPostNormLayers } from './post-norm-layer.ts';

/** Position of each token: its number among the tokens that are not padding, plus the padding id. int32 [B, T] -> int32 [B, T]. */
function countedPositions(inputIds: tf.Tensor2D, paddingId: number): tf.Tensor {
  const present = tf.cast(tf.notEqual(inputIds, tf.scalar(paddingId, 'int32')), 'int32'); // [B, T]
  return tf.add(tf.mul(tf.cumsum(present, 1), present), tf.scalar(paddingId, 'int32'));
}

/** The same of whole sequences, or of sequences that are made of blocks. inputs -> int32 [B, T]. */
export const positionsFromPadding = (inputs: EncoderInputs, paddingId: number): tf.Tensor =>
  inputs.blocks ? tf.add(inputs.blocks.positionIds, tf.scalar(paddingId + 1, 'int32')) : countedPositions(inputs.inputIds, paddingId);

/** RoBERTa or XLM-RoBERTa. Throws UsageError naming the field of the config that is missing or not supported. */
const createNamed =
  (modelType: string): EncoderFactory =>
  (config): Encoder => {
    const settings = layerSettings(config, 1e-12);
    const sizes = embeddingSizes(config, settings.hiddenSize, settings.epsilon);
    const paddingId = paddingIdField(config, 1, sizes.vocabulary);
    const layers = Array.from({ length: layerCountField(config, 'num_hidden_layers') }, (_, index) => bertLayerNames(index));
    return {
      modelType,
      hiddenSize: settings.hiddenSize,
      layers: layers.length,
      maxLength: positionsAfterPadding(config, sizes.positions, paddingId),
      readsBlocks: true,
      readAcross: postNormReadAcross(layers, settings),
      parameterShapes: () => Object.assign(embeddingShapes(sizes), ...layers.map((names) => postNormLayerShapes(names, settings))),
      forward: (weights, inputs, lastAttention) => {
        const embedded = embed(weights, sizes, inputs, positionsFromPadding(inputs, paddingId));
        return runPostNormLayers(weights, layers, settings, embedded, inputs, lastAttention);
      },
    };
  };

/** RoBERTa. */
export const createRoberta = createNamed('roberta');

/** XLM-RoBERTa: the same model with another vocabulary. */
export const createXlmRoberta = createNamed('xlm-roberta');
