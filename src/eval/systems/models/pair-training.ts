/**
 * Fine-tuning of a sequence classifier on pairs: the traced training graph on ONNX Runtime and AdamW beside it, as GliZNet is trained. Knows pairs and classes, nothing of labels or templates.
 */

import * as tf from '@tensorflow/tfjs-core';
import { GRADIENT_PREFIX, INDICES_SUFFIX, ROWS_SUFFIX, sparseGradients } from '../../../classify/gliznet-graph.ts';
import { createGraphSession, type Feed, type FeedData, type SessionSettings } from '../../../runtime/onnx-session.ts';
import type { Tokenizer } from '../../../text/tokenizer/tokenizer.ts';
import type { Graph } from '../../../trace/graph.ts';
import { type TraceInput, traceGraph } from '../../../trace/trace.ts';
import { allocateOptimizerMemory, type OptimizerMemory } from '../../../train/engine/optimizer-memory.ts';
import { decaysByDefault } from '../../../train/engine/training-session.ts';
import type { FloatWeights } from '../../../weights/checkpoint.ts';
import { pairFeeds } from './pair-classifier.ts';
import type { SequenceClassifier } from './sequence-classifier.ts';

/** A pair and the class that it has. */
export interface TrainingPair {
  first: string;
  second: string;
  target: number;
}

/** A classifier in training. Its weights are its own. */
export interface PairTrainer {
  /** Live values of all parameters. */
  readonly weights: FloatWeights;
  /** Mean cross-entropy of the pairs, and its gradients by parameter name (rows of tables added up), valid until the next call. */
  gradients(pairs: readonly TrainingPair[]): Promise<{ loss: number; gradients: Map<string, Float32Array> }>;
  /** One AdamW step on the pairs; gradients are clipped to norm 1. @returns the loss before it. */
  step(pairs: readonly TrainingPair[], learningRate: number): Promise<number>;
  /** Releases native memory. */
  dispose(): Promise<void>;
}

/** What a pair trainer is made of. */
export interface PairTrainerRequest {
  model: SequenceClassifier;
  /** Start values; copied. */
  weights: FloatWeights;
  tokenizer: Tokenizer;
  weightDecay?: number;
  session?: SessionSettings;
}

const LARGEST_NORM = 1;

/** Traces the loss of pairs and its gradients by all parameters; of tables of embeddings by the rows that are read. */
function trainingGraph(model: SequenceClassifier): Graph {
  const shapes = model.parameterShapes();
  const names = Object.keys(shapes);
  return sparseGradients(
    traceGraph({
      inputs: [
        { name: 'input_ids', shape: ['batch', 'length'], type: 'int32' },
        { name: 'attention_mask', shape: ['batch', 'length'], type: 'int32' },
        { name: 'token_type_ids', shape: ['batch', 'length'], type: 'int32' },
        { name: 'positions', shape: ['length'], type: 'int32' },
        { name: 'targets', shape: ['batch', model.classes], type: 'float32' },
        ...names.map((name): TraceInput => ({ name, shape: shapes[name], type: 'float32' })),
      ],
      inference: false,
      run: (tensors) => {
        const outputs: Record<string, tf.Tensor> = {};
        const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
          const weights = Object.fromEntries(names.map((name, at) => [name, parameters[at]]));
          const logits = model.forward(weights, {
            inputIds: tensors.input_ids as tf.Tensor2D,
            attentionMask: tensors.attention_mask as tf.Tensor2D,
            tokenTypeIds: tensors.token_type_ids as tf.Tensor2D,
            positions: tensors.positions as tf.Tensor1D,
          }); // [B, C]
          const total = tf.neg(tf.sum(tf.mul(tensors.targets, tf.logSoftmax(logits))));
          // Each row of targets sums to 1: their sum counts the batch, whose size must not be baked into the graph.
          return tf.div(total, tf.sum(tensors.targets)) as tf.Scalar;
        })(names.map((name) => tensors[name]));
        outputs.loss = value;
        for (const [at, name] of names.entries()) outputs[GRADIENT_PREFIX + name] = grads[at];
        return outputs;
      },
    }),
  );
}

/** Adds rows up that came by number. rows [R, size], indices [R] -> sum [*, size] */
function addRows(sum: Float32Array, rows: FeedData, indices: FeedData, size: number): void {
  sum.fill(0);
  for (let i = 0; i < indices.length; i++) for (let j = 0; j < size; j++) sum[indices[i] * size + j] += rows[i * size + j];
}

/** One AdamW step on gradients that are clipped to norm {@link LARGEST_NORM} together. */
function clippedStep(memory: ReadonlyMap<string, OptimizerMemory>, step: number, learningRate: number, weightDecay: number): void {
  let square = 0;
  for (const one of memory.values()) square += one.gradientSquares();
  const gradientScale = Math.min(1, LARGEST_NORM / (Math.sqrt(square) + 1e-6));
  for (const [name, one] of memory)
    one.adamw({
      step,
      learningRate,
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      weightDecay: decaysByDefault(name) ? weightDecay : 0,
      gradientScale,
    });
}

/** Makes a trainer; owns its session. */
export async function createPairTrainer({
  model,
  weights: start,
  tokenizer,
  weightDecay = 0.01,
  session: settings,
}: PairTrainerRequest): Promise<PairTrainer> {
  const shapes = model.parameterShapes();
  const names = Object.keys(shapes);
  const graph = trainingGraph(model);
  const session = await createGraphSession(graph, settings);
  const outputs = graph.outputs.map(({ name }) => name);
  const memory = allocateOptimizerMemory(shapes);
  for (const name of names) memory.get(name)!.parameter.set((start.get(name) as { data: Float32Array }).data);
  const weights = new Map(names.map((name) => [name, { shape: shapes[name], data: memory.get(name)!.parameter }]));
  const denseGradients: Record<string, Feed> = Object.fromEntries(
    names
      .filter((name) => outputs.includes(GRADIENT_PREFIX + name))
      .map((name) => [GRADIENT_PREFIX + name, { data: memory.get(name)!.gradient, shape: shapes[name] }]),
  );
  const parameterFeeds: Record<string, Feed> = Object.fromEntries([...weights]);
  const maxLength = Math.min(model.maxLength, tokenizer.modelMaxLength);
  let steps = 0;

  async function gradients(pairs: readonly TrainingPair[]): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
    const encoded = await Promise.all(pairs.map(({ first, second }) => tokenizer.encodePair(first, second, { maxLength, keepPair: true })));
    const targets = new Float32Array(pairs.length * model.classes); // [B, C]
    for (const [row, { target }] of pairs.entries()) targets[row * model.classes + target] = 1;
    const results = await session.run(
      {
        ...pairFeeds(encoded, tokenizer.special.pad),
        targets: { data: targets, shape: [pairs.length, model.classes] },
        ...parameterFeeds,
      },
      outputs,
      denseGradients,
    );
    for (const name of names) {
      if (denseGradients[GRADIENT_PREFIX + name]) continue;
      const sparse = GRADIENT_PREFIX + name;
      addRows(memory.get(name)!.gradient, results[sparse + ROWS_SUFFIX], results[sparse + INDICES_SUFFIX], shapes[name][1]);
    }
    const found = new Map(names.map((name) => [name, memory.get(name)!.gradient]));
    return { loss: results.loss[0], gradients: found };
  }

  return {
    weights,
    gradients,
    async step(pairs, learningRate) {
      const { loss } = await gradients(pairs);
      steps++;
      clippedStep(memory, steps, learningRate, weightDecay);
      return loss;
    },
    dispose: () => session.dispose(),
  };
}
