/** Options of evaluation. */
import type { Declarations } from './declaration.ts';
import { LABEL_FIELD, LABEL_NAMES, LABEL_SEPARATOR, LOAD_OPTIONS, NOTE, QUIET, SIGNAL, TEXT_FIELD, THREADS } from './predict.ts';

/** Flags of `glz eval`. */
export const EVAL_FLAGS = {
  checkpoint: {
    type: 'texts',
    repeatable: true,
    value: 'folder',
    default: [],
    description:
      'GliZNet checkpoint, folder or hub id (repeatable; the first system is the reference); the one that ships where nothing is named',
  },
  baseline: {
    type: 'texts',
    repeatable: true,
    value: 'name',
    default: [],
    description:
      'system to compare with: KIND[:MODEL][,option=value] or a known name (repeatable); random and majority where none is named',
  },
  data: {
    type: 'texts',
    repeatable: true,
    value: 'path',
    default: [],
    description: 'folder of sets, a set, or a file of records (repeatable); the benchmark that ships where there is no --suite either',
  },
  suite: {
    type: 'texts',
    repeatable: true,
    value: 'file',
    default: [],
    description: 'YAML file that names sets, wordings and templates, or a preset of configs/eval (repeatable)',
  },
  template: { type: 'text', description: 'sentence around a label, with {} for the label, for systems that read one' },
  limit: { type: 'integer', min: 1, description: 'at most this many texts a set, spread evenly over it' },
  recordLabels: { type: 'boolean', description: "take each record's own candidates (all_labels)" },
  textField: TEXT_FIELD,
  labelField: LABEL_FIELD,
  labelSeparator: LABEL_SEPARATOR,
  labelNames: LABEL_NAMES,
  labelGrowth: { type: 'boolean', description: 'time every system from 2 to 1000 labels' },
  latencyCalls: { type: 'integer', min: 0, default: 50, description: 'texts timed alone for each set; 0 for none' },
  resamples: { type: 'integer', min: 1, default: 1000, description: 'bootstrap resamples' },
  threads: THREADS,
  precision: {
    type: 'choice',
    choices: LOAD_OPTIONS.precision.choices,
    value: 'name',
    description: 'numbers that checkpoints compute with',
  },
  details: { type: 'boolean', description: 'print all figures: intervals, calibration, speed, memory, comparisons' },
  json: { type: 'text', value: 'file', description: 'write everything as JSON' },
  csv: { type: 'text', value: 'file', description: 'write a line for each set and system' },
  report: { type: 'text', value: 'file', description: 'write a self-contained HTML report' },
  failUnder: {
    type: 'texts',
    repeatable: true,
    value: 'gate',
    default: [],
    description: 'METRIC=NUMBER or SET:METRIC=NUMBER (repeatable)',
    detail: 'the exit code is 1 where the first system is lower',
  },
  cache: { type: 'boolean', default: true, description: 'measure everything again' },
  isolate: { type: 'boolean', default: true, description: 'run all systems in this process (no peak memory then)' },
  compare: { type: 'texts', value: 'files', description: 'compare result files instead of evaluating' },
  listBaselines: { type: 'boolean', description: 'print the baselines that there are' },
  quiet: { ...QUIET, description: 'no progress' },
} as const satisfies Declarations;

/** Options of the library's `evaluate`. */
export const EVALUATE_OPTIONS = {
  checkpoint: {
    ...EVAL_FLAGS.checkpoint,
    description: 'GliZNet checkpoints, folders or hub ids; the first system is the reference; the one that ships where nothing is named',
  },
  baseline: {
    ...EVAL_FLAGS.baseline,
    description: 'systems to compare with: KIND[:MODEL][,option=value] or a known name; random and majority where none is named',
  },
  data: {
    ...EVAL_FLAGS.data,
    description: 'folders of sets, sets, or files of records; the benchmark that ships where there is no suite either',
  },
  suite: {
    ...EVAL_FLAGS.suite,
    description: 'YAML files that name sets, wordings and templates, or presets of configs/eval',
  },
  template: EVAL_FLAGS.template,
  limit: EVAL_FLAGS.limit,
  recordLabels: EVAL_FLAGS.recordLabels,
  textField: TEXT_FIELD,
  labelField: LABEL_FIELD,
  labelSeparator: LABEL_SEPARATOR,
  labelNames: LABEL_NAMES,
  labelGrowth: EVAL_FLAGS.labelGrowth,
  latencyCalls: EVAL_FLAGS.latencyCalls,
  resamples: EVAL_FLAGS.resamples,
  threads: THREADS,
  precision: EVAL_FLAGS.precision,
  cache: { ...EVAL_FLAGS.cache, defaultText: '`true`', description: 'keep results of finished sets, and take those of earlier calls' },
  isolate: {
    ...EVAL_FLAGS.isolate,
    defaultText: '`true`',
    description: 'run each system in a process of its own, which tells its peak memory',
  },
  signal: { ...SIGNAL, description: 'ends the evaluation with an AbortError; results of finished sets stay in the cache' },
  note: NOTE,
  onStart: { type: 'function', description: 'told the names of systems and sets, when the sets are read' },
  onEvent: { type: 'function', description: 'told of each system: how far it is, its results and failures' },
  onDownload: { type: 'function', description: 'told how much of a file of a model is downloaded, in bytes' },
} as const satisfies Declarations;
