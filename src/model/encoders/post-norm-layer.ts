/**
 * The original transformer layer (attention, add and normalise, feed-forward, add and normalise), which BERT, DistilBERT, RoBERTa, MPNet,
 * ELECTRA and ALBERT share under different parameter names.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Dropout, NO_DROPOUT } from '../dropout.ts';
import { type Activation, activation, attention, attentionAcross } from '../ops.ts';
import type { EncoderInputs, EncoderOutput, ReadAcross, Weights } from './encoder.ts';
import { applyLinear, applyNorm, linearShapes, normShapes, type Shapes } from './parameters.ts';

/** Names of a layer's parts, without `.weight` and `.bias`. */
export interface LayerNames {
  query: string;
  key: string;
  value: string;
  attentionOutput: string;
  attentionNorm: string;
  intermediate: string;
  output: string;
  outputNorm: string;
}

/** Sizes and settings of a layer. */
export interface LayerSettings {
  hiddenSize: number;
  intermediateSize: number;
  heads: number;
  activation: Activation;
  epsilon: number;
}

/** The names that BERT gives to layer `index`. */
export function bertLayerNames(index: number): LayerNames {
  const layer = `encoder.layer.${index}`;
  return {
    query: `${layer}.attention.self.query`,
    key: `${layer}.attention.self.key`,
    value: `${layer}.attention.self.value`,
    attentionOutput: `${layer}.attention.output.dense`,
    attentionNorm: `${layer}.attention.output.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}

/** Shapes of a layer's parameters. */
export function postNormLayerShapes(names: LayerNames, { hiddenSize, intermediateSize }: LayerSettings): Shapes {
  return {
    ...linearShapes(names.query, hiddenSize, hiddenSize),
    ...linearShapes(names.key, hiddenSize, hiddenSize),
    ...linearShapes(names.value, hiddenSize, hiddenSize),
    ...linearShapes(names.attentionOutput, hiddenSize, hiddenSize),
    ...normShapes(names.attentionNorm, hiddenSize),
    ...linearShapes(names.intermediate, intermediateSize, hiddenSize),
    ...linearShapes(names.output, hiddenSize, intermediateSize),
    ...normShapes(names.outputNorm, hiddenSize),
  };
}

/** The half of a layer after its attention. x [B, T, H] the layer's input, context [B, T, H] -> [B, T, H]. */
export function afterAttention(
  weights: Weights,
  names: LayerNames,
  settings: LayerSettings,
  x: tf.Tensor,
  context: tf.Tensor,
  dropout: Dropout,
): tf.Tensor {
  const { epsilon } = settings;
  const output = dropout.hidden(applyLinear(weights, names.attentionOutput, context)); // [B, T, H]
  const attended = applyNorm(weights, names.attentionNorm, tf.add(output, x), epsilon); // [B, T, H]
  const inner = activation(applyLinear(weights, names.intermediate, attended), settings.activation); // [B, T, intermediate]
  return applyNorm(weights, names.outputNorm, tf.add(dropout.hidden(applyLinear(weights, names.output, inner)), attended), epsilon);
}

/**
 * Runs layers one after the other.
 * @param x [B, T, H]
 * @param layers the names of each layer, in order; the same names twice share a layer
 * @param bias added to the attention scores of every layer: [B or 1, h, T, T]
 */
export function runPostNormLayers(
  weights: Weights,
  layers: LayerNames[],
  settings: LayerSettings,
  x: tf.Tensor,
  inputs: Pick<EncoderInputs, 'attentionMask' | 'blocks' | 'dropout' | 'lowerLayers'>,
  lastAttention: boolean,
  bias?: tf.Tensor4D,
): EncoderOutput {
  const { attentionMask, blocks, dropout = NO_DROPOUT, lowerLayers = layers.length } = inputs;
  let hidden = x; // [B, T, H]
  let probabilities: tf.Tensor4D | undefined;
  const layerInputs: tf.Tensor3D[] = [];
  layers.slice(0, lowerLayers).forEach((names, index) => {
    layerInputs.push(hidden as tf.Tensor3D);
    const attended = attention(
      applyLinear(weights, names.query, hidden),
      applyLinear(weights, names.key, hidden),
      applyLinear(weights, names.value, hidden),
      {
        heads: settings.heads,
        attentionMask,
        bias: bias && blocks ? tf.add<tf.Tensor4D>(bias, blocks.biases[index]) : (bias ?? blocks?.biases[index]),
        probabilities: lastAttention && index === layers.length - 1,
        dropout,
      },
    );
    probabilities = attended.probabilities;
    hidden = afterAttention(weights, names, settings, hidden, attended.context, dropout);
  });
  return { hidden: hidden as tf.Tensor3D, layerInputs, ...(probabilities ? { attention: probabilities } : {}) };
}

/** {@link ReadAcross} of such layers. */
export const postNormReadAcross =
  (layers: LayerNames[], settings: LayerSettings): ReadAcross =>
  (weights, index, tokens, sequence, biases) => {
    const names = layers[index];
    const [query, key, value] = [names.query, names.key, names.value].map((name) => applyLinear(weights, name, tokens)); // each [B, N, H]
    const context = attentionAcross(
      { query, key, value },
      { key: applyLinear(weights, names.key, sequence), value: applyLinear(weights, names.value, sequence) }, // each [B, T, H]
      settings.heads,
      biases,
    );
    return afterAttention(weights, names, settings, tokens, context, NO_DROPOUT) as tf.Tensor3D;
  };
