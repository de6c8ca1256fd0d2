/** Options of `glz setup-gpu`. */
import type { Declarations } from './declaration.ts';

/** Flags of `glz setup-gpu`. */
export const SETUP_GPU_FLAGS = {
  cuda: { type: 'boolean', description: "ONNX Runtime's CUDA provider instead of TensorFlow" },
  cpu: { type: 'boolean', description: "TensorFlow's build for the CPU only (smaller; for trying)" },
  folder: {
    type: 'text',
    value: 'folder',
    description: 'where it goes; GLZ_TENSORFLOW, or "tensorflow" (--cuda: "cuda") in the cache folder unless given',
  },
  tensorflow: {
    type: 'text',
    value: 'version',
    // The newest that the binding was tested with.
    default: '2.21.0',
    description: 'version to download',
  },
  python: { type: 'text', value: 'program', description: 'Python that has pip, or TensorFlow' },
  download: { type: 'boolean', description: 'download TensorFlow although Python has one' },
  systemCuda: { type: 'boolean', description: "leave NVIDIA's libraries out: the system has CUDA 12 (--cuda: 13) and cuDNN 9" },
  force: { type: 'boolean', description: 'build or download again although it is there' },
  quiet: { type: 'boolean', description: "do not show npm's and pip's own output" },
} as const satisfies Declarations;
