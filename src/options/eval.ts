/** Options of `glz eval`. */
import type { Declarations } from './declaration.ts';
import { LABEL_FIELD, LABEL_NAMES, LABEL_SEPARATOR, LOAD_OPTIONS, QUIET, TEXT_FIELD, THREADS } from './predict.ts';

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
  // Without the default of predict, which means the same: the keys of cached results were made without it.
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
