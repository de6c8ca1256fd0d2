/** Options of training beside its settings (src/train/settings-schema.ts). */
import type { Declarations } from './declaration.ts';
import { NOTE, ON_ERROR, QUIET, SIGNAL, THREADS } from './predict.ts';

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

/** Fields of the settings that have flags of their own, by option name. */
export const TRAIN_SETTING_FLAGS = {
  encoder: { field: 'encoder', value: 'id or folder' },
  checkpoint: { field: 'checkpoint', value: 'id or folder' },
  dev: { field: 'dev.data', value: 'folder or file' },
  epochs: { field: 'epochs', value: 'n' },
  maxSteps: { field: 'max_steps', value: 'n' },
  batchSize: { field: 'batch_size', value: 'n' },
  learningRate: { field: 'optimizer.learning_rate', value: 'rate' },
  seed: { field: 'seed', value: 'n' },
  device: { field: 'device', value: 'name' },
  textField: { field: 'text_field', value: 'name' },
  labelField: { field: 'label_field', value: 'name' },
  labelSeparator: { field: 'label_separator', value: 'text' },
  labelNames: { field: 'label_names', value: 'a,b,c' },
} as const;

/** Options of the library's `train`. */
export const TRAIN_OPTIONS = {
  data: { ...TRAIN_FLAGS.data, description: 'files of labelled records' },
  output: TRAIN_FLAGS.output,
  config: TRAIN_FLAGS.config,
  settings: { type: 'object', description: 'fields of the settings (docs/train.md), over those of config' },
  resume: { ...TRAIN_FLAGS.resume, description: 'go on with the run in output' },
  overwrite: {
    ...TRAIN_FLAGS.overwrite,
    description: 'start again although output holds a run: its results are removed, and nothing else',
  },
  threads: TRAIN_FLAGS.threads,
  onError: TRAIN_FLAGS.onError,
  signal: { ...SIGNAL, description: 'saves the state and ends the run, which `resume` goes on with' },
  note: NOTE,
  onStart: { type: 'function', description: 'told how many steps there will be, when data and model are ready' },
  onStep: { type: 'function', description: 'told of each step: its loss, how many there are, seconds that it took' },
  onEvaluation: { type: 'function', description: 'told of each evaluation: the step, its score and figures, whether it is the best' },
  onCalibration: { type: 'function', description: 'told when the steps are done and saved, and temperature and bias are fitted' },
  onRescue: { type: 'function', description: 'told when a step failed and the steps before it are saved' },
} as const satisfies Declarations;

/** Where a training run computes. */
export const DEVICES = ['auto', 'cpu', 'gpu', 'tensorflow', 'webgpu', 'cuda'] as const;
