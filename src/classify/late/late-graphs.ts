/**
 * The graphs of a model whose labels are read once (src/model/late.ts): of texts, of labels, and of scores; and all of it at once, as training
 * and its evaluation run it. Traced from the same functions as everything else.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Dropout } from '../../model/dropout.ts';
import { gliznetParameterShapes } from '../../model/gliznet.ts';
import {
  type LabelInputs,
  lateForward,
  type PackedLabelInputs,
  readAlike,
  readLabels,
  readTexts,
  type ShownLabels,
  type TextInputs,
  upperLogits,
  vectorLogits,
} from '../../model/late.ts';
import { readsAlike, readsTokens } from '../../model/options.ts';
import { tokenParts } from '../../model/token-parts.ts';
import { tokenLogits } from '../../model/token-reading.ts';
import type { TraceConstant, TraceInput, TraceRequest } from '../../trace/trace.ts';
import type { FloatWeights } from '../../weights/checkpoint.ts';
import type { GliZNetModel } from '../gliznet-graph.ts';
import { stateName } from '../sequence-feeds.ts';

type Tensors = Record<string, tf.Tensor>;

const integers = (name: string, ...shape: (number | string)[]): TraceInput => ({ name, shape, type: 'int32' });
const floats = (name: string, ...shape: (number | string)[]): TraceInput => ({ name, shape, type: 'float32' });

const TEXT_INPUTS: TraceInput[] = [
  integers('input_ids', 'batch', 'length'),
  integers('attention_mask', 'batch', 'length'),
  integers('text_mask', 'batch', 'length'),
  integers('positions', 'length'),
];

const LABEL_INPUTS: TraceInput[] = [
  integers('label_ids', 'labels', 'label_length'),
  integers('label_attention_mask', 'labels', 'label_length'),
  integers('label_mask', 'labels', 'label_length'),
  integers('label_positions', 'label_length'),
];

/** Labels several to a row, as training reads them. */
const packedInputs = ({ encoder, options }: GliZNetModel): TraceInput[] => [
  integers('label_ids', 'rows', 'row_length'),
  integers('label_attention_mask', 'rows', 'row_length'),
  integers('label_mask', 'rows', 'row_length'),
  integers('label_positions', 'row_length'),
  integers('label_numbers', 'row_labels'),
  ...(encoder.readsBlocks ? [integers('label_blocks', 'rows', 'row_length'), integers('label_position_ids', 'rows', 'row_length')] : []),
  ...(options.upperLayers > 0 ? [] : [integers('label_places', 'labels')]),
];

/** What models with upper layers read besides. */
const SHOWN_INPUTS: TraceInput[] = [integers('shown', 'batch', 'shown_labels'), integers('shown_mask', 'batch', 'shown_labels')];

/** Inputs of texts with labels, by their names in a graph. */
export const lateInputs = (model: GliZNetModel): TraceInput[] => [
  ...TEXT_INPUTS,
  ...packedInputs(model),
  ...(model.options.upperLayers > 0 ? SHOWN_INPUTS : []),
];

const textInputs = (tensors: Tensors): TextInputs => ({
  inputIds: tensors.input_ids as tf.Tensor2D,
  attentionMask: tensors.attention_mask as tf.Tensor2D,
  positions: tensors.positions as tf.Tensor1D,
  textMask: tensors.text_mask as tf.Tensor2D,
});

const labelInputs = (tensors: Tensors): LabelInputs => ({
  inputIds: tensors.label_ids as tf.Tensor2D,
  attentionMask: tensors.label_attention_mask as tf.Tensor2D,
  positions: tensors.label_positions as tf.Tensor1D,
  labelMask: tensors.label_mask as tf.Tensor2D,
});

const packedLabelInputs = (tensors: Tensors): PackedLabelInputs => ({
  ...labelInputs(tensors),
  labelNumbers: tensors.label_numbers as tf.Tensor1D,
  blockNumbers: tensors.label_blocks as tf.Tensor2D | undefined,
  positionIds: tensors.label_position_ids as tf.Tensor2D | undefined,
  places: tensors.label_places as tf.Tensor1D | undefined,
});

const shownLabels = (tensors: Tensors): ShownLabels | undefined =>
  tensors.shown ? { numbers: tensors.shown as tf.Tensor2D, mask: tensors.shown_mask as tf.Tensor2D } : undefined;

/** Texts and labels to logits [B, N], by the names of {@link lateInputs}. */
export const lateLogits = ({ encoder, options }: GliZNetModel, weights: Tensors, tensors: Tensors, dropout?: Dropout): tf.Tensor2D =>
  lateForward(encoder, options, weights, { ...textInputs(tensors), dropout }, packedLabelInputs(tensors), shownLabels(tensors));

/** The functions that prediction runs; weights are shared with the caller, not copied. */
export interface LateFunctions {
  /** Texts -> `text` [B, P], and `state_0` ... [B, T, H] for upper layers. Of a model that {@link readsAlike} `labels` [B, P] and `hidden` [B, T, H] too. */
  texts: TraceRequest;
  /** Labels -> `labels` [M, P], or [M, H] for upper layers; absent where the function of texts gives them. */
  labels?: TraceRequest;
  /** What the two give, vectors of labels as columns [P, M] -> `logits` [B, M], or [B, N] with the labels `shown` to upper layers. */
  scores: TraceRequest;
  /** Where labels read tokens: `hidden` of texts, their `text_mask`, vectors of labels as columns `labels` [P, M] -> `logits` [B, M]. */
  readings?: TraceRequest;
  /** `hidden` of texts, their `text_mask`, vectors of labels `labels` [B, K, P] -> `parts` [B, T, K]; of a model that {@link readsAlike}. */
  parts?: TraceRequest;
}

/** What reads the states of tokens: the encoder's weights are not needed for it. */
function ofTokens({ encoder }: GliZNetModel, constants: readonly TraceConstant[], labels: TraceInput): Omit<TraceRequest, 'run'> {
  return {
    inputs: [floats('hidden', 'batch', 'length', encoder.hiddenSize), integers('text_mask', 'batch', 'length'), labels],
    constants: constants.filter(({ name }) => /^(similarity|projection)\./.test(name)),
    inference: true,
  };
}

function readingsFunction(model: GliZNetModel, constants: readonly TraceConstant[]): TraceRequest {
  const size = model.options.projection ?? model.encoder.hiddenSize;
  return {
    ...ofTokens(model, constants, floats('labels', size, 'labels')),
    run: ({ hidden, text_mask, labels, ...weights }) => ({
      logits: tokenLogits(model.options, weights, hidden as tf.Tensor3D, text_mask as tf.Tensor2D, labels as tf.Tensor2D),
    }),
  };
}

function partsFunction(model: GliZNetModel, constants: readonly TraceConstant[]): TraceRequest {
  const { encoder, options } = model;
  const size = options.projection ?? encoder.hiddenSize;
  return {
    ...ofTokens(model, constants, floats('labels', 'batch', 'labels', size)),
    run: ({ hidden, text_mask, labels, ...weights }) => ({
      parts: tokenParts(options, weights, hidden as tf.Tensor3D, text_mask as tf.Tensor2D, labels as tf.Tensor3D),
    }),
  };
}

/** {@link LateFunctions} of a model. */
export function lateFunctions(model: GliZNetModel, weights: FloatWeights): LateFunctions {
  const { encoder, options } = model;
  const names = Object.keys(gliznetParameterShapes(encoder, options));
  const constants = names.map((name) => ({ name, ...weights.get(name)! }));
  const layers = Array.from({ length: options.upperLayers }, (_, layer) => layer);
  const size = options.projection ?? encoder.hiddenSize;
  const compiled = floats('labels', 'labels', options.upperLayers > 0 ? encoder.hiddenSize : size);
  const states = layers.map((layer) => floats(stateName(layer), 'batch', 'length', encoder.hiddenSize));
  return {
    texts: {
      inputs: TEXT_INPUTS,
      constants,
      inference: true,
      run: (tensors) => {
        const inputs = textInputs(tensors);
        if (readsAlike(options)) return readAlike(encoder, options, tensors, inputs);
        const read = readTexts(encoder, options, tensors, inputs);
        return { text: read.query, ...Object.fromEntries(read.states.map((state, layer) => [stateName(layer), state])) };
      },
    },
    ...(readsAlike(options)
      ? {}
      : {
          labels: {
            inputs: LABEL_INPUTS,
            constants,
            inference: true,
            run: (tensors: Tensors) => ({ labels: readLabels(encoder, options, tensors, labelInputs(tensors)) }),
          },
        }),
    ...(readsAlike(options) ? { parts: partsFunction(model, constants) } : {}),
    ...(readsTokens(options) ? { readings: readingsFunction(model, constants) } : {}),
    scores: {
      inputs:
        options.upperLayers > 0
          ? [floats('text', 'batch', size), ...states, integers('attention_mask', 'batch', 'length'), compiled, ...SHOWN_INPUTS]
          : // Columns: a product with few texts reads a large set several times faster than as rows.
            [floats('text', 'batch', size), floats('labels', size, 'labels')],
      // Without upper layers only the similarity's own: a device is not given the encoder twice.
      constants: options.upperLayers > 0 ? constants : constants.filter(({ name }) => name.startsWith('similarity.')),
      inference: true,
      run: (tensors) => {
        const [text, labels] = [tensors.text as tf.Tensor2D, tensors.labels as tf.Tensor2D];
        if (options.upperLayers === 0) return { logits: vectorLogits(options, tensors, text, labels, true) };
        const read = {
          query: text,
          states: layers.map((layer) => tensors[stateName(layer)] as tf.Tensor3D),
          attentionMask: tensors.attention_mask as tf.Tensor2D,
        };
        return { logits: upperLogits(encoder, options, tensors, read, labels, shownLabels(tensors)!) };
      },
    },
  };
}
