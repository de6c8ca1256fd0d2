/** Options of labelling: of `glz predict`, `GliZNet.load`, `classify` and `logits`. On the way to the first prediction. */
import type { Declarations, Given, ValueOf } from './declaration.ts';
import { SHIPPED_CHECKPOINT } from './shipped-checkpoint.ts';

/** Options that several commands have. */
export const THREADS = {
  type: 'integer',
  min: 1,
  max: 1024,
  description: 'threads of one operation of ONNX Runtime',
  detail: 'the physical cores unless given',
} as const;

/** What only the messages of a command hang on. */
export const QUIET = { type: 'boolean', description: 'no progress and no notes' } as const;

/** What a library call tells in words. */
export const NOTE = { type: 'function', description: 'told in a line what is going on' } as const;
/** How a library call is ended. */
export const SIGNAL = { type: 'signal', description: 'ends the call' } as const;

/** A checkpoint. */
export const CHECKPOINT = {
  type: 'text',
  value: 'folder',
  default: SHIPPED_CHECKPOINT,
  defaultText: 'glz-mini',
  description:
    'GliZNet checkpoint: glz-mini or glz-small, which ship, glz-multi (npm install gliznet-glz-multi), a folder, the output folder of glz train, or a hub id',
} as const;

/** How a checkpoint is loaded. */
export const LOAD_OPTIONS = {
  precision: {
    type: 'choice',
    choices: ['auto', 'fp32', 'int8'],
    value: 'precision',
    description: 'numbers that the model computes with; fp32 unless given',
    detail: 'int8: 8-bit products, faster and less exact (docs/speed.md); auto: the faster on this processor, timed once and kept',
  },
  threads: THREADS,
  provider: {
    type: 'choice',
    choices: ['cpu', 'webgpu', 'cuda', 'coreml', 'dml'],
    default: 'cpu',
    description: 'what ONNX Runtime computes on',
  },
  // Of checkpoints that read labels once.
  sessions: {
    type: 'integer',
    min: 1,
    max: 1024,
    description: 'processes with a session of one thread each that many texts are shared out among',
    detail: 'as many as `threads` unless given, at most 8, fewer where memory is short; 1: none beside the one',
  },
  // Of checkpoints that read labels once.
  labelMemory: {
    type: 'integer',
    min: 0,
    value: 'MB',
    description: 'vectors of a label set that are held in memory; those of a larger set are read from its file',
    detail:
      'for each batch of texts, with the same scores (docs/labels.md); 1000, or a quarter of what is free if that is less, unless given',
  },
  /** Told when something takes a moment: `preparing the checkpoint for this machine`. */
  note: { type: 'function', description: 'told in a line when something takes a moment' },
} as const satisfies Declarations;

/** Numeric precision of inference. */
export type Precision = ValueOf<typeof LOAD_OPTIONS.precision>;

/** Where a session's graph runs. */
export type ExecutionProvider = ValueOf<typeof LOAD_OPTIONS.provider>;

/** How labels are chosen and reported. */
export const LABELING_OPTIONS = {
  /** Each label by itself (sigmoid, calibrated) instead of one of them (softmax). */
  multiLabel: {
    type: 'boolean',
    description: 'score each label by itself: any number may fit',
    detail: 'each score is a probability of its own, which no other label changes',
  },
  /** Leaves out labels that score less. */
  threshold: { type: 'number', min: 0, max: 1, value: 'p', description: 'leave out labels that score less' },
  /** Leaves out all but so many best labels. */
  topK: { type: 'integer', min: 1, description: 'leave out all but the n best labels' },
  /** Gives no label to a text that none is likely to fit. */
  abstain: {
    type: 'boolean',
    description: 'give no label to a text that none of them is likely to fit',
    detail: 'results then have `fit`, the probability that any label fits (docs/abstain.md)',
  },
  /** The level of `abstain`, which it implies. */
  abstainBelow: {
    type: 'number',
    min: 0,
    max: 1,
    value: 'p',
    description: 'abstain below this fit; 0.4 unless given, or the level of --thresholds',
  },
  /** What `glz tune` wrote. */
  thresholds: {
    type: 'text',
    nonEmpty: true,
    value: 'file',
    description: 'temperature, thresholds and level that glz tune fitted to your labels, which need not be given then',
  },
  /** Of labels in levels, which are reported. */
  levels: {
    type: 'choice',
    choices: ['leaf', 'path', 'all'],
    description: 'of labels in levels: those that have none below them, the path to the best of these, or all',
    detail: 'leaf unless given; the result has the path in any case (docs/labels.md)',
  },
} as const satisfies Declarations;

/** How texts are read. */
export const SCORING_OPTIONS = {
  /** Most joint sequences in one batch; long ones make smaller batches. */
  batchSize: {
    type: 'integer',
    min: 1,
    default: 32,
    description: 'most joint sequences in a batch; long ones make smaller batches',
  },
  /**
   * Of a label set larger than this, only so many labels are read together with the text: those whose embeddings are nearest to the text's.
   * 0: every label is read. Unless given: of labels that do not fit into one sequence half, at least 50 and at most 100. The more labels are
   * left out (by a one-way model: the more there are than 25), the more the logit of one that is read falls with its distance to the text.
   */
  shortlist: {
    type: 'integer',
    min: 0,
    description:
      'of a larger label set read only the n labels nearest to the text; 0 reads all; by default half of more than 50 (50 to 100)',
    detail:
      'of checkpoints that read labels and text together (not of the one that ships, which scores every label): of more than 25 labels, the more there are the more a score falls with its distance to the text',
  },
  /** Overlapping windows in which a text is read that is longer than one joint sequence; what they do not reach is cut. */
  windows: {
    type: 'integer',
    min: 1,
    default: 4,
    description: 'overlapping windows in which a long text is read; 1 cuts it where the first ends',
    detail: "scores are the windows' mean, with several labels a text (multiLabel) the best window's",
  },
} as const satisfies Declarations;

/** How texts are read, where a caller says it. */
export type ScoringOptions = Given<typeof SCORING_OPTIONS>;

/** Why texts got their labels. */
const EXPLAIN = {
  type: 'boolean',
  description: 'say what each word adds to the best labels (three at most)',
  detail: '`explanations` beside `labels` and `scores`, in twice the time with the checkpoint that ships (docs/explain.md)',
} as const;

/** Options of the library's `classify`. */
export const CLASSIFY_OPTIONS = {
  ...LABELING_OPTIONS,
  ...SCORING_OPTIONS,
  /**
   * Holds back labels that win too often over the texts of this call, with this strength from 0 (not at all) to 1; 0.7 is a good one.
   * For one list of labels that are about equally frequent, and some hundred texts. Not with `multiLabel`.
   */
  balance: {
    type: 'number',
    min: 0,
    max: 1,
    description: 'hold back labels that win too often over the texts of the call, with this strength; 0.7 is a good one',
    detail: 'for one list of labels that are about equally frequent, and some hundred texts; not with multiLabel',
  },
  /** Adds `explanations`: what each word of a text adds to the logits of its best labels. */
  explain: EXPLAIN,
} as const satisfies Declarations;

/** Options of the library's `logits`; `multiLabel` decides how the windows of a long text become one. */
export const LOGITS_OPTIONS = { ...SCORING_OPTIONS, multiLabel: LABELING_OPTIONS.multiLabel } as const satisfies Declarations;

/** What stands between labels where a record has them as text. */
export const LABEL_SEPARATOR = {
  type: 'text',
  nonEmpty: true,
  value: 'text',
  description: 'what stands between the labels of a record where they are text; | unless given',
  detail: 'without it, text with commas or the like and no | is refused: it may be one label or several',
} as const;

/** The field of texts. */
export const TEXT_FIELD = {
  type: 'text',
  nonEmpty: true,
  value: 'name',
  description: 'field that holds the text',
  detail: '`text` or `sentence` unless given; `data.text` is the field "text" of the object in "data"',
} as const;

/** The field of true labels. */
export const LABEL_FIELD = {
  type: 'text',
  nonEmpty: true,
  value: 'name',
  description: 'field that holds the true labels',
  detail: '`labels`, `true_labels` or `label` unless given; a path such as `data.label` too',
} as const;

/** What numbers in the field of true labels stand for. */
export const LABEL_NAMES = {
  type: 'text',
  nonEmpty: true,
  value: 'a,b,c',
  description: 'what whole numbers in the field of labels stand for, from 0: labels between commas, a JSON list, or a file of labels',
  detail: "as Hugging Face's datasets say it in Parquet, `dataset_infos.json` or `README.md` unless given, then `labels.json`",
} as const;

/** A file of labels. */
export const LABELS_FILE = {
  type: 'text',
  value: 'file',
  description: 'candidate labels: one a line, JSON or YAML (names, descriptions, a tree), or a table with the column "label"',
} as const;

/** What is done with a malformed record. */
export const ON_ERROR = {
  type: 'choice',
  choices: ['fail', 'skip'],
  value: 'what',
  description: 'what to do with a malformed record',
  detail: 'it is skipped, counted and named, or stops the run',
} as const;

/** Flags of `glz predict`. */
export const PREDICT_FLAGS = {
  text: { type: 'text', description: 'label this text instead of files' },
  labels: {
    type: 'text',
    value: 'a,b,c',
    description: 'candidate labels, between commas (in quotes where one has a comma), or JSON (with descriptions or levels)',
    detail: "without labels for all each record's own `candidate_labels`, or those that the checkpoint was trained on",
  },
  labelsFile: LABELS_FILE,
  labelSeparator: LABEL_SEPARATOR,
  questions: {
    type: 'text',
    value: 'file',
    description: 'answer the questions of this YAML or JSON file instead of labelling',
    detail: 'each record gets `answers`; docs/questions.md says what a question is',
  },
  ...LABELING_OPTIONS,
  balance: {
    type: 'boolean',
    description: 'hold back labels that win too often over texts drawn from the file; for labels about equally frequent',
  },
  explain: EXPLAIN,
  output: {
    type: 'text',
    short: 'o',
    value: 'file or folder',
    description: 'write here instead of to stdout; into a folder a file each, called as its input',
    detail:
      'a file is complete or not there (until then `FILE.*.tmp`); a run that is interrupted or fails leaves what it did in `FILE.partial`; one run at a time writes a file, and what a killed one left goes once it is complete; a device or pipe is written into as it is',
  },
  overwrite: {
    type: 'boolean',
    description: 'into a folder: label again what is finished, and replace files that no run wrote',
    detail: 'without it files that an earlier run finished are left alone, and one that was stopped or killed goes on where it was',
  },
  shard: {
    type: 'text',
    nonEmpty: true,
    value: 'i/n',
    description: 'label share i of n of the files, on one of n machines; glz merge joins them',
    detail:
      'whole files, where there are as many as shares; writes `OUTPUT.i-of-n`; run again, it goes on where it was stopped or killed (docs/scale.md)',
  },
  outputFormat: {
    type: 'choice',
    choices: ['jsonl', 'csv', 'tsv', 'parquet'],
    value: 'format',
    description: 'format of the results; by the name of --output unless given, which may end in .gz or .zst too',
  },
  wide: { type: 'boolean', description: 'in CSV, TSV and Parquet also a column of scores for each label' },
  checkpoint: CHECKPOINT,
  precision: LOAD_OPTIONS.precision,
  ...SCORING_OPTIONS,
  threads: THREADS,
  labelMemory: LOAD_OPTIONS.labelMemory,
  format: {
    type: 'choice',
    choices: ['jsonl', 'csv', 'tsv', 'text', 'parquet'],
    value: 'format',
    description: 'format of the input; by its name unless given',
    detail: 'text is one text a line',
  },
  textField: TEXT_FIELD,
  idField: {
    type: 'text',
    nonEmpty: true,
    value: 'name',
    description: 'write only this field of each record, and what is found',
    detail: 'small results that can be joined with the input; a path such as `data.id` too; a record without it is malformed',
  },
  delimiter: {
    type: 'text',
    nonEmpty: true,
    value: 'text',
    description: 'what stands between the fields of a table; of CSV found out from its header unless given',
    detail: "comma, semicolon, tab or |; Excel's line `sep=;` says it too; CSV that is written of it has the same",
  },
  encoding: {
    type: 'choice',
    choices: ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'],
    value: 'encoding',
    description: 'encoding of the input; UTF-8 unless given, and UTF-16 where the file begins with its mark',
  },
  onError: { ...ON_ERROR, default: 'skip' },
  json: { type: 'boolean', description: 'print JSON for --text also on a terminal' },
  quiet: QUIET,
} as const satisfies Declarations;

/** Formats of record files. */
export type RecordFormat = ValueOf<typeof PREDICT_FLAGS.format>;

/** Encodings of record files. */
export type Encoding = ValueOf<typeof PREDICT_FLAGS.encoding>;
