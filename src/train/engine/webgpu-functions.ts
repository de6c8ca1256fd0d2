/**
 * What WebGPU computes in a training: each function is a graph of its own in ONNX Runtime, over GPU buffers. Those of the optimizer take
 * tensors of any shape as vectors.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { GRADIENT_PREFIX, trainingFunction } from '../../classify/gliznet-graph.ts';
import { type AdamWCoefficients, type AdamWStep, adamwCoefficients, adamwFormula } from '../../model/adamw.ts';
import { loadRuntime } from '../../runtime/load-runtime.ts';
import { onnxBytes } from '../../trace/onnx-proto.ts';
import { type TraceRequest, traceGraph } from '../../trace/trace.ts';
import { type TrainingBatch, type TrainingEngineRequest, trainingFeeds } from './training-session.ts';

type Runtime = typeof import('onnxruntime-node');

/** Tensors by name. */
export type Tensors = Record<string, Tensor>;

const STATE = ['parameter', 'firstMoment', 'secondMoment'] as const;

/** A parameter and its moments on the device, as vectors. */
export type DeviceState = Record<(typeof STATE)[number], Tensor>;

const COEFFICIENTS = Object.keys(
  adamwCoefficients({ learningRate: 0, betas: [0, 0], epsilon: 0, weightDecay: 0, step: 1, gradientScale: 1 }),
) as (keyof AdamWCoefficients)[];

/** The functions; whoever gets a tensor from them disposes of it. */
export interface WebGpuFunctions {
  /** Copies numbers to the device, as a vector. */
  upload(data: Float32Array): Promise<Tensor>;
  /** Copies a tensor's numbers to this process's memory. */
  fetch(tensor: Tensor, to: Float32Array): Promise<void>;
  add(one: Tensor, other: Tensor): Promise<Tensor>;
  sumOfSquares(tensor: Tensor): Promise<number>;
  /** The numbers of a step of AdamW on the device. */
  coefficients(step: AdamWStep): Promise<Tensors>;
  /** A parameter's state after a step. */
  update(before: DeviceState, gradient: Tensor, coefficients: Tensors): Promise<DeviceState>;
  /** Forward and backward pass: losses and scores in this process's memory, gradients on the device. */
  pass(
    batch: TrainingBatch,
    weight: number,
    parameters: Iterable<[name: string, vector: Tensor, shape: readonly number[]]>,
  ): Promise<Tensors>;
  release(): Promise<void>;
}

/** A function on the device: all its outputs, in GPU buffers or, where `onHost` says so, in this process's memory. */
interface DeviceFunction {
  run(inputs: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

async function deviceFunction(ort: Runtime, request: TraceRequest, onHost: (output: string) => boolean): Promise<DeviceFunction> {
  // What the provider has no kernel for runs on the CPU, with copies there and back.
  const graph = traceGraph({ ...request, onnxProducts: true });
  const session: InferenceSession = await ort.InferenceSession.create(onnxBytes(graph), {
    executionProviders: ['webgpu', 'cpu'],
    preferredOutputLocation: Object.fromEntries(graph.outputs.map(({ name }) => [name, onHost(name) ? 'cpu' : 'gpu-buffer'])),
    logSeverityLevel: 3,
  });
  return { run: (inputs) => session.run(inputs) as Promise<Tensors>, release: () => session.release() };
}

const flat = (name: string) => ({ name, shape: ['size'], type: 'float32' as const });
const scalar = (name: string) => ({ name, shape: [], type: 'float32' as const });

const COPY: TraceRequest = { inputs: [flat('x')], inference: false, run: ({ x }) => ({ y: x }) };
const ADD: TraceRequest = { inputs: [flat('a'), flat('b')], inference: false, run: ({ a, b }) => ({ sum: tf.add(a, b) }) };
const SQUARES: TraceRequest = { inputs: [flat('x')], inference: false, run: ({ x }) => ({ sum: tf.sum(tf.square(x), 0, true) }) };
const UPDATE: TraceRequest = {
  inputs: [...[...STATE, 'gradient'].map(flat), ...COEFFICIENTS.map(scalar)],
  inference: false,
  run: (inputs) => {
    const after = adamwFormula(
      inputs as Record<(typeof STATE)[number], tf.Tensor>,
      inputs.gradient,
      inputs as Record<keyof AdamWCoefficients, tf.Tensor>,
    );
    return Object.fromEntries(STATE.map((each) => [`next.${each}`, after[each]]));
  },
};

/** Makes the functions of a model's training. @throws what ONNX Runtime throws where there is no adapter */
export async function createWebGpuFunctions(request: TrainingEngineRequest): Promise<WebGpuFunctions> {
  const ort = await loadRuntime();
  const never = () => false;
  const always = () => true;
  const upload = await deviceFunction(ort, COPY, never);
  // Not Tensor.getData(): that moves a tensor to this process's memory for good.
  const fetch = await deviceFunction(ort, COPY, always);
  const add = await deviceFunction(ort, ADD, never);
  const squares = await deviceFunction(ort, SQUARES, always);
  const update = await deviceFunction(ort, UPDATE, never);
  const pass = await deviceFunction(ort, trainingFunction(request, request), (output) => !output.startsWith(GRADIENT_PREFIX));

  /** The same buffer as a tensor of another shape; the first one still owns it. */
  const reshaped = (tensor: Tensor, dims: readonly number[]): Tensor =>
    ort.Tensor.fromGpuBuffer(tensor.gpuBuffer as never, { dataType: 'float32', dims });
  const vector = (tensor: Tensor): Tensor => reshaped(tensor, [tensor.size]);
  const toDevice = async (data: Float32Array): Promise<Tensor> =>
    (await upload.run({ x: new ort.Tensor('float32', data, [data.length]) })).y;

  return {
    upload: toDevice,
    async fetch(tensor, to) {
      to.set((await fetch.run({ x: vector(tensor) })).y.data as Float32Array);
    },
    async add(one, other) {
      return (await add.run({ a: vector(one), b: vector(other) })).sum;
    },
    async sumOfSquares(tensor) {
      return (await squares.run({ x: vector(tensor) })).sum.data[0] as number;
    },
    async coefficients(step) {
      const numbers = adamwCoefficients(step);
      const coefficients: Tensors = {};
      for (const each of COEFFICIENTS) coefficients[each] = await toDevice(Float32Array.of(numbers[each]));
      return coefficients;
    },
    async update(before, gradient, coefficients) {
      const scalars = Object.fromEntries(COEFFICIENTS.map((each) => [each, reshaped(coefficients[each], [])]));
      const after = await update.run({ ...before, gradient: vector(gradient), ...scalars });
      return Object.fromEntries(STATE.map((each) => [each, after[`next.${each}`]])) as DeviceState;
    },
    async pass(batch, weight, parameters) {
      const inputs: Tensors = {};
      for (const [name, { data, shape }] of Object.entries(trainingFeeds(batch, weight)))
        inputs[name] = data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data, shape);
      for (const [name, parameter, shape] of parameters) inputs[name] = reshaped(parameter, shape);
      return pass.run(inputs);
    },
    async release() {
      for (const each of [upload, fetch, add, squares, update, pass]) await each.release();
    },
  };
}
