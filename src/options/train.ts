/** Options of `glz train` beside those of its settings (src/train/settings.ts). */
import type { Declarations } from './declaration.ts';
import { ON_ERROR, QUIET, THREADS } from './predict.ts';

/** Flags of `glz train`. */
export const TRAIN_FLAGS = {
  config: {
    type: 'text',
    value: 'preset',
    description: 'settings: a preset of configs/train by name (article, minilm, gpu, few-shot), or a YAML file',
  },
  data: { type: 'texts', repeatable: true, value: 'file', default: [], description: 'labelled records; may be given more than once' },
  output: { type: 'text', short: 'o', value: 'folder', required: true, description: 'where states, log and checkpoint go' },
  resume: { type: 'boolean', description: 'go on with the run in --output' },
  overwrite: { type: 'boolean', description: 'start again although --output holds a run: its results are removed, and nothing else' },
  dryRun: {
    type: 'boolean',
    description: 'check settings, weights and all data; show statistics, memory, steps and time; train nothing',
  },
  set: {
    type: 'texts',
    repeatable: true,
    value: 'field=value',
    default: [],
    description: 'any other field of the settings, for example loss.margin=0.3',
  },
  threads: { ...THREADS, description: 'threads of one operation; a run on the CPU is repeatable to the bit with the same number' },
  onError: { ...ON_ERROR, default: 'fail' },
  quiet: { ...QUIET, description: 'no progress' },
} as const satisfies Declarations;
