/** Options of `glz tune`. */
import type { Declarations } from './declaration.ts';
import { LABEL_FIELD, LOAD_OPTIONS, PREDICT_FLAGS, QUIET, SCORING_OPTIONS, TEXT_FIELD, THREADS } from './predict.ts';

/** Flags of `glz tune`. */
export const TUNE_FLAGS = {
  data: {
    type: 'text',
    required: true,
    value: 'file',
    description: 'labelled records, 80 and more: JSONL, CSV or TSV with a text and its labels',
    detail: 'a record without labels is a text that none of them fits',
  },
  output: { type: 'text', short: 'o', value: 'file', required: true, description: 'JSON file to write, for --thresholds of glz predict' },
  labels: { ...PREDICT_FLAGS.labels, detail: 'those of the records unless given' },
  labelsFile: PREDICT_FLAGS.labelsFile,
  labelSeparator: PREDICT_FLAGS.labelSeparator,
  multiLabel: { type: 'boolean', description: 'any number of labels may fit a text: each gets a threshold' },
  maxError: {
    type: 'number',
    above: 0,
    below: 1,
    value: 'p',
    description: 'abstain so often that at most this share of the answers is wrong, with 95 % confidence; one label a text',
    detail: 'without it a text gets no label where the best one is rather wrong than right',
  },
  checkpoint: PREDICT_FLAGS.checkpoint,
  precision: LOAD_OPTIONS.precision,
  windows: SCORING_OPTIONS.windows,
  threads: THREADS,
  textField: TEXT_FIELD,
  labelField: LABEL_FIELD,
  quiet: QUIET,
} as const satisfies Declarations;
