/** `glz setup-gpu`: options and messages; the work is in src/engine/tensorflow-setup.ts. */
import { Command } from 'commander';
import { tensorflowFolder } from '../engine/tensorflow.ts';
import { abandonSetup, setUpTensorFlow, TENSORFLOW_VERSION } from '../engine/tensorflow-setup.ts';

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

Needs Linux, npm, g++, and Python with pip or with TensorFlow. A second run only checks; a run that was stopped is begun again.`;

interface SetupFlags {
  cpu?: boolean;
  folder?: string;
  tensorflow: string;
  python?: string;
  download?: boolean;
  systemCuda?: boolean;
  force?: boolean;
  quiet?: boolean;
}

async function run(flags: SetupFlags): Promise<void> {
  const folder = flags.folder ?? tensorflowFolder();
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const onSignal = () => {
    abandonSetup(folder);
    note('stopped; nothing was installed');
    process.exit(130);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const { gpu, path } = await setUpTensorFlow({
      folder,
      cpu: flags.cpu === true,
      version: flags.tensorflow,
      python: flags.python,
      download: flags.download === true,
      systemCuda: flags.systemCuda === true,
      force: flags.force === true,
      note,
      show: process.stderr.isTTY === true && !flags.quiet,
    });
    if (gpu) note('TensorFlow sees a GPU: `glz train` takes it (--device auto or gpu)');
    else if (flags.cpu) note('`glz train --device tensorflow` trains with it; a CPU trains faster without it (--device cpu)');
    else note('TensorFlow sees no GPU on this machine: is there a driver (nvidia-smi)? Until then `glz train` takes the CPU');
    if (flags.folder) note(`set GLZ_TENSORFLOW=${folder} wherever glz is to find it`);
    process.stdout.write(`${path}\n`);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** The command's definition. */
export function command(): Command {
  return new Command('setup-gpu')
    .description('Install TensorFlow for training on a GPU, and build its binding for this machine.')
    .option('--cpu', "TensorFlow's build for the CPU only (smaller; for trying)")
    .option('--folder <folder>', 'where it goes; GLZ_TENSORFLOW, or "tensorflow" in the cache folder unless given')
    .option('--tensorflow <version>', 'version to download', TENSORFLOW_VERSION)
    .option('--python <program>', 'Python that has pip, or TensorFlow')
    .option('--download', 'download TensorFlow although Python has one')
    .option('--system-cuda', "leave NVIDIA's libraries out: the system has CUDA 12 and cuDNN 9")
    .option('--force', 'build again although a build is there')
    .option('--quiet', "do not show npm's and pip's own output")
    .addHelpText('after', EXAMPLES)
    .action((flags: SetupFlags) => run(flags));
}
