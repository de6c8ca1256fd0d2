/**
 * The hybrid loss (article, section 3.3): alpha x binary cross-entropy + beta x contrastive margin, and two optional terms. Notation in
 * shapes: B batch, N labels.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Weights and margin of the loss. The article: bceWeight 0.7, marginWeight 0.3, margin 0.5, on probabilities. */
export interface LossSettings {
  /** alpha: weight of the binary cross-entropy, a mean over valid labels */
  bceWeight: number;
  /** beta: weight of the contrastive term, a mean over examples that have a true and a wrong label */
  marginWeight: number;
  /** How far the lowest true score has to be above the highest wrong one. */
  margin: number;
  /** Whether the contrastive term compares sigmoid probabilities or raw logits. */
  marginOn: 'probabilities' | 'logits';
  /** Weight of the cross-entropy of softmax(logits) against the true labels, a mean over examples with a true label; 0: off. */
  softmaxWeight: number;
  /** Weight of the cross-entropy of softmax(logits) against a teacher's distribution, a mean over examples; 0: off. */
  distillWeight: number;
}

/** The article's loss. */
export const ARTICLE_LOSS: LossSettings = {
  bceWeight: 0.7,
  marginWeight: 0.3,
  margin: 0.5,
  marginOn: 'probabilities',
  softmaxWeight: 0,
  distillWeight: 0,
};

/** What the loss compares. */
export interface LossInputs {
  /** [B, N] */
  logits: tf.Tensor2D;
  /** float32 [B, N]: 1 for true labels, else 0; or how likely each is to be true, the true ones over a half and the wrong ones under it */
  targets: tf.Tensor2D;
  /** float32 [B, N]: 1 for labels that the row has, else 0 */
  valid: tf.Tensor2D;
  /** float32 [B, N]: 1 for labels that the row chooses among in the two softmax terms; `valid` where absent */
  choice?: tf.Tensor2D;
  /** float32 [B, N]: the teacher's distribution over the labels of the choice, 0 for others; needed if distillWeight is not 0 */
  teacher?: tf.Tensor2D;
}

/** The loss and its terms, scalars; terms are before their weights. */
export interface LossTerms {
  loss: tf.Scalar;
  bce: tf.Scalar;
  margin: tf.Scalar;
  softmax?: tf.Scalar;
  distill?: tf.Scalar;
}

/** Takes entries out of a maximum without making it infinite. */
const FAR = 1e9;

/** Sum over the rows that count, divided by how many they are. values [B, 1], counts [B, 1] of 0 or 1 -> scalar. */
const meanOver = (values: tf.Tensor, counts: tf.Tensor): tf.Scalar => tf.div(tf.sum(tf.mul(values, counts)), tf.maximum(tf.sum(counts), 1));

/** Computes the loss. */
export function hybridLoss({ logits, targets, valid, choice = valid, teacher }: LossInputs, settings: LossSettings): LossTerms {
  const isTrue = tf.cast(tf.greater(targets, 0.5), 'float32'); // [B, N]
  const positive = tf.mul(isTrue, valid); // [B, N]
  const negative = tf.mul(tf.sub(1, isTrue), valid); // [B, N]
  // softplus(s) - y s = -(y log p + (1 - y) log(1 - p)) with p = sigmoid(s), without overflow
  const bceEach = tf.sub(tf.softplus(logits), tf.mul(logits, targets)); // [B, N]
  const bce = meanOver(bceEach, valid);

  const scores = settings.marginOn === 'probabilities' ? tf.sigmoid(logits) : logits; // [B, N]
  const highestNegative = tf.max(tf.add(scores, tf.mul(tf.sub(negative, 1), FAR)), 1, true); // [B, 1]
  const lowestPositive = tf.min(tf.add(scores, tf.mul(tf.sub(1, positive), FAR)), 1, true); // [B, 1]
  const hasBoth = tf.mul(tf.max(positive, 1, true), tf.max(negative, 1, true)); // [B, 1]
  const margin = meanOver(tf.relu(tf.add(tf.sub(highestNegative, lowestPositive), settings.margin)), hasBoth);

  const terms: LossTerms = { loss: tf.add(tf.mul(bce, settings.bceWeight), tf.mul(margin, settings.marginWeight)), bce, margin };
  if (settings.softmaxWeight === 0 && settings.distillWeight === 0) return terms;

  const logShares = tf.logSoftmax(tf.add(logits, tf.mul(tf.sub(choice, 1), FAR)), 1); // [B, N]
  const crossEntropy = (shares: tf.Tensor) => tf.neg(tf.sum(tf.mul(shares, tf.mul(logShares, choice)), 1, true)); // [B, 1]
  if (settings.softmaxWeight !== 0) {
    const likely = tf.mul(targets, valid); // [B, N]
    const shares = tf.div(likely, tf.maximum(tf.sum(likely, 1, true), 1)); // [B, N]
    terms.softmax = meanOver(crossEntropy(shares), tf.max(positive, 1, true));
    terms.loss = tf.add(terms.loss, tf.mul(terms.softmax, settings.softmaxWeight));
  }
  if (settings.distillWeight !== 0) {
    terms.distill = meanOver(crossEntropy(teacher!), tf.max(choice, 1, true));
    terms.loss = tf.add(terms.loss, tf.mul(terms.distill, settings.distillWeight));
  }
  return terms;
}
