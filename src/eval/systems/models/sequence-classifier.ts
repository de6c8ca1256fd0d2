/** A pre-trained model that classifies a sequence or a pair (NLI models, cross-encoders): an encoder and its head, or BART. */
import type * as tf from '@tensorflow/tfjs-core';
import type { RawConfig } from '../../../model/encoders/config-fields.ts';
import type { EncoderInputs, Weights } from '../../../model/encoders/encoder.ts';
import { createEncoder } from '../../../model/encoders/index.ts';
import { createBartClassifier } from './bart.ts';
import { classCount, createClassificationHead } from './classification-head.ts';

/** A sequence classifier of one configuration. */
export interface SequenceClassifier {
  /** Classes, C. */
  readonly classes: number;
  /** Name of each class, where the config has them. [C] */
  readonly classNames: readonly string[];
  readonly maxLength: number;
  /** Name and shape of every parameter, without the model's prefix. */
  parameterShapes(): Record<string, number[]>;
  /** -> logits [B, C] */
  forward(weights: Weights, inputs: EncoderInputs): tf.Tensor2D;
}

function classNames(config: RawConfig): string[] {
  const count = classCount(config);
  const names = (config.id2label ?? {}) as Record<string, unknown>;
  return Array.from({ length: count }, (_, index) => String(names[index] ?? `LABEL_${index}`));
}

/** Makes a sequence classifier from a parsed config.json. @throws UsageError naming the field that is missing or not supported. */
export function createSequenceClassifier(config: RawConfig): SequenceClassifier {
  const common = { classes: classCount(config), classNames: classNames(config) };
  if (config.model_type === 'bart') {
    const { maxLength, parameterShapes, forward } = createBartClassifier(config);
    return { ...common, maxLength, parameterShapes, forward };
  }
  const encoder = createEncoder(config);
  const head = createClassificationHead(config, encoder.hiddenSize);
  return {
    ...common,
    maxLength: encoder.maxLength,
    parameterShapes: () => ({ ...encoder.parameterShapes(), ...head.parameterShapes() }),
    forward: (weights, inputs) => head.forward(weights, encoder.forward(weights, inputs, false).hidden, inputs.attentionMask),
  };
}
