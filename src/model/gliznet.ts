/**
 * GliZNet: one encoder pass over a text and its labels, pooling, projection, similarity (article, sections 3.1, 3.2 and 3.5), over tfjs
 * ops. late.ts is the kind whose labels are read once; loss.ts the hybrid loss.
 *
 * Runs eagerly on any tfjs backend and is traced to ONNX for every batch, length and label count at once, so sizes come from shapes and
 * label numbers from an input. Notation in shapes: B batch, T tokens, H hidden, P projected (or H without projection), N labels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../base/errors.ts';
import { blockBiases } from './block-biases.ts';
import type { Encoder, EncoderInputs, Weights } from './encoders/encoder.ts';
import { stopGradient } from './ops.ts';
import { type GliZNetOptions, hasBlocks, readsTokens } from './options.ts';
import { poolText, project, sharesOf, tokensOfLabels } from './pooling.ts';
import { SIMILARITIES } from './similarities/index.ts';

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
 * Biases of what labels and text read of each other. Gated: [layers, 3], of the text's tokens reading labels, of labels' reading the text, and of
 * labels' reading other labels. One-way: [layers, 1], of labels' reading the text. Late: the same for the upper layers, [upperLayers, 1], or with
 * set attention [upperLayers, 2], of labels' reading the text and other labels.
 */
export const GATE = 'cross_attention.gate';

/** Which of the three directions of gated cross-attention one-way keeps. */
export const LABELS_READ_TEXT = 1;

/** The encoder's own weights, under their own names. */
export const weightsOfEncoder = (weights: Weights): Weights =>
  Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(ENCODER_PREFIX))
      .map(([name, weight]) => [name.slice(ENCODER_PREFIX.length), weight]),
  );

/** Shape of {@link GATE}; undefined where nothing passes that a bias could be on. @throws UsageError as {@link gliznetParameterShapes} */
function gateShape(encoder: Encoder, { crossAttention, labelPooling, upperLayers, setAttention }: GliZNetOptions): number[] | undefined {
  if (crossAttention === 'free') return undefined;
  if (crossAttention !== 'gated' && labelPooling === 'attention')
    throw new UsageError(
      `${crossAttention} cross-attention needs label pooling "mean" or "marker": there is no attention from [CLS] to labels`,
    );
  if (crossAttention === 'late') {
    if (upperLayers === 0) return undefined;
    if (!encoder.readAcross) throw new UsageError(`late cross-attention with upper layers is not there for ${encoder.modelType} encoders`);
    if (upperLayers >= encoder.layers)
      throw new UsageError(
        `late cross-attention: ${upperLayers} upper layers leave none of the encoder's ${encoder.layers} for labels alone`,
      );
    return [upperLayers, setAttention ? 2 : 1];
  }
  if (!encoder.readsBlocks) throw new UsageError(`${crossAttention} cross-attention is not there for ${encoder.modelType} encoders`);
  return [encoder.layers, crossAttention === 'gated' ? 3 : 1];
}

/**
 * Name and shape of GliZNet's parameters: the encoder's behind `encoder.`, then projection and similarity.
 * @throws UsageError when the encoder cannot do what the options ask for
 */
export function gliznetParameterShapes(encoder: Encoder, options: GliZNetOptions): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  for (const [name, shape] of Object.entries(encoder.parameterShapes())) shapes[ENCODER_PREFIX + name] = shape;
  const gate = gateShape(encoder, options);
  // Asked for what it refuses.
  readsTokens(options);
  if (gate) shapes[GATE] = gate;
  const size = options.projection ?? encoder.hiddenSize;
  if (options.projection !== null) {
    shapes['projection.weight'] = [size, encoder.hiddenSize];
    shapes['projection.bias'] = [size];
  }
  return { ...shapes, ...SIMILARITIES[options.similarity].shapes(size) };
}

/** Settings of a forward pass that only training changes. */
export interface ForwardSettings {
  /** Takes the pooling's attention weights as constants in the gradient. */
  detachAttention?: boolean;
}

/**
 * Share of each token in its label's representation (section 3.2.2): all of a label's tokens alike, or by the attention from [CLS].
 * labelMask int32 [B, T], labelNumbers int32 [N], attention [B, h, T, T] -> [B, N, T]
 */
function labelTokenShares(
  { labelMask, labelNumbers }: GliZNetInputs,
  attention: tf.Tensor4D | undefined,
  settings: ForwardSettings,
): tf.Tensor3D {
  const belongs = tokensOfLabels(labelMask, labelNumbers); // [B, N, T]
  if (!attention) return sharesOf(belongs);
  let fromCls = tf.mean(tf.slice(attention, [0, 0, 0, 0], [-1, -1, 1, -1]), 1); // [B, 1, T]
  if (settings.detachAttention) fromCls = stopGradient(fromCls);
  return sharesOf(tf.mul(belongs, fromCls), belongs);
}

/** The whole forward pass over joint sequences, in the order of the article's section 3. */
export function gliznetForward(
  encoder: Encoder,
  options: GliZNetOptions,
  weights: Weights,
  inputs: GliZNetInputs,
  settings: ForwardSettings = {},
): GliZNetOutput {
  // 3.1: one pass reads the text and all labels.
  const byAttention = options.labelPooling === 'attention';
  const blocks = hasBlocks(options)
    ? { positionIds: inputs.positionIds!, biases: blockBiases(inputs.blockNumbers!, weights[GATE] as tf.Tensor2D) }
    : undefined;
  const { hidden, attention } = encoder.forward(weightsOfEncoder(weights), { ...inputs, blocks }, byAttention); // [B, T, H], [B, h, T, T]

  // 3.2: representations of the labels and of the text.
  const tokenShares = labelTokenShares(inputs, attention, settings); // [B, N, T]
  const labels = project(options, weights, tf.matMul(tokenShares, hidden)) as tf.Tensor3D; // [B, N, P]
  const text = project(options, weights, poolText(options, hidden, inputs.textMask)); // [B, P]

  // 3.5: how alike they are.
  const similarity = SIMILARITIES[options.similarity];
  const query = similarity.query(weights, text); // [B, P]
  const products = tf.squeeze(tf.matMul(similarity.key(weights, labels), tf.expandDims(query, 2)), [2]) as tf.Tensor2D; // [B, N]
  return { logits: similarity.finish(weights, products), text, labels, tokenShares };
}
