/**
 * GliZNet: encoder, pooling, projection, similarity, hybrid loss (article, section 3), over tfjs ops.
 *
 * Runs eagerly on any tfjs backend and is traced to ONNX for every batch, length and label count at once, so sizes
 * come from shapes and label numbers from an input. Imports nothing but tfjs-core and its neighbours in src/model.
 * Notation in shapes: B batch, T tokens, H hidden, P projected (or H without projection), N labels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../base/errors.ts';
import type { Encoder, EncoderInputs, Weights } from './encoders/encoder.ts';
import { linear } from './ops.ts';
import { type GliZNetOptions, hasBlocks } from './options.ts';

/** What GliZNet reads. */
export interface GliZNetInputs extends EncoderInputs {
  /** int32 [B, T]: k for the tokens that stand for label k, from 1; else 0 */
  labelMask: tf.Tensor2D;
  /** int32 [B, T]: 1 for the text's own tokens; read by mean text pooling only */
  textMask: tf.Tensor2D;
  /** int32 [N]: 1 2 ... N */
  labelNumbers: tf.Tensor1D;
  /** int32 [B, T]: 0 for the text's block, k for the block of label k with its marker; read by models with blocks only */
  blockNumbers?: tf.Tensor2D;
  /** int32 [B, T]: position of each token in its block; read by models with blocks only */
  positionIds?: tf.Tensor2D;
}

/** Scores and what they were made of. */
export interface GliZNetOutput {
  /** [B, N]; entries of labels that a row does not have mean nothing */
  logits: tf.Tensor2D;
  /** Text representation: [B, P] */
  text: tf.Tensor2D;
  /** Label representations: [B, N, P] */
  labels: tf.Tensor3D;
  /** Share of each token in its label's representation: [B, N, T], sums to 1 over a label's tokens */
  tokenShares: tf.Tensor3D;
}

/** Prefix of the encoder's parameters in a GliZNet checkpoint. */
export const ENCODER_PREFIX = 'encoder.';

/**
 * Biases of what passes between blocks. Gated: [layers, 3], of the text's tokens reading labels, of labels' reading the text, and of labels'
 * reading other labels. One-way: [layers, 1], of labels' reading the text.
 */
export const GATE = 'cross_attention.gate';

/** Which of the three directions of gated cross-attention one-way keeps. */
export const LABELS_READ_TEXT = 1;

/** The attention score of what is not read: far below any other, and still finite when a second one is added. */
const NOT_READ = -1e9;

/**
 * Name and shape of GliZNet's parameters: the encoder's behind `encoder.`, then projection and similarity.
 * @throws UsageError when the encoder cannot do what the options ask for
 */
export function gliznetParameterShapes(encoder: Encoder, options: GliZNetOptions): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  for (const [name, shape] of Object.entries(encoder.parameterShapes())) shapes[ENCODER_PREFIX + name] = shape;
  if (hasBlocks(options)) {
    if (!encoder.readsBlocks)
      throw new UsageError(`${options.crossAttention} cross-attention is not there for ${encoder.modelType} encoders`);
    if (options.crossAttention === 'one-way' && options.labelPooling === 'attention')
      throw new UsageError('one-way cross-attention needs label pooling "mean" or "marker": there is no attention from [CLS] to labels');
    shapes[GATE] = [encoder.layers, options.crossAttention === 'gated' ? 3 : 1];
  }
  return { ...shapes, ...headParameterShapes(encoder.hiddenSize, options) };
}

/** Name and shape of the parameters behind the encoder. */
function headParameterShapes(hiddenSize: number, options: GliZNetOptions): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  const size = options.projection ?? hiddenSize;
  if (options.projection !== null) {
    shapes['projection.weight'] = [size, hiddenSize];
    shapes['projection.bias'] = [size];
  }
  switch (options.similarity) {
    case 'linear':
      shapes['similarity.weight'] = [1, size];
      shapes['similarity.bias'] = [1];
      break;
    case 'bilinear':
      shapes['similarity.weight'] = [1, size, size];
      shapes['similarity.bias'] = [1];
      break;
    case 'cosine':
      shapes['similarity.scale'] = [1];
      shapes['similarity.bias'] = [1];
      break;
    case 'dot':
      break;
  }
  return shapes;
}

/** Rows divided by their length. [..., P] -> [..., P] */
const normalise = (x: tf.Tensor): tf.Tensor => tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)));

/** Scores of text and label representations (article, section 3.5). text [B, P], labels [B, N, P] -> [B, N]. */
export function similarityLogits(options: GliZNetOptions, weights: Weights, text: tf.Tensor2D, labels: tf.Tensor3D): tf.Tensor2D {
  const dot = (t: tf.Tensor2D, l: tf.Tensor3D) => tf.squeeze(tf.matMul(l, tf.expandDims(t, 2)), [2]) as tf.Tensor2D; // [B, N]
  switch (options.similarity) {
    case 'dot':
      return dot(text, labels);
    case 'linear': {
      const weighted = tf.mul(text, weights['similarity.weight']) as tf.Tensor2D; // [B, P]
      return tf.add(dot(weighted, labels), weights['similarity.bias']);
    }
    case 'bilinear': {
      const matrix = tf.squeeze(weights['similarity.weight'], [0]) as tf.Tensor2D; // [P, P]
      return tf.add(dot(tf.matMul(text, matrix), labels), weights['similarity.bias']);
    }
    case 'cosine': {
      const cosine = dot(normalise(text) as tf.Tensor2D, normalise(labels) as tf.Tensor3D); // [B, N]
      return tf.add(tf.mul(cosine, weights['similarity.scale']), weights['similarity.bias']);
    }
  }
}

/**
 * Attention biases of a sequence made of blocks: 0 within a block, the layer's learned bias between blocks that read each other.
 * blockNumbers int32 [B, T], gate [layers, 3] (gated) or [layers, 1] (one-way) -> one [B, 1, T, T] a layer.
 */
function blockBiases(blockNumbers: tf.Tensor2D, gate: tf.Tensor2D): tf.Tensor4D[] {
  const [query, key] = [tf.expandDims(blockNumbers, 2), tf.expandDims(blockNumbers, 1)]; // [B, T, 1], [B, 1, T]
  const isText = (numbers: tf.Tensor) => tf.cast(tf.equal(numbers, tf.scalar(0, 'int32')), 'float32');
  const [fromText, toText] = [isText(query), isText(key)];
  const labelsReadText = tf.mul(tf.sub(1, fromText), toText); // [B, T, T]: the query is a label's token, the key one of the text's
  const within = tf.cast(tf.equal(query, key), 'float32'); // [B, T, T]
  const gated = (mask: tf.Tensor, layer: number, direction: number) =>
    tf.mul(mask, tf.reshape(tf.slice(gate, [layer, direction], [1, 1]), [1, 1, 1])); // [B, T, T]
  const [layers, directions] = gate.shape;
  if (directions === 1) {
    const notRead = tf.mul(tf.sub(tf.sub(1, within), labelsReadText), NOT_READ); // [B, T, T]
    return Array.from(
      { length: layers },
      (_, layer) => tf.expandDims(tf.add(notRead, gated(labelsReadText, layer, 0)), 1) as tf.Tensor4D, // [B, 1, T, T]
    );
  }
  const textReadsLabels = tf.mul(fromText, tf.sub(1, toText)); // [B, T, T]
  const betweenLabels = tf.sub(tf.sub(tf.sub(1, within), labelsReadText), textReadsLabels); // [B, T, T]
  const masks = [textReadsLabels, labelsReadText, betweenLabels];
  return Array.from(
    { length: layers },
    (_, layer) => tf.expandDims(tf.addN(masks.map((mask, direction) => gated(mask, layer, direction))), 1) as tf.Tensor4D, // [B, 1, T, T]
  );
}

/** Settings of a forward pass that only training changes. */
export interface ForwardSettings {
  /** Takes the pooling's attention weights as constants in the gradient. */
  detachAttention?: boolean;
}

/** The whole forward pass (article, sections 3.1 and 3.2). */
export function gliznetForward(
  encoder: Encoder,
  options: GliZNetOptions,
  weights: Weights,
  inputs: GliZNetInputs,
  settings: ForwardSettings = {},
): GliZNetOutput {
  const byAttention = options.labelPooling === 'attention';
  const encoderWeights: Record<string, tf.Tensor> = {};
  for (const [name, weight] of Object.entries(weights))
    if (name.startsWith(ENCODER_PREFIX)) encoderWeights[name.slice(ENCODER_PREFIX.length)] = weight;
  const blocks = hasBlocks(options)
    ? { positionIds: inputs.positionIds!, biases: blockBiases(inputs.blockNumbers!, weights[GATE] as tf.Tensor2D) }
    : undefined;
  const { hidden, attention } = encoder.forward(encoderWeights, { ...inputs, blocks }, byAttention); // [B, T, H], [B, h, T, T]
  const [batch, length, hiddenSize] = hidden.shape;

  const belongs = tf.cast(tf.equal(tf.expandDims(inputs.labelMask, 1), tf.expandDims(tf.expandDims(inputs.labelNumbers, 1), 0)), 'float32'); // [B, N, T]
  let tokenWeights = belongs;
  if (byAttention) {
    let fromCls = tf.mean(tf.slice(attention!, [0, 0, 0, 0], [-1, -1, 1, -1]), 1); // [B, 1, T]
    if (settings.detachAttention) fromCls = stopGradient(fromCls);
    tokenWeights = tf.mul(belongs, fromCls); // [B, N, T]
  }
  // A label that the row does not have is divided by 1: by a tiny number, its gradient would overflow to NaN.
  const absent = tf.sub(1, tf.max(belongs, 2, true)); // [B, N, 1]
  const tokenShares = tf.div(tokenWeights, tf.add(tf.sum(tokenWeights, 2, true), absent)) as tf.Tensor3D; // [B, N, T]
  const labelHidden = tf.matMul(tokenShares, hidden) as tf.Tensor3D; // [B, N, H]

  let textHidden: tf.Tensor;
  if (options.textPooling === 'cls')
    textHidden = tf.reshape(tf.slice(hidden, [0, 0, 0], [batch, 1, hiddenSize]), [batch, hiddenSize]); // [B, H]
  else {
    const own = tf.reshape(tf.cast(inputs.textMask, 'float32'), [batch, 1, length]); // [B, 1, T]
    const mean = tf.div(own, tf.maximum(tf.sum(own, 2, true), 1)); // [B, 1, T]
    textHidden = tf.reshape(tf.matMul(mean, hidden), [batch, hiddenSize]); // [B, H]
  }

  const project = (x: tf.Tensor) =>
    options.projection === null ? x : linear(x, weights['projection.weight'] as tf.Tensor2D, weights['projection.bias'] as tf.Tensor1D);
  const text = project(textHidden) as tf.Tensor2D; // [B, P]
  const labels = project(labelHidden) as tf.Tensor3D; // [B, N, P]
  return { logits: similarityLogits(options, weights, text, labels), text, labels, tokenShares };
}

/** The value itself, with a gradient of zero. */
function stopGradient(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((...args) => {
    const [value] = args as unknown as [tf.Tensor];
    return { value: tf.clone(value), gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy)] };
  })(x);
}
