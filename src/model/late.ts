/**
 * GliZNet whose labels are read once for all texts (cross-attention `late`). The text runs through all layers and reads no label; a label
 * runs alone through the lower layers and becomes one state, which is kept for its label set. In the upper layers, if there are any, each
 * label is one token: it reads the text's states of that layer, itself and, with set attention, the other labels of the same text, in no
 * order. Without upper layers text and label are two vectors, or the label reads the text's tokens (token-reading.ts). After DeFormer (Cao et al., 2020) and PreTTR (MacAvaney et al., 2020), whose
 * upper layers read all tokens. Notation in shapes: B texts, T their tokens, M labels that are read, S their tokens, N labels that a text
 * is scored with, H hidden, P projected; in training, R rows of up to K labels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NOT_READ, separateBlocks } from './block-biases.ts';
import type { AcrossBiases, Encoder, EncoderInputs, Weights } from './encoders/encoder.ts';
import { GATE, weightsOfEncoder } from './gliznet.ts';
import { embedding } from './ops.ts';
import { type GliZNetOptions, readsTokens } from './options.ts';
import { meanOfTokens, poolText, project, sharesOf, tokensOfLabels } from './pooling.ts';
import { SIMILARITIES } from './similarities/index.ts';
import { tokenLogits } from './token-reading.ts';

/** Sequences of texts alone. */
export interface TextInputs extends Pick<EncoderInputs, 'inputIds' | 'attentionMask' | 'positions' | 'dropout'> {
  /** int32 [B, T]: 1 for the text's own tokens */
  textMask: tf.Tensor2D;
}

/** Sequences of one label each. */
export interface LabelInputs extends Pick<EncoderInputs, 'inputIds' | 'attentionMask' | 'positions'> {
  /** int32 [M, S]: 1 for the tokens that stand for the label */
  labelMask: tf.Tensor2D;
}

/** Sequences of several labels each, of training. */
export interface PackedLabelInputs extends Pick<EncoderInputs, 'inputIds' | 'attentionMask' | 'positions'> {
  /** int32 [R, S]: k for the tokens that stand for label k of the row, from 1; else 0 */
  labelMask: tf.Tensor2D;
  /** int32 [K]: 1 2 ... K */
  labelNumbers: tf.Tensor1D;
  /** int32 [R, S]: k for the block of label k of the row, 0 for padding; where a row may have several labels */
  blockNumbers?: tf.Tensor2D;
  /** int32 [R, S]: position of each token in its block; as blockNumbers */
  positionIds?: tf.Tensor2D;
  /** int32 [M]: row times K, plus the number in the row from 0; without upper layers */
  places?: tf.Tensor1D;
}

/** What is kept of texts. */
export interface TextStates {
  /** The text's side of the similarity: [B, P] */
  query: tf.Tensor2D;
  /** What each of the upper layers reads of the text, each [B, T, H] */
  states: tf.Tensor3D[];
}

/** Which labels each text is scored with, for the upper layers. */
export interface ShownLabels {
  /** int32 [B, N]: rows of the label states; of packed labels their places */
  numbers: tf.Tensor2D;
  /** int32 [B, N]: 1 for labels that the text has, 0 behind them */
  mask: tf.Tensor2D;
}

/** Reads texts: all that scoring needs of them. */
export function readTexts(encoder: Encoder, options: GliZNetOptions, weights: Weights, inputs: TextInputs): TextStates {
  const { hidden, layerInputs = [] } = encoder.forward(weightsOfEncoder(weights), inputs, false); // [B, T, H]
  const text = project(options, weights, poolText(options, hidden, inputs.textMask)); // [B, P]
  const states = options.upperLayers > 0 ? layerInputs.slice(-options.upperLayers) : [];
  return { query: SIMILARITIES[options.similarity].query(weights, text), states };
}

/** Reads sequences that may be texts or labels, without upper layers: both sides of the similarity, each [B, P], and the tokens' states [B, T, H]. */
export function readAlike(
  encoder: Encoder,
  options: GliZNetOptions,
  weights: Weights,
  inputs: TextInputs,
): { text: tf.Tensor2D; labels: tf.Tensor2D; hidden: tf.Tensor3D } {
  const { hidden } = encoder.forward(weightsOfEncoder(weights), inputs, false); // [B, T, H]
  const states = meanOfTokens(hidden, inputs.textMask); // [B, H]
  const text = project(options, weights, states); // [B, P]
  return { text: SIMILARITIES[options.similarity].query(weights, text), labels: keysOf(options, weights, states), hidden };
}

/** The layers that labels run through alone, where not all. */
const lowerLayers = (encoder: Encoder, { upperLayers }: GliZNetOptions) =>
  upperLayers > 0 ? { lowerLayers: encoder.layers - upperLayers } : {};

/** Reads labels: one state each, of the layer under the upper ones [M, H], or the label's side of the similarity where there are none [M, P]. */
export function readLabels(encoder: Encoder, options: GliZNetOptions, weights: Weights, inputs: LabelInputs): tf.Tensor2D {
  const { hidden } = encoder.forward(weightsOfEncoder(weights), { ...inputs, ...lowerLayers(encoder, options) }, false); // [M, S, H]
  const states = meanOfTokens(hidden, inputs.labelMask); // [M, H]
  return options.upperLayers > 0 ? states : keysOf(options, weights, states);
}

/**
 * {@link readLabels} of several labels to a row, by their places: states of all places [R K, H], or the label's side of the similarity of each
 * label [M, P].
 */
export function readPackedLabels(encoder: Encoder, options: GliZNetOptions, weights: Weights, inputs: PackedLabelInputs): tf.Tensor2D {
  const { blockNumbers, positionIds, labelMask, labelNumbers } = inputs;
  const alone = blockNumbers && tf.expandDims(separateBlocks(blockNumbers), 1); // [R, 1, S, S]
  const blocks = alone && { positionIds: positionIds!, biases: Array.from({ length: encoder.layers }, () => alone as tf.Tensor4D) };
  const { hidden } = encoder.forward(weightsOfEncoder(weights), { ...inputs, ...lowerLayers(encoder, options), blocks }, false); // [R, S, H]
  const [rows, , hiddenSize] = hidden.shape;
  const means = tf.matMul(sharesOf(tokensOfLabels(labelMask, labelNumbers)), hidden); // [R, K, H]
  const states = tf.reshape(means, [rows * labelNumbers.shape[0], hiddenSize]) as tf.Tensor2D;
  if (options.upperLayers > 0) return states;
  return keysOf(options, weights, embedding(states, inputs.places!) as tf.Tensor2D);
}

/** The label's side of the similarity. [..., H] -> [..., P] */
const keysOf = <T extends tf.Tensor>(options: GliZNetOptions, weights: Weights, states: T): T =>
  SIMILARITIES[options.similarity].key(weights, project(options, weights, states));

/** Scores of texts against all labels, without upper layers. texts [B, P], labels [M, P], or as columns [P, M] -> [B, M] */
export function vectorLogits(
  options: GliZNetOptions,
  weights: Weights,
  texts: tf.Tensor2D,
  labels: tf.Tensor2D,
  asColumns = false,
): tf.Tensor2D {
  return SIMILARITIES[options.similarity].finish(weights, tf.matMul(texts, labels, false, !asColumns));
}

/** What labels read in upper layer number `layer`. attentionMask int32 [B, T] */
function biasesOf(
  { setAttention }: GliZNetOptions,
  gate: tf.Tensor2D,
  layer: number,
  attentionMask: tf.Tensor2D,
  shown: tf.Tensor2D,
): AcrossBiases {
  const gateOf = (direction: number) => tf.reshape(tf.slice(gate, [layer, direction], [1, 1]), [1, 1, 1, 1]);
  const absent = (mask: tf.Tensor2D) => tf.mul(tf.sub(1, tf.cast(tf.expandDims(tf.expandDims(mask, 1), 1), 'float32')), NOT_READ); // [B, 1, 1, ·]
  const sequence = tf.add<tf.Tensor4D>(absent(attentionMask), gateOf(0)); // [B, 1, 1, T]
  if (!setAttention) return { sequence };
  // Numbers of the columns, from shapes: a range would bake the number of labels into the graph.
  const columns = tf.cumsum(tf.onesLike(shown), 1); // [B, N]
  const same = tf.cast(tf.equal(tf.expandDims(columns, 2), tf.expandDims(columns, 1)), 'float32'); // [B, N, N]
  const others = tf.mul(tf.sub(1, tf.expandDims(same, 1)), tf.add(absent(shown), gateOf(1))); // [B, 1, N, N]
  return { sequence, others: others as tf.Tensor4D };
}

/** Scores of texts against the labels that each is shown with, through the upper layers. labels [M, H] -> [B, N]; behind a text's labels it means nothing */
export function upperLogits(
  encoder: Encoder,
  options: GliZNetOptions,
  weights: Weights,
  texts: TextStates & { attentionMask: tf.Tensor2D },
  labels: tf.Tensor2D,
  shown: ShownLabels,
): tf.Tensor2D {
  const own = weightsOfEncoder(weights);
  const first = encoder.layers - options.upperLayers;
  let states = embedding(labels, shown.numbers) as tf.Tensor3D; // [B, N, H]
  for (const [layer, text] of texts.states.entries()) {
    const biases = biasesOf(options, weights[GATE] as tf.Tensor2D, layer, texts.attentionMask, shown.mask);
    states = encoder.readAcross!(own, first + layer, states, text, biases); // [B, N, H]
  }
  const keys = keysOf(options, weights, states); // [B, N, P]
  const products = tf.squeeze(tf.matMul(keys, tf.expandDims(texts.query, 2)), [2]) as tf.Tensor2D; // [B, N]
  return SIMILARITIES[options.similarity].finish(weights, products);
}

/** Texts and labels to scores at once, as in training: [B, M] without upper layers, else [B, N]. */
export function lateForward(
  encoder: Encoder,
  options: GliZNetOptions,
  weights: Weights,
  texts: TextInputs,
  labels: PackedLabelInputs,
  shown: ShownLabels | undefined,
): tf.Tensor2D {
  const compiled = readPackedLabels(encoder, options, weights, labels);
  if (readsTokens(options)) {
    const { hidden } = encoder.forward(weightsOfEncoder(weights), texts, false); // [B, T, H]
    return tokenLogits(options, weights, hidden, texts.textMask, tf.transpose(compiled));
  }
  const read = readTexts(encoder, options, weights, texts);
  if (options.upperLayers === 0) return vectorLogits(options, weights, read.query, compiled);
  return upperLogits(encoder, options, weights, { ...read, attentionMask: texts.attentionMask }, compiled, shown!);
}
