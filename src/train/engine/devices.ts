/**
 * Where training runs: on the CPU through ONNX Runtime, on a GPU through TensorFlow, or on ONNX Runtime's WebGPU and CUDA providers.
 * Chooses, opens and names a device; the engines are in the neighbours.
 */
import * as tf from '@tensorflow/tfjs-core';
import { DataError, errorMessage } from '../../base/errors.ts';
import type { DEVICES } from '../../options/train.ts';
import { hasCudaProvider } from '../../runtime/cuda-provider.ts';
import { createGraphSession, type GraphSession } from '../../runtime/onnx-session.ts';
import { type TraceRequest, traceGraph } from '../../trace/trace.ts';
import { createTrainingEngine, type TrainingEngine, type TrainingEngineRequest } from './training-session.ts';

/** A device that is asked for. */
export type DeviceChoice = (typeof DEVICES)[number];

/** An open device. */
export interface TrainingDevice {
  /** What runs the operations. */
  readonly name: Exclude<DeviceChoice, 'auto' | 'gpu'>;
  /** For the user, in a few words. */
  readonly description: string;
  /** Puts a model in training on the device. */
  createTrainingEngine(request: TrainingEngineRequest): Promise<TrainingEngine>;
  /** Makes a forward pass ready to run (evaluation, calibration, a teacher). */
  createSession(pass: TraceRequest): Promise<GraphSession>;
}

/** Settings of a device. */
export interface DeviceSettings {
  /** Threads of one operation on the CPU; the library's choice where absent. */
  threads?: number;
}

/** The CPU, through ONNX Runtime: repeatable to the bit with one number of threads. */
export function cpuDevice({ threads }: DeviceSettings = {}): TrainingDevice {
  const session = { threads };
  return {
    name: 'cpu',
    description: 'cpu (ONNX Runtime)',
    createTrainingEngine: (request) => createTrainingEngine({ ...request, session }),
    createSession: (pass) => createGraphSession(traceGraph(pass), session),
  };
}

async function tensorflowDevice(choice: DeviceChoice, { threads }: DeviceSettings): Promise<TrainingDevice> {
  const { loadTensorFlow, TENSORFLOW_BACKEND } = await import('../../runtime/tensorflow.ts');
  const { gpu } = loadTensorFlow(threads);
  if (!gpu && choice === 'gpu')
    throw new DataError(
      'TensorFlow loads but sees no GPU: `glz setup-gpu` builds it for one (`--force` if a build is there), `--device tensorflow` trains on its CPU',
    );
  const { createEagerTrainingEngine } = await import('./eager-training.ts');
  const { createEagerSession } = await import('../../runtime/eager-session.ts');
  return {
    name: 'tensorflow',
    description: gpu ? 'gpu (TensorFlow)' : "TensorFlow's CPU",
    createTrainingEngine: (request) => createEagerTrainingEngine(request, TENSORFLOW_BACKEND),
    createSession: async (pass) => createEagerSession(pass, TENSORFLOW_BACKEND),
  };
}

/** Whether ONNX Runtime has a GPU that WebGPU reaches is known once a session is made. */
async function webGpuDevice({ threads }: DeviceSettings): Promise<TrainingDevice> {
  await tryProvider('webgpu', 'no GPU that ONNX Runtime reaches through WebGPU (on Linux: a Vulkan driver and libvulkan1 are needed)');
  const { createWebGpuTrainingEngine } = await import('./webgpu-training.ts');
  const session = { provider: 'webgpu', threads } as const;
  return {
    name: 'webgpu',
    description: 'webgpu (ONNX Runtime)',
    createTrainingEngine: createWebGpuTrainingEngine,
    // Without fused kernels that only inference may use: the provider's MultiHeadAttention takes no padding mask.
    createSession: (pass) => createGraphSession(traceGraph({ ...pass, inference: false, onnxProducts: true }), session),
  };
}

/** Runs the traced graphs on CUDA; AdamW stays on the CPU, because onnxruntime-node keeps no tensor in CUDA's memory between runs. */
async function cudaDevice({ threads }: DeviceSettings): Promise<TrainingDevice> {
  if (!hasCudaProvider())
    throw new DataError("ONNX Runtime's CUDA provider is not installed: `glz setup-gpu --cuda` installs it (Linux x64, NVIDIA GPU)");
  await tryProvider('cuda', "ONNX Runtime's CUDA provider does not load: `glz setup-gpu --cuda` says what is missing");
  const session = { provider: 'cuda', threads } as const;
  return {
    name: 'cuda',
    description: 'cuda (ONNX Runtime; AdamW on the CPU)',
    createTrainingEngine: (request) => createTrainingEngine({ ...request, session }),
    createSession: (pass) => createGraphSession(traceGraph(pass), session),
  };
}

/** Runs a graph of one operation with a provider. @throws DataError that begins with `otherwise` */
async function tryProvider(provider: 'webgpu' | 'cuda', otherwise: string): Promise<void> {
  const graph = traceGraph({
    inputs: [{ name: 'x', shape: ['n'], type: 'float32' }],
    inference: true,
    run: ({ x }) => ({ y: tf.mul(x, x) }),
  });
  try {
    const session = await createGraphSession(graph, { provider });
    await session.run({ x: { data: Float32Array.of(2), shape: [1] } }, ['y']);
    await session.dispose();
  } catch (error) {
    throw new DataError(
      `${otherwise} (${errorMessage(error)
        .split('\n')[0]
        .replace(/^.*was false\. /, '')
        .trim()})`,
    );
  }
}

/** The GPU if TensorFlow is installed, loads and sees one; else the CPU. */
async function bestDevice(settings: DeviceSettings): Promise<TrainingDevice> {
  const cpu = cpuDevice(settings);
  const { installedBindings, readSetup } = await import('../../runtime/tensorflow.ts');
  if (readSetup()?.gpu === false || installedBindings().length === 0) return cpu;
  try {
    return await tensorflowDevice('gpu', settings);
  } catch (error) {
    if (error instanceof DataError) return { ...cpu, description: `${cpu.description}; ${error.message}` };
    throw error;
  }
}

/** Opens a device. @throws DataError in one line that says why it does not work here and what to do */
export function openDevice(choice: DeviceChoice, settings: DeviceSettings = {}): Promise<TrainingDevice> {
  switch (choice) {
    case 'auto':
      return bestDevice(settings);
    case 'cpu':
      return Promise.resolve(cpuDevice(settings));
    case 'gpu':
    case 'tensorflow':
      return tensorflowDevice(choice, settings);
    case 'webgpu':
      return webGpuDevice(settings);
    case 'cuda':
      return cudaDevice(settings);
  }
}
