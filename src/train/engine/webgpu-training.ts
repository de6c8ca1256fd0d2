/**
 * Training on ONNX Runtime's WebGPU provider. Parameters, gradients and moments stay on the device: every graph (webgpu-functions.ts) takes
 * them as GPU buffers and leaves its results in others; only batches go there, and losses and scores come back. AdamW is a graph too, run
 * once a parameter, so that no more than one parameter is held twice. The third implementation of {@link TrainingEngine}.
 */
import type { Tensor } from 'onnxruntime-node';
import { GRADIENT_PREFIX } from '../../classify/gliznet-graph.ts';
import { gliznetParameterShapes } from '../../model/gliznet.ts';
import { createArrayViews } from './array-views.ts';
import { defaultGroup, LOSS_TERMS, type StepResult, type TrainingEngine, type TrainingEngineRequest } from './training-session.ts';
import { createWebGpuFunctions, type DeviceState, type Tensors } from './webgpu-functions.ts';

function release(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) tensor.dispose();
}

/** Makes an engine on WebGPU. @throws what ONNX Runtime throws where there is no adapter */
export async function createWebGpuTrainingEngine(request: TrainingEngineRequest): Promise<TrainingEngine> {
  const device = await createWebGpuFunctions(request);
  const shapes = gliznetParameterShapes(request.encoder, request.options);
  const names = Object.keys(shapes);
  const views = createArrayViews(shapes, request.weights);
  const states = new Map<string, DeviceState>();
  /** Accumulated gradients. */
  const sums = new Map<string, Tensor>();

  async function setStates(momentOf: (name: string, which: 'm' | 'v') => Float32Array): Promise<void> {
    for (const name of names) {
      release(Object.values(states.get(name) ?? {}));
      states.set(name, {
        parameter: await device.upload(views.parameters.get(name)!.data),
        firstMoment: await device.upload(momentOf(name, 'm')),
        secondMoment: await device.upload(momentOf(name, 'v')),
      });
    }
  }
  await setStates((name) => new Float32Array(views.parameters.get(name)!.data.length));

  return {
    parameters: views.parameters,
    get moments() {
      return views.moments;
    },
    get gradients() {
      return views.gradients;
    },
    async download(...arrays) {
      for (const name of names) {
        const { parameter, firstMoment, secondMoment } = states.get(name)!;
        if (arrays.includes('parameters')) await device.fetch(parameter, views.parameters.get(name)!.data);
        if (arrays.includes('moments')) {
          await device.fetch(firstMoment, views.moments.get(name)!.m);
          await device.fetch(secondMoment, views.moments.get(name)!.v);
        }
        const gradient = sums.get(name);
        if (gradient && arrays.includes('gradients')) await device.fetch(gradient, views.gradients.get(name)!);
      }
    },
    async upload() {
      await setStates((name, which) => views.moments.get(name)![which]);
    },
    async accumulate(batch, weight) {
      const parameters = names.map((name) => [name, states.get(name)!.parameter, shapes[name]] as [string, Tensor, number[]]);
      const outputs = await device.pass(batch, weight, parameters);
      for (const name of names) {
        const gradient = outputs[GRADIENT_PREFIX + name];
        const before = sums.get(name);
        sums.set(name, before ? await device.add(before, gradient) : gradient);
        if (before) release([before, gradient]);
      }
      const result: StepResult = { loss: 0, bce: 0, margin: 0, logits: outputs.logits.data as Float32Array };
      for (const name of LOSS_TERMS) if (outputs[name]) result[name] = outputs[name].data[0] as number;
      return result;
    },
    async gradientNorm(groups) {
      let total = 0;
      for (const name of names) if (!groups?.get(name)?.frozen) total += await device.sumOfSquares(sums.get(name)!);
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
          const own = { ...step, learningRate: step.learningRate * rateFactor, weightDecay: decay ? step.weightDecay : 0 };
          const coefficients = known.get(key) ?? (await device.coefficients(own));
          known.set(key, coefficients);
          const before = states.get(name)!;
          states.set(name, await device.update(before, gradient, coefficients));
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
      await device.release();
    },
  };
}
