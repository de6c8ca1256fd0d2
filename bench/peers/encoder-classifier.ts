/**
 * An NLI model of a checkpoint's encoder, with a head of random weights: scores mean nothing, times are those of a trained one. In memory, and as
 * the folder that transformers.js reads, with the tokenizer and configuration that Python's side takes from there too.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../src/base/random.ts';
import { createSequenceClassifier } from '../../src/eval/systems/models/sequence-classifier.ts';
import { ENCODER_PREFIX } from '../../src/model/gliznet.ts';
import type { Tokenizer } from '../../src/text/tokenizer/tokenizer.ts';
import type { Graph } from '../../src/trace/graph.ts';
import { onnxChunks } from '../../src/trace/onnx-proto.ts';
import { traceGraph } from '../../src/trace/trace.ts';
import { type CheckpointConfig, type FloatWeights, readCheckpointWeights } from '../../src/weights/checkpoint.ts';

/** A sequence classifier of the encoder. */
export interface EncoderClassifier {
  /** config.json as transformers writes it. */
  config: Record<string, unknown>;
  /** Under the names of `createSequenceClassifier`. */
  weights: FloatWeights;
}

const CLASSES = ['contradiction', 'neutral', 'entailment'];

/** The encoder of a checkpoint with a head of three classes. */
export function encoderClassifier(folder: string, { encoder }: CheckpointConfig): EncoderClassifier {
  const config = {
    ...encoder,
    id2label: Object.fromEntries(CLASSES.map((name, at) => [at, name])),
    label2id: Object.fromEntries(CLASSES.map((name, at) => [name, at])),
  };
  const own = readCheckpointWeights(folder);
  const random = randomStream(4);
  const weights = new Map(
    Object.entries(createSequenceClassifier(config).parameterShapes()).map(([name, shape]) => {
      const found = own.get(ENCODER_PREFIX + name)?.data;
      const size = shape.reduce((a, b) => a * b, 1);
      const data =
        found instanceof Float32Array && found.length === size ? found : Float32Array.from({ length: size }, () => random() - 0.5);
      return [name, { shape, data }];
    }),
  );
  return { config, weights };
}

/** The inputs that other runtimes feed are 64-bit. */
function withLongInputs(graph: Graph): Graph {
  const casts = graph.inputs.map(({ name }) => ({
    ...{ op: 'Cast', domain: '' as const, inputs: [name], outputs: [`${name}_int32`], attributes: { to: 6 } },
  }));
  const names = new Set(graph.inputs.map(({ name }) => name));
  const renamed = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (names.has(name) ? `${name}_int32` : name)) }));
  return { ...graph, inputs: graph.inputs.map((input) => ({ ...input, type: 'int64' })), nodes: [...casts, ...renamed] };
}

/** Writes a model folder in the layout of the hub: config.json, the tokenizer, onnx/model.onnx. */
export function writeClassifierFolder(folder: string, { config, weights }: EncoderClassifier, tokenizer: Tokenizer): void {
  const model = createSequenceClassifier(config);
  const graph = traceGraph({
    inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({ name, shape: ['batch', 'length'], type: 'int32' })),
    constants: [...weights].map(([name, tensor]) => ({ name, ...tensor })),
    inference: true,
    run: (tensors) => {
      const inputIds = tensors.input_ids as tf.Tensor2D;
      const first = tf.slice(tf.onesLike(inputIds), [0, 0], [1, inputIds.shape[1]]); // [1, T]
      return {
        logits: model.forward(tensors, {
          inputIds,
          attentionMask: tensors.attention_mask as tf.Tensor2D,
          tokenTypeIds: tensors.token_type_ids as tf.Tensor2D,
          positions: tf.reshape(tf.sub(tf.cumsum(first, 1), tf.scalar(1, 'int32')), [inputIds.shape[1]]),
        }),
      };
    },
  });
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 1));
  writeFileSync(join(folder, 'tokenizer.json'), tokenizer.json);
  writeFileSync(join(folder, 'tokenizer_config.json'), tokenizer.configJson);
  writeFileSync(join(folder, 'onnx/model.onnx'), Buffer.concat(onnxChunks(withLongInputs(graph))));
}
