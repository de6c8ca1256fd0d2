/** Options of generating beside its settings (src/generate/settings.ts). */
import type { Declarations } from './declaration.ts';
import { LABEL_SEPARATOR, LABELS_FILE, SIGNAL } from './predict.ts';

/** Providers of language models; src/generate/providers/index.ts has one of each name. */
const PROVIDER_NAMES = ['ollama', 'groq'] as const;

/** Name of a provider. */
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** How a provider is asked. */
export const REQUEST_OPTIONS = {
  /** Most questions at once. */
  concurrency: { type: 'integer', min: 1, default: 2, description: 'questions at once' },
  /** Requests a minute at most. */
  requestsPerMinute: { type: 'integer', min: 1, description: 'limit of requests' },
  /** Tokens a minute at most. */
  tokensPerMinute: { type: 'integer', min: 1, description: 'limit of tokens, prompts and answers' },
  /** Seconds until a question counts as lost. */
  timeout: { type: 'number', above: 0, default: 300, value: 'seconds', description: 'seconds until a question counts as lost' },
  /** Further tries of one question after its first. */
  retries: { type: 'integer', min: 0, default: 6, description: 'further tries of one question' },
  /** Seconds before the first retry; doubled each time, up to a minute. */
  backOff: { type: 'number', above: 0, default: 1, value: 'seconds', description: 'seconds before the first retry' },
} as const satisfies Declarations;

/** Flags of `glz generate`. */
export const GENERATE_FLAGS = {
  config: {
    type: 'text',
    value: 'preset',
    default: 'small',
    description: 'settings: a preset of configs/generate by name (small, article), or a YAML file',
  },
  provider: { type: 'choice', choices: PROVIDER_NAMES, default: 'ollama', value: 'provider', description: 'where the model runs' },
  model: { type: 'text', value: 'name', description: 'name of the model at the provider' },
  output: { type: 'text', short: 'o', value: 'file', description: 'JSONL that the examples go to; JSON of labels with --describe' },
  domains: {
    type: 'text',
    value: 'a,b',
    description: 'only these domains of the preset, or new ones, between commas (in quotes where one has a comma)',
  },
  languages: { type: 'text', value: 'a,b', description: 'languages of the texts, between commas' },
  input: { type: 'text', value: 'file', description: 'add hard negatives to these records' },
  labelsFile: {
    ...LABELS_FILE,
    description: 'write texts for these labels: one a line, a JSON or YAML list, or a table with the column "label"',
  },
  describe: {
    type: 'boolean',
    description: 'write what the labels of --labels-file mean: the same labels with descriptions and other wordings',
  },
  wordings: { type: 'integer', min: 0, max: 10, description: 'other wordings of each label that --describe asks for; 2 unless given' },
  about: { type: 'text', nonEmpty: true, value: 'text', description: 'what the texts are, for --describe: "support tickets of a bank"' },
  labelSeparator: { ...LABEL_SEPARATOR, description: 'what stands between the labels of --input where they are text; | unless given' },
  verify: { type: 'boolean', description: 'ask a second time whether each label holds, keep what is agreed' },
  verifyModel: { type: 'text', value: 'name', description: 'model that is asked the second time' },
  filterCheckpoint: {
    type: 'text',
    value: 'folder',
    description: 'drop what a GliZNet checkpoint finds trivially easy or contradicts',
  },
  ...REQUEST_OPTIONS,
  ollamaThreads: { type: 'integer', min: 1, description: "threads of Ollama's CPU backend" },
  report: { type: 'text', value: 'file', description: 'HTML report; beside the output unless given' },
  dryRun: { type: 'boolean', description: 'print sample prompts and an estimate, ask nothing' },
  quiet: { type: 'boolean', description: 'no progress and no report' },
} as const satisfies Declarations;

/** Fields of the settings that have flags of their own, by option name. */
export const GENERATE_SETTING_FLAGS = {
  count: { field: 'count', value: 'n' },
  seed: { field: 'seed', value: 'n' },
  examplesPerRequest: { field: 'examples_per_request', value: 'n' },
} as const;

/** Options of the library's `generate`. */
export const GENERATE_OPTIONS = {
  provider: GENERATE_FLAGS.provider,
  model: { ...GENERATE_FLAGS.model, required: true },
  output: { ...GENERATE_FLAGS.output, description: 'JSONL that the examples go to', required: true },
  config: GENERATE_FLAGS.config,
  settings: { type: 'object', description: 'fields of the settings (docs/generate.md), in place of those of config' },
  domains: { type: 'texts', description: GENERATE_FLAGS.domains.description },
  languages: { type: 'texts', description: GENERATE_FLAGS.languages.description },
  input: GENERATE_FLAGS.input,
  labelsFile: GENERATE_FLAGS.labelsFile,
  labelSeparator: { ...LABEL_SEPARATOR, description: 'what stands between the labels of input where they are text; | unless given' },
  verify: GENERATE_FLAGS.verify,
  verifyModel: GENERATE_FLAGS.verifyModel,
  filterCheckpoint: GENERATE_FLAGS.filterCheckpoint,
  ...REQUEST_OPTIONS,
  ollamaThreads: GENERATE_FLAGS.ollamaThreads,
  report: GENERATE_FLAGS.report,
  signal: { ...SIGNAL, description: 'ends the run: what was accepted is on disk, and the same call goes on' },
  onStart: { type: 'function', description: 'told how many examples there are of an earlier run, and how many there will be' },
  onProgress: { type: 'function', description: 'told of each answer: examples kept and dropped, tokens, retries' },
  onFailure: { type: 'function', description: 'told in a line of a question without a usable answer; a later run asks it again' },
} as const satisfies Declarations;
