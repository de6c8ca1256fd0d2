/** `glz setup-gpu`: options and messages; the work is in src/gpu-setup. */
import { Command } from 'commander';
import { UsageError } from '../base/errors.ts';
import { abandonCudaSetup, setUpCuda } from '../gpu-setup/cuda-setup.ts';
import { abandonSetup, setUpTensorFlow } from '../gpu-setup/tensorflow-setup.ts';
import type { Filled } from '../options/declaration.ts';
import { SETUP_GPU_FLAGS } from '../options/setup-gpu.ts';
import { cudaFolder } from '../runtime/cuda-provider.ts';
import { requiredCacheFolder } from '../runtime/graph-cache.ts';
import { tensorflowFolder } from '../runtime/tensorflow.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './terminal/interrupts.ts';
import { noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  For an NVIDIA GPU, with NVIDIA's libraries; then train on it:
    $ glz setup-gpu
    $ glz train --config minilm --data train.jsonl --output runs/gpu --device gpu
  Against the TensorFlow that a Python environment has:
    $ glz setup-gpu --python ~/venv/bin/python
  On a machine without a GPU, to try it:
    $ glz setup-gpu --cpu
    $ glz train --config minilm --data train.jsonl --output runs/try --device tensorflow
  For ONNX Runtime on an NVIDIA GPU instead of TensorFlow; again after npm ci, which then only puts it back:
    $ glz setup-gpu --cuda
    $ glz train --config minilm --data train.jsonl --output runs/cuda --device cuda

Needs Linux, npm, g++, and Python with pip or with TensorFlow; --cuda needs Linux x64 and Python with pip. A second run only checks; a run that was stopped is begun again.`;

type SetupFlags = Filled<typeof SETUP_GPU_FLAGS>;

const note = (line: string): void => {
  noteLine(line);
};

/** Runs a setup; a signal stops it. */
async function stoppable(abandon: () => void, setUp: () => Promise<void>): Promise<void> {
  const stopListening = onInterrupt(() => {
    abandon();
    note('stopped; nothing was installed');
    process.exit(130);
  });
  try {
    await setUp();
  } finally {
    stopListening();
  }
}

/** What both setups take. */
const common = (flags: SetupFlags) => ({
  python: flags.python,
  systemCuda: flags.systemCuda === true,
  force: flags.force === true,
  note,
  show: process.stderr.isTTY === true && !flags.quiet,
});

function setUpForTensorFlow(flags: SetupFlags): Promise<void> {
  const folder = flags.folder ?? tensorflowFolder() ?? requiredCacheFolder();
  return stoppable(
    () => abandonSetup(folder),
    async () => {
      const request = { folder, cpu: flags.cpu === true, version: flags.tensorflow, download: flags.download === true, ...common(flags) };
      const { gpu, path } = await setUpTensorFlow(request);
      if (gpu) note('TensorFlow sees a GPU: `glz train` takes it (--device auto or gpu)');
      else if (flags.cpu) note('`glz train --device tensorflow` trains with it; a CPU trains faster without it (--device cpu)');
      else note('TensorFlow sees no GPU on this machine: is there a driver (nvidia-smi)? Until then `glz train` takes the CPU');
      if (flags.folder) note(`set GLZ_TENSORFLOW=${folder} wherever glz is to find it`);
      process.stdout.write(`${path}\n`);
    },
  );
}

function setUpForCuda(flags: SetupFlags): Promise<void> {
  for (const [option, given] of Object.entries({ '--cpu': flags.cpu, '--download': flags.download }))
    if (given) throw new UsageError(`${option} is for TensorFlow; it does not go with --cuda`);
  const folder = flags.folder ?? cudaFolder();
  return stoppable(
    () => abandonCudaSetup(folder),
    async () => {
      const { missing, path } = await setUpCuda({ folder, ...common(flags) });
      if (missing) note(`${missing} on this machine: until that is changed, \`--device cuda\` does not run here`);
      else note('`glz train --device cuda` trains with it');
      process.stdout.write(`${path}\n`);
    },
  );
}

/** The command's definition. */
export function command(): Command {
  const setup = new Command('setup-gpu').description(
    "Install what training on an NVIDIA GPU needs: TensorFlow, with its binding built for this machine, or ONNX Runtime's CUDA provider.",
  );
  return addFlags(setup, SETUP_GPU_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((flags: SetupFlags) => (flags.cuda ? setUpForCuda(flags) : setUpForTensorFlow(flags)));
}
