/**
 * The two graphs of GliZNet, traced from the one model module: inference (weights inside, for speed) and training
 * (forward, loss and all gradients, weights fed). Also packs batches into the graphs' inputs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { createDropout, type Dropout, dropoutSizes } from '../model/dropout.ts';
import type { Encoder, Weights } from '../model/encoders/encoder.ts';
import { type GliZNetInputs, gliznetForward, gliznetParameterShapes } from '../model/gliznet.ts';
import { hybridLoss, type LossSettings } from '../model/loss.ts';
import { type GliZNetOptions, hasBlocks } from '../model/options.ts';
import { type Graph, pruneGraph } from '../trace/graph.ts';
import { type TraceInput, type TraceRequest, traceGraph } from '../trace/trace.ts';
import { lateInputs, lateLogits } from './late/late-graphs.ts';

/** A GliZNet model without its weights. */
export interface GliZNetModel {
  encoder: Encoder;
  options: GliZNetOptions;
}

/** Inputs of both graphs, by their names in the graph. */
const SEQUENCE_INPUTS: TraceInput[] = [
  { name: 'input_ids', shape: ['batch', 'length'], type: 'int32' },
  { name: 'attention_mask', shape: ['batch', 'length'], type: 'int32' },
  { name: 'lmask', shape: ['batch', 'length'], type: 'int32' },
  { name: 'text_mask', shape: ['batch', 'length'], type: 'int32' },
  { name: 'positions', shape: ['length'], type: 'int32' },
  { name: 'label_numbers', shape: ['labels'], type: 'int32' },
];

/** What models with blocks read besides. */
const BLOCK_INPUTS: TraceInput[] = [
  { name: 'block_numbers', shape: ['batch', 'length'], type: 'int32' },
  { name: 'position_ids', shape: ['batch', 'length'], type: 'int32' },
];

const sequenceInputs = (model: GliZNetModel): TraceInput[] => {
  if (model.options.crossAttention === 'late') return lateInputs(model);
  return hasBlocks(model.options) ? [...SEQUENCE_INPUTS, ...BLOCK_INPUTS] : SEQUENCE_INPUTS;
};

/** What dropout reads: see src/model/dropout.ts. */
function dropoutInputs(encoder: Encoder): TraceInput[] {
  const { places, columns, layers } = dropoutSizes(encoder);
  return [
    { name: 'dropout_rows', shape: [places, 'batch', 'length'], type: 'float32' },
    { name: 'dropout_columns', shape: [places, columns], type: 'float32' },
    { name: 'dropout_keys', shape: [layers, 'length'], type: 'float32' },
  ];
}

/** Dropout of a pass, by its inputs. */
const dropoutOf = (tensors: Record<string, tf.Tensor>, rate: number): Dropout =>
  createDropout(rate, {
    rows: tensors.dropout_rows as tf.Tensor3D,
    columns: tensors.dropout_columns as tf.Tensor2D,
    keys: tensors.dropout_keys as tf.Tensor2D,
  });

/** What the loss reads: see src/model/loss.ts; `choice` only of models that share a batch's labels. */
const lossInputs = ({ options }: GliZNetModel): TraceInput[] => {
  const isLate = options.crossAttention === 'late';
  const labels = isLate && options.upperLayers > 0 ? 'shown_labels' : 'labels';
  const names = ['targets', 'valid', 'teacher', ...(isLate ? ['choice'] : [])];
  return [
    ...names.map((name): TraceInput => ({ name, shape: ['batch', labels], type: 'float32' })),
    { name: 'loss_scale', shape: [], type: 'float32' },
  ];
};

/** Prefix of a gradient's output name. */
export const GRADIENT_PREFIX = 'gradient.';

const modelInputs = (tensors: Record<string, tf.Tensor>): GliZNetInputs => ({
  inputIds: tensors.input_ids as tf.Tensor2D,
  attentionMask: tensors.attention_mask as tf.Tensor2D,
  positions: tensors.positions as tf.Tensor1D,
  labelMask: tensors.lmask as tf.Tensor2D,
  textMask: tensors.text_mask as tf.Tensor2D,
  labelNumbers: tensors.label_numbers as tf.Tensor1D,
  blockNumbers: tensors.block_numbers as tf.Tensor2D | undefined,
  positionIds: tensors.position_ids as tf.Tensor2D | undefined,
});

/** Sequence inputs to logits [B, N], whatever kind of cross-attention. */
function logitsOf(model: GliZNetModel, weights: Weights, tensors: Record<string, tf.Tensor>, settings: TrainingGraphSettings | undefined) {
  const dropout = settings?.dropout ? dropoutOf(tensors, settings.dropout) : undefined;
  const { encoder, options } = model;
  if (options.crossAttention === 'late') return lateLogits(model, weights, tensors, dropout);
  return gliznetForward(encoder, options, weights, { ...modelInputs(tensors), ...(dropout ? { dropout } : {}) }, settings).logits;
}

/** Inference: sequence inputs -> `logits` [B, N]. The weights are shared with the caller, not copied. */
export function inferenceFunction(
  model: GliZNetModel,
  weights: ReadonlyMap<string, { shape: number[]; data: Float32Array }>,
): TraceRequest {
  const names = Object.keys(gliznetParameterShapes(model.encoder, model.options));
  return {
    inputs: sequenceInputs(model),
    constants: names.map((name) => ({ name, ...weights.get(name)! })),
    inference: true,
    run: (tensors) => ({ logits: logitsOf(model, tensors, tensors, undefined) }),
  };
}

/** The graph of {@link inferenceFunction}. */
export const traceInference = (model: GliZNetModel, weights: ReadonlyMap<string, { shape: number[]; data: Float32Array }>): Graph =>
  traceGraph(inferenceFunction(model, weights));

/** Settings of the training graph. */
export interface TrainingGraphSettings {
  loss: LossSettings;
  /** Share of hidden states and attention probabilities that are dropped; 0 or absent: none, and batches need no numbers for it. */
  dropout?: number;
  /** Takes the pooling's attention weights as constants in the gradient. */
  detachAttention?: boolean;
}

/** Suffixes of the two outputs that replace the gradient of a table of which few rows are read: the rows' gradients, and their numbers. */
export const ROWS_SUFFIX = '.rows';
/** See {@link ROWS_SUFFIX}. */
export const INDICES_SUFFIX = '.indices';

/**
 * Gives gradients that are rows added into zeros (embedding tables) as those rows and their indices: the dense table
 * would be many times larger, and ONNX Runtime copies every output once.
 */
export function sparseGradients(graph: Graph): Graph {
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const nodes = [...graph.nodes];
  const outputs = graph.outputs.flatMap((output) => {
    const scatter = producer.get(producer.get(output.name)!.inputs[0]);
    if (!output.name.startsWith(GRADIENT_PREFIX) || scatter?.op !== 'ScatterND' || producer.get(scatter.inputs[0])?.op !== 'Expand')
      return [output];
    const cast = producer.get(scatter.inputs[1])!; // int32 indices [R, 1] to int64
    const rows = { name: output.name + ROWS_SUFFIX, type: 'float32' as const, shape: ['rows', output.shape[1]] };
    const indices = { name: output.name + INDICES_SUFFIX, type: 'int32' as const, shape: ['rows', 1] };
    nodes.push({ op: 'Identity', domain: '', inputs: [scatter.inputs[2]], outputs: [rows.name], attributes: {} });
    nodes.push({ op: 'Identity', domain: '', inputs: [cast.inputs[0]], outputs: [indices.name], attributes: {} });
    return [rows, indices];
  });
  return pruneGraph({ ...graph, nodes, outputs });
}

/**
 * A pass of training: sequence inputs, targets and all parameters -> `loss`, `bce`, `margin`, `softmax`, `distill`, `logits` and
 * `gradient.<parameter>` of loss_scale x loss.
 */
export function trainingFunction(model: GliZNetModel, settings: TrainingGraphSettings): TraceRequest {
  const shapes = gliznetParameterShapes(model.encoder, model.options);
  const names = Object.keys(shapes);
  return {
    inputs: [
      ...sequenceInputs(model),
      ...lossInputs(model),
      ...(settings.dropout ? dropoutInputs(model.encoder) : []),
      ...names.map((name): TraceInput => ({ name, shape: shapes[name], type: 'float32' })),
    ],
    inference: false,
    run: (tensors) => {
      const outputs: Record<string, tf.Tensor> = {};
      const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
        const weights: Record<string, tf.Tensor> = {};
        names.forEach((name, i) => {
          weights[name] = parameters[i];
        });
        const logits = logitsOf(model, weights, tensors, settings);
        const { targets, valid, choice, teacher } = tensors as Record<string, tf.Tensor2D>;
        const terms = hybridLoss({ logits, targets, valid, choice, teacher }, settings.loss);
        // kept: valueAndGrads disposes what it does not return
        for (const [name, tensor] of Object.entries({ ...terms, logits })) outputs[name] = tf.keep(tensor);
        return tf.mul(terms.loss, tensors.loss_scale) as tf.Scalar;
      })(names.map((name) => tensors[name]));
      value.dispose();
      names.forEach((name, i) => {
        outputs[GRADIENT_PREFIX + name] = grads[i];
      });
      return outputs;
    },
  };
}

/** The graph of {@link trainingFunction}; gradients of embedding tables as {@link sparseGradients} gives them. */
export const traceTraining = (model: GliZNetModel, settings: TrainingGraphSettings): Graph =>
  sparseGradients(traceGraph(trainingFunction(model, settings)));
