/**
 * A context learned for CLIP's text tower (CoOp, Zhou et al. 2022): vectors in front of every label's words, in the place of a prompt in
 * words. The tower stands still; the traced training graph gives the gradient of the context alone. Knows vectors and token ids, nothing
 * of sets or templates.
 */

import * as tf from '@tensorflow/tfjs-core';
import { rowFeeds } from '../../../classify/sequence-feeds.ts';
import { createGraphSession, type SessionSettings } from '../../../runtime/onnx-session.ts';
import { padRows } from '../../../text/padded-rows.ts';
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts';
import type { Graph } from '../../../trace/graph.ts';
import { traceGraph } from '../../../trace/trace.ts';
import type { FloatWeights } from '../../../weights/checkpoint.ts';
import type { ClipText } from './clip.ts';

/** A context in training. */
export interface PromptTrainer {
  /** Live values of the context, [M, H]. */
  readonly context: Float32Array;
  /**
   * Mean cross-entropy of texts against labels, and its gradient by the context.
   * @param vectors unit vectors of the texts, [B][D]
   * @param targets share of each label in what is true of a text, [B, N]; rows sum to 1
   */
  gradient(
    labels: readonly string[],
    vectors: readonly Float32Array[],
    targets: Float32Array,
  ): Promise<{ loss: number; gradient: Float32Array }>;
  /** One step of stochastic gradient descent. @returns the loss before it. */
  step(labels: readonly string[], vectors: readonly Float32Array[], targets: Float32Array, learningRate: number): Promise<number>;
  /** Unit vectors of labels behind the context as it is, [N][D]. */
  embedLabels(labels: readonly string[]): Promise<Float32Array[]>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** What a context is learned with. */
export interface PromptTrainerRequest {
  model: ClipText;
  /** Under the names of `model.parameterShapes()`. */
  weights: FloatWeights;
  tokenizer: Tokenizer;
  /** Start values, [M, H]; copied. */
  context: Float32Array;
  /** Factor on cosines before the softmax. */
  scale: number;
  session?: SessionSettings;
}

// As in CoOp's settings for all its data sets.
const MOMENTUM = 0.9;
const WEIGHT_DECAY = 5e-4;
/** Labels that are embedded at once. */
const LABEL_BATCH = 64;

/** Traces the loss of texts against labels behind a context of so many vectors, its gradient by the context, and the labels' vectors. */
function trainingGraph({ model, weights, scale }: PromptTrainerRequest, length: number): Graph {
  const shapes = model.parameterShapes();
  const size = model.hiddenSize;
  return traceGraph({
    inputs: [
      { name: 'input_ids', shape: ['labels', 'length'], type: 'int32' },
      { name: 'attention_mask', shape: ['labels', 'length'], type: 'int32' },
      { name: 'positions', shape: ['length'], type: 'int32' },
      { name: 'places', shape: ['length', length], type: 'float32' }, // 1 where position t holds vector m of the context
      { name: 'texts', shape: ['batch', model.dimensions], type: 'float32' },
      { name: 'targets', shape: ['batch', 'labels'], type: 'float32' },
      { name: 'context', shape: [length, size], type: 'float32' },
    ],
    constants: Object.keys(shapes).map((name) => ({ name, ...weights.get(name)! })),
    inference: false,
    run: (tensors) => {
      const places = tensors.places as tf.Tensor2D; // [T, M]
      const inputs = { attentionMask: tensors.attention_mask as tf.Tensor2D, positions: tensors.positions as tf.Tensor1D };
      const words = model.embedWords(tensors, tensors.input_ids as tf.Tensor2D); // [N, T, H]
      const isWord = tf.sub(1, tf.sum(places, 1, true)); // [T, 1]
      let vectors: tf.Tensor | undefined;
      const { value, grad } = tf.valueAndGrad((learned: tf.Tensor) => {
        const prompts = tf.add(tf.mul(words, isWord), tf.matMul(places, learned as tf.Tensor2D)); // [N, T, H]
        const embedded = model.forwardEmbedded(tensors, prompts as tf.Tensor3D, inputs); // [N, D]
        vectors = tf.mul(embedded, tf.rsqrt(tf.sum(tf.square(embedded), -1, true))); // [N, D]
        const logits = tf.mul(tf.matMul(tensors.texts as tf.Tensor2D, vectors as tf.Tensor2D, false, true), scale); // [B, N]
        const total = tf.neg(tf.sum(tf.mul(tensors.targets, tf.logSoftmax(logits))));
        // Each row of targets sums to 1: their sum counts the batch, whose size must not be baked into the graph.
        return tf.div(total, tf.sum(tensors.targets)) as tf.Scalar;
      })(tensors.context) as { value: tf.Tensor; grad: tf.Tensor };
      return { loss: value, gradient: grad, vectors: vectors! };
    },
  });
}

/** Traces the training graph; owns its session. */
export async function createPromptTrainer(request: PromptTrainerRequest): Promise<PromptTrainer> {
  const { model, tokenizer } = request;
  const size = model.hiddenSize;
  const context = request.context.slice();
  const length = context.length / size; // M
  const session = await createGraphSession(trainingGraph(request, length), request.session);
  const velocity = new Float32Array(context.length);
  const { cls, sep, pad } = tokenizer.special;

  /** Runs the graph for labels: start token, places of the context, the label with a full stop, end token. */
  async function run(labels: readonly string[], vectors: readonly Float32Array[], targets: Float32Array, outputs: string[]) {
    const most = model.maxLength - length - 2;
    const ids = (
      await tokenizer.encodeBatch(
        labels.map((label) => `${label}.`),
        { atLeast: most },
      )
    ).map((each) => each.subarray(0, most));
    // Behind the start token stand the vectors of the context, whatever the ids there.
    const free = new Array<number>(length).fill(pad);
    const batch = padRows(
      ids.map((words) => [...free, ...words]),
      pad,
      { before: cls, behind: sep },
    );
    const columns = batch.length; // T
    const places = new Float32Array(columns * length); // [T, M]
    for (let m = 0; m < length; m++) places[(1 + m) * length + m] = 1;
    const texts = new Float32Array(vectors.length * model.dimensions); // [B, D]
    for (const [row, vector] of vectors.entries()) texts.set(vector, row * model.dimensions);
    return session.run(
      {
        ...rowFeeds(batch),
        places: { data: places, shape: [columns, length] },
        texts: { data: texts, shape: [vectors.length, model.dimensions] },
        targets: { data: targets, shape: [vectors.length, labels.length] },
        context: { data: context, shape: [length, size] },
      },
      outputs,
    );
  }

  async function gradient(labels: readonly string[], vectors: readonly Float32Array[], targets: Float32Array) {
    const results = await run(labels, vectors, targets, ['loss', 'gradient']);
    return { loss: results.loss[0], gradient: results.gradient as Float32Array };
  }

  return {
    context,
    gradient,
    async step(labels, vectors, targets, learningRate) {
      const { loss, gradient: found } = await gradient(labels, vectors, targets);
      for (let i = 0; i < context.length; i++) {
        velocity[i] = MOMENTUM * velocity[i] + found[i] + WEIGHT_DECAY * context[i];
        context[i] -= learningRate * velocity[i];
      }
      return loss;
    },
    async embedLabels(labels) {
      const result: Float32Array[] = [];
      for (let at = 0; at < labels.length; at += LABEL_BATCH) {
        const part = labels.slice(at, at + LABEL_BATCH);
        const { vectors } = await run(part, [new Float32Array(model.dimensions)], new Float32Array(part.length), ['vectors']);
        for (let row = 0; row < part.length; row++)
          result.push((vectors as Float32Array).slice(row * model.dimensions, (row + 1) * model.dimensions));
      }
      return result;
    },
    dispose: () => session.dispose(),
  };
}
