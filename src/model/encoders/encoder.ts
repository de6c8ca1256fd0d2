/**
 * What every encoder family provides (one file a family) and what it is given.
 *
 * All sizes that change from call to call (batch, tokens) are read from the inputs' shapes and never baked into a constant: the same
 * function is traced once to ONNX for all shapes. So no tf.range over a length, no scalar that holds a length: take `positions`. A constant
 * whose shape depends on batch or length must be uniform (tf.zeros, tf.fill).
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Dropout } from '../dropout.ts';

/** Weights under their Hugging Face names without the model prefix (`encoder.layer.0.attention.self.query.weight`). */
export type Weights = Readonly<Record<string, tf.Tensor>>;

/** What an encoder reads. */
export interface EncoderInputs {
  /** int32 [B, T] */
  inputIds: tf.Tensor2D;
  /** int32 [B, T], 1 for tokens and 0 for padding */
  attentionMask: tf.Tensor2D;
  /** int32 [T], 0 1 2 ... T-1 */
  positions: tf.Tensor1D;
  /** int32 [B, T]; zeros where absent */
  tokenTypeIds?: tf.Tensor2D;
  /** What is dropped at random in training; nothing where absent. */
  dropout?: Dropout;
  /** Sequences made of blocks; only encoders with `readsBlocks` take them. */
  blocks?: {
    /** int32 [B, T]: position of each token in its block */
    positionIds: tf.Tensor2D;
    /** Added to the attention scores, one for each layer: [B, 1, T, T] */
    biases: tf.Tensor4D[];
  };
  /** How many layers run, from the input; all where absent. Only encoders with `readAcross` take it. */
  lowerLayers?: number;
}

/** What an encoder gives. */
export interface EncoderOutput {
  /** Last hidden state, of the layers that run: [B, T, H] */
  hidden: tf.Tensor3D;
  /** What each layer that runs reads, from the input, each [B, T, H]; only of encoders with `readAcross` */
  layerInputs?: tf.Tensor3D[];
  /** Attention probabilities of the last layer, if asked for: [B, h, T, T] */
  attention?: tf.Tensor4D;
}

/** How much tokens read in {@link ReadAcross}. */
export interface AcrossBiases {
  /** Added to the scores of the sequence's tokens, far below any other at padding: [B, 1, 1, T] */
  sequence: tf.Tensor4D;
  /** Added to the scores of each other, 0 of a token with itself: [B, 1, N, N]; where absent a token reads itself only */
  others?: tf.Tensor4D;
}

/**
 * Runs layer `index` for tokens that read another sequence's states, themselves and, as an option, each other; they have no order.
 * tokens [B, N, H], sequence [B, T, H] (what that layer reads of it) -> [B, N, H]
 */
export type ReadAcross = (weights: Weights, index: number, tokens: tf.Tensor3D, sequence: tf.Tensor3D, biases: AcrossBiases) => tf.Tensor3D;

/** An encoder of one configuration. */
export interface Encoder {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly hiddenSize: number;
  readonly layers: number;
  /** Positions that the encoder has: the longest sequence it can read. */
  readonly maxLength: number;
  /** Whether `forward` reads {@link EncoderInputs.blocks}. */
  readonly readsBlocks?: boolean;
  /** One layer as {@link ReadAcross}; only of encoders whose layers can be run one by one. */
  readonly readAcross?: ReadAcross;
  /** Name and shape of every parameter that `forward` reads (no pooler, no task heads). */
  parameterShapes(): Record<string, number[]>;
  /**
   * Runs the encoder.
   * @param lastAttention whether the attention probabilities of the last layer are needed
   */
  forward(weights: Weights, inputs: EncoderInputs, lastAttention: boolean): EncoderOutput;
}

/** Makes an encoder from a parsed config.json; throws UsageError naming the field that is missing or not supported. */
export type EncoderFactory = (config: Readonly<Record<string, unknown>>) => Encoder;
