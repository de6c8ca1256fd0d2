/**
 * Sequence-classification heads, one a family: what `AutoModelForSequenceClassification` puts on an encoder, under the names of the
 * published weights.
 */
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../../base/errors.ts';
import {
  activationField,
  booleanField,
  integerField,
  positiveField,
  type RawConfig,
  wordField,
} from '../../../model/encoders/config-fields.ts';
import type { Weights } from '../../../model/encoders/encoder.ts';
import { applyLinear, applyNorm, linearShapes, normShapes, type Shapes } from '../../../model/encoders/parameters.ts';
import { type Activation, activation } from '../../../model/ops.ts';
import { meanOfTokens } from '../../../model/pooling.ts';

/** A head of one configuration. */
export interface ClassificationHead {
  /** Names and shapes of its parameters; `pooler` names lie inside the encoder's prefix in some families. */
  parameterShapes(): Shapes;
  /** hidden [B, T, H], attentionMask int32 [B, T] -> logits [B, C] */
  forward(weights: Weights, hidden: tf.Tensor3D, attentionMask: tf.Tensor2D): tf.Tensor2D;
}

/** Number of classes of a config: `id2label`, else `num_labels`, else 2 as transformers has it. */
export function classCount(config: RawConfig): number {
  const names = config.id2label;
  if (typeof names === 'object' && names !== null && Object.keys(names).length) return Object.keys(names).length;
  return integerField(config, 'num_labels', 2);
}

/** Hidden state of the first token: [B, T, H] -> [B, H]. */
function firstToken(hidden: tf.Tensor3D): tf.Tensor2D {
  const [batch, , size] = hidden.shape;
  return tf.reshape(tf.slice(hidden, [0, 0, 0], [batch, 1, size]), [batch, size]);
}

/** first token -> dense -> activation -> projection, the head of most families under different names. */
function denseHead(dense: string, projection: string, act: Activation, hiddenSize: number, classes: number): ClassificationHead {
  return {
    parameterShapes: () => ({ ...linearShapes(dense, hiddenSize, hiddenSize), ...linearShapes(projection, classes, hiddenSize) }),
    forward: (weights, hidden) =>
      applyLinear(weights, projection, activation(applyLinear(weights, dense, firstToken(hidden)), act)) as tf.Tensor2D,
  };
}

/** ModernBERT: pool, dense, activation, norm, classifier; by the config's `classifier_pooling`. */
function modernBertHead(config: RawConfig, hiddenSize: number, classes: number): ClassificationHead {
  const act = activationField(config, 'classifier_activation', 'gelu');
  const epsilon = positiveField(config, 'norm_eps', 1e-5);
  const bias = booleanField(config, 'classifier_bias', false);
  const normBias = booleanField(config, 'norm_bias', false);
  const pooling = wordField(config, 'classifier_pooling', ['cls', 'mean'], 'cls');
  return {
    parameterShapes: () => ({
      ...linearShapes('head.dense', hiddenSize, hiddenSize, bias),
      ...normShapes('head.norm', hiddenSize, normBias),
      ...linearShapes('classifier', classes, hiddenSize),
    }),
    forward: (weights, hidden, attentionMask) => {
      const pooled = pooling === 'cls' ? firstToken(hidden) : meanOfTokens(hidden, attentionMask); // [B, H]
      const dense = activation(applyLinear(weights, 'head.dense', pooled), act);
      return applyLinear(weights, 'classifier', applyNorm(weights, 'head.norm', dense, epsilon)) as tf.Tensor2D;
    },
  };
}

/** DeBERTa's pooler keeps the size of the first token's state. */
function debertaHead(config: RawConfig, hiddenSize: number, classes: number): ClassificationHead {
  const size = integerField(config, 'pooler_hidden_size', hiddenSize);
  if (size !== hiddenSize) throw new UsageError(`encoder config: "pooler_hidden_size" is ${size}, expected the hidden size ${hiddenSize}`);
  return denseHead('pooler.dense', 'classifier', activationField(config, 'pooler_hidden_act', 'gelu'), hiddenSize, classes);
}

type HeadFactory = (config: RawConfig, hiddenSize: number, classes: number) => ClassificationHead;

const dense =
  (name: string, projection: string, act: Activation): HeadFactory =>
  (_config, hiddenSize, classes) =>
    denseHead(name, projection, act, hiddenSize, classes);

const HEADS = new Map<string, HeadFactory>([
  ['bert', dense('pooler.dense', 'classifier', 'tanh')],
  ['albert', dense('pooler', 'classifier', 'tanh')],
  ['distilbert', dense('pre_classifier', 'classifier', 'relu')],
  ['roberta', dense('classifier.dense', 'classifier.out_proj', 'tanh')],
  ['xlm-roberta', dense('classifier.dense', 'classifier.out_proj', 'tanh')],
  ['mpnet', dense('classifier.dense', 'classifier.out_proj', 'tanh')],
  ['electra', dense('classifier.dense', 'classifier.out_proj', 'gelu')],
  ['deberta-v2', debertaHead],
  ['modernbert', modernBertHead],
]);

/**
 * Makes the classification head of an encoder's config.
 * @throws UsageError naming the field that is missing or not supported
 */
export function createClassificationHead(config: RawConfig, hiddenSize: number): ClassificationHead {
  const make = HEADS.get(String(config.model_type));
  if (!make) throw new UsageError(`encoder config: no classification head for "model_type" ${JSON.stringify(config.model_type)}`);
  return make(config, hiddenSize, classCount(config));
}
