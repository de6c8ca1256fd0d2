/**
 * Training on ONNX Runtime's WebGPU provider. Parameters, gradients and moments stay on the device: every graph takes them as GPU buffers
 * and leaves its results in others; only batches go there, and losses and scores come back. AdamW is a graph too, run once a parameter,
 * so that no more than one parameter is held twice. The third implementation of {@link TrainingEngine}.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { GRADIENT_PREFIX, trainingFunction } from '../../classify/gliznet-graph.ts';
import { type AdamWCoefficients, adamwCoefficients, adamwFormula } from '../../model/adamw.ts';
import { gliznetParameterShapes } from '../../model/gliznet.ts';
import { createArrayViews } from '../../runtime/array-views.ts';
import { loadRuntime } from '../../runtime/load-runtime.ts';
import { onnxBytes } from '../../trace/onnx-proto.ts';
import { type TraceRequest, traceGraph } from '../../trace/trace.ts';
import {
  defaultGroup,
  type EngineArrays,
  LOSS_TERMS,
  type StepResult,
  type TrainingEngine,
  type TrainingEngineRequest,
  trainingFeeds,
} from './training-session.ts';

type Runtime = typeof import('onnxruntime-node');
type Tensors = Record<string, Tensor>;

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

/** The same buffer as a tensor of another shape; the first one still owns it. */
function reshaped(ort: Runtime, tensor: Tensor, dims: readonly number[]): Tensor {
  return ort.Tensor.fromGpuBuffer(tensor.gpuBuffer as never, { dataType: 'float32', dims });
}

const STATE = ['parameter', 'firstMoment', 'secondMoment'] as const;
type DeviceState = Record<(typeof STATE)[number], Tensor>;
const COEFFICIENTS = Object.keys(
  adamwCoefficients({ learningRate: 0, betas: [0, 0], epsilon: 0, weightDecay: 0, step: 1, gradientScale: 1 }),
) as (keyof AdamWCoefficients)[];

const flat = (name: string) => ({ name, shape: ['size'], type: 'float32' as const });

/** Makes an engine on WebGPU. @throws what ONNX Runtime throws where there is no adapter */
export async function createWebGpuTrainingEngine(request: TrainingEngineRequest): Promise<TrainingEngine> {
  const ort = await loadRuntime();
  const shapes = gliznetParameterShapes(request.encoder, request.options);
  const names = Object.keys(shapes);
  const views = createArrayViews(shapes, request.weights);
  const never = () => false;
  const copy: TraceRequest = { inputs: [flat('x')], inference: false, run: ({ x }) => ({ y: x }) };
  const upload = await deviceFunction(ort, copy, never);
  // Not Tensor.getData(): that moves a tensor to this process's memory for good.
  const fetch = await deviceFunction(ort, copy, () => true);
  const add = await deviceFunction(
    ort,
    { inputs: [flat('a'), flat('b')], inference: false, run: ({ a, b }) => ({ sum: tf.add(a, b) }) },
    never,
  );
  const squares = await deviceFunction(
    ort,
    { inputs: [flat('x')], inference: false, run: ({ x }) => ({ sum: tf.sum(tf.square(x), 0, true) }) },
    () => true,
  );
  const update = await deviceFunction(
    ort,
    {
      inputs: [...[...STATE, 'gradient'].map(flat), ...COEFFICIENTS.map((name) => ({ name, shape: [], type: 'float32' as const }))],
      inference: false,
      run: (inputs) => {
        const after = adamwFormula(
          inputs as Record<(typeof STATE)[number], tf.Tensor>,
          inputs.gradient,
          inputs as Record<keyof AdamWCoefficients, tf.Tensor>,
        );
        return Object.fromEntries(STATE.map((each) => [`next.${each}`, after[each]]));
      },
    },
    never,
  );
  const pass = await deviceFunction(ort, trainingFunction(request, request), (output) => !output.startsWith(GRADIENT_PREFIX));

  const states = new Map<string, DeviceState>();
  const sums = new Map<string, Tensor>();

  /** Copies data to the device, as a tensor [n]. */
  const toDevice = async (data: Float32Array): Promise<Tensor> =>
    (await upload.run({ x: new ort.Tensor('float32', data, [data.length]) })).y;
  const release = (tensors: Iterable<Tensor>): void => {
    for (const tensor of tensors) tensor.dispose();
  };
  const sizeOf = (name: string): number[] => [shapes[name].reduce((product, size) => product * size, 1)];

  async function setStates(momentOf: (name: string, which: 'm' | 'v') => Float32Array): Promise<void> {
    for (const name of names) {
      release(Object.values(states.get(name) ?? {}));
      states.set(name, {
        parameter: await toDevice(views.parameters.get(name)!.data),
        firstMoment: await toDevice(momentOf(name, 'm')),
        secondMoment: await toDevice(momentOf(name, 'v')),
      });
    }
  }
  await setStates((name) => new Float32Array(sizeOf(name)[0]));

  return {
    parameters: views.parameters,
    get moments() {
      return views.moments;
    },
    get gradients() {
      return views.gradients;
    },
    async download(...arrays: EngineArrays[]) {
      const bring = async (tensor: Tensor | undefined, to: Float32Array) => {
        if (tensor) to.set((await fetch.run({ x: reshaped(ort, tensor, [to.length]) })).y.data as Float32Array);
      };
      for (const name of names) {
        const { parameter, firstMoment, secondMoment } = states.get(name)!;
        if (arrays.includes('parameters')) await bring(parameter, views.parameters.get(name)!.data);
        if (arrays.includes('moments')) {
          await bring(firstMoment, views.moments.get(name)!.m);
          await bring(secondMoment, views.moments.get(name)!.v);
        }
        if (arrays.includes('gradients')) await bring(sums.get(name), views.gradients.get(name)!);
      }
    },
    async upload() {
      await setStates((name, which) => views.moments.get(name)![which]);
    },
    async accumulate(batch, weight) {
      const inputs: Tensors = {};
      for (const [name, { data, shape }] of Object.entries(trainingFeeds(batch, weight)))
        inputs[name] = data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data, shape);
      for (const name of names) inputs[name] = reshaped(ort, states.get(name)!.parameter, shapes[name]);
      const outputs = await pass.run(inputs);
      for (const name of names) {
        const gradient = outputs[GRADIENT_PREFIX + name];
        const before = sums.get(name);
        if (!before) sums.set(name, gradient);
        else {
          const { sum } = await add.run({ a: reshaped(ort, before, sizeOf(name)), b: reshaped(ort, gradient, sizeOf(name)) });
          sums.set(name, sum);
          release([before, gradient]);
        }
      }
      const result: StepResult = { loss: 0, bce: 0, margin: 0, logits: outputs.logits.data as Float32Array };
      for (const name of LOSS_TERMS) if (outputs[name]) result[name] = outputs[name].data[0] as number;
      return result;
    },
    async gradientNorm(groups) {
      let total = 0;
      for (const name of names)
        if (!groups?.get(name)?.frozen)
          total += (await squares.run({ x: reshaped(ort, sums.get(name)!, sizeOf(name)) })).sum.data[0] as number;
      return Math.sqrt(total);
    },
    async apply({ groups, ...step }) {
      if (sums.size === 0) throw new Error('apply() without accumulated gradients');
      // Parameters of one rate and decay share their numbers on the device.
      const known = new Map<string, Tensors>();
      for (const name of names) {
        const { rateFactor, decay, frozen } = groups?.get(name) ?? defaultGroup(name);
        const gradient = sums.get(name)!;
        if (!frozen) {
          const key = `${rateFactor} ${decay}`;
          let coefficients = known.get(key);
          if (!coefficients) {
            const numbers = adamwCoefficients({
              ...step,
              learningRate: step.learningRate * rateFactor,
              weightDecay: decay ? step.weightDecay : 0,
            });
            coefficients = {};
            for (const each of COEFFICIENTS) coefficients[each] = await toDevice(Float32Array.of(numbers[each]));
            known.set(key, coefficients);
          }
          const scalars = Object.fromEntries(COEFFICIENTS.map((each) => [each, reshaped(ort, coefficients[each], [])]));
          const before = states.get(name)!;
          const after = await update.run({ ...before, gradient: reshaped(ort, gradient, sizeOf(name)), ...scalars });
          states.set(name, Object.fromEntries(STATE.map((each) => [each, after[`next.${each}`]])) as DeviceState);
          release(Object.values(before));
        }
        gradient.dispose();
      }
      for (const coefficients of known.values()) release(Object.values(coefficients));
      sums.clear();
    },
    async dispose() {
      for (const state of states.values()) release(Object.values(state));
      release(sums.values());
      states.clear();
      sums.clear();
      for (const each of [upload, fetch, add, squares, update, pass]) await each.release();
    },
  };
}
