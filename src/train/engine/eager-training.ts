/**
 * Training on a tfjs backend: the model's own functions run eagerly, and parameters, gradients and moments stay where the backend keeps
 * them (a GPU's memory, with TensorFlow). The second implementation of {@link TrainingEngine}; training-session.ts is the first.
 * The backend has to be registered with tfjs before.
 */
import * as tf from '@tensorflow/tfjs-core';
import { GRADIENT_PREFIX, trainingFunction } from '../../classify/gliznet-graph.ts';
import { type AdamWState, adamwUpdate } from '../../model/adamw.ts';
import { gliznetParameterShapes } from '../../model/gliznet.ts';
import { onBackend, tensorOf } from '../../runtime/eager-session.ts';
import { useGradients } from '../../trace/gradients.ts';
import { createArrayViews } from './array-views.ts';
import {
  defaultGroup,
  type EngineArrays,
  LOSS_TERMS,
  type StepResult,
  type TrainingEngine,
  type TrainingEngineRequest,
  trainingFeeds,
} from './training-session.ts';

/** Makes an engine on a registered tfjs backend. */
export async function createEagerTrainingEngine(request: TrainingEngineRequest, backend: string): Promise<TrainingEngine> {
  useGradients();
  const shapes = gliznetParameterShapes(request.encoder, request.options);
  const names = Object.keys(shapes);
  const pass = trainingFunction(request, request);
  const views = createArrayViews(shapes, request.weights);
  const states = new Map<string, AdamWState>();
  const sums = new Map<string, tf.Tensor>();

  const setStates = (momentsOf: (name: string, which: 'm' | 'v') => tf.Tensor) => {
    for (const name of names) {
      tf.dispose(states.get(name) as unknown as tf.TensorContainer);
      const parameter = tensorOf(views.parameters.get(name)!);
      states.set(name, { parameter, firstMoment: momentsOf(name, 'm'), secondMoment: momentsOf(name, 'v') });
    }
  };
  onBackend(backend, () => setStates((name) => tf.zeros(shapes[name])));

  return {
    parameters: views.parameters,
    get moments() {
      return views.moments;
    },
    get gradients() {
      return views.gradients;
    },
    async download(...arrays: EngineArrays[]) {
      onBackend(backend, () => {
        for (const name of names) {
          const { parameter, firstMoment, secondMoment } = states.get(name)!;
          if (arrays.includes('parameters')) views.parameters.get(name)!.data.set(parameter.dataSync());
          if (arrays.includes('moments')) {
            views.moments.get(name)!.m.set(firstMoment.dataSync());
            views.moments.get(name)!.v.set(secondMoment.dataSync());
          }
          if (arrays.includes('gradients')) views.gradients.get(name)!.set(sums.get(name)?.dataSync() ?? []);
        }
      });
    },
    async upload() {
      onBackend(backend, () => setStates((name, which) => tensorOf({ data: views.moments.get(name)![which], shape: shapes[name] })));
    },
    async accumulate(batch, weight) {
      return onBackend(backend, () => {
        const outputs = tf.tidy(() => {
          const tensors: Record<string, tf.Tensor> = {};
          for (const [name, feed] of Object.entries(trainingFeeds(batch, weight))) tensors[name] = tensorOf(feed);
          for (const name of names) tensors[name] = states.get(name)!.parameter;
          return pass.run(tensors) as tf.NamedTensorMap;
        });
        for (const name of names) {
          const gradient = outputs[GRADIENT_PREFIX + name];
          const before = sums.get(name);
          sums.set(name, before ? tf.add(before, gradient) : gradient);
          if (before) tf.dispose([before, gradient]);
        }
        const result: StepResult = { loss: 0, bce: 0, margin: 0, logits: outputs.logits.dataSync() as Float32Array };
        for (const name of LOSS_TERMS) if (outputs[name]) result[name] = outputs[name].dataSync()[0];
        tf.dispose([outputs.logits, ...LOSS_TERMS.flatMap((name) => outputs[name] ?? [])]);
        return result;
      });
    },
    async gradientNorm(groups) {
      return onBackend(backend, () =>
        tf.tidy(() => {
          const squares = names.filter((name) => !groups?.get(name)?.frozen).map((name) => tf.sum(tf.square(sums.get(name)!)));
          return squares.length === 0 ? 0 : tf.sqrt(tf.addN(squares)).dataSync()[0];
        }),
      );
    },
    async apply({ groups, ...step }) {
      if (sums.size === 0) throw new Error('apply() without accumulated gradients');
      onBackend(backend, () => {
        for (const name of names) {
          const group = groups?.get(name) ?? defaultGroup(name);
          const gradient = sums.get(name)!;
          if (!group.frozen) {
            const before = states.get(name)!;
            const learningRate = step.learningRate * group.rateFactor;
            states.set(name, adamwUpdate(before, gradient, { ...step, learningRate, weightDecay: group.decay ? step.weightDecay : 0 }));
            tf.dispose(before as unknown as tf.TensorContainer);
          }
          gradient.dispose();
        }
        sums.clear();
      });
    },
    async dispose() {
      tf.dispose([...states.values()] as unknown as tf.TensorContainer);
      tf.dispose([...sums.values()]);
      states.clear();
      sums.clear();
    },
  };
}
