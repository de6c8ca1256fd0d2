/** Options of `glz serve`. */
import type { Declarations } from './declaration.ts';
import { CHECKPOINT, LOAD_OPTIONS, SCORING_OPTIONS, THREADS } from './predict.ts';

/** How a server reads. */
const READING = {
  checkpoint: CHECKPOINT,
  precision: LOAD_OPTIONS.precision,
  threads: { ...THREADS, description: 'threads of one worker', detail: 'the physical cores, shared among the workers, unless given' },
} as const satisfies Declarations;

/** Flags of `glz serve`. */
export const SERVE_FLAGS = {
  host: {
    type: 'text',
    nonEmpty: true,
    value: 'address',
    default: '127.0.0.1',
    description: 'address to listen on; one that others reach needs a key in GLZ_SERVE_KEY',
  },
  port: { type: 'integer', min: 0, max: 65_535, default: 8077, description: 'port to listen on; 0 takes a free one' },
  ...READING,
  thresholds: {
    type: 'text',
    nonEmpty: true,
    value: 'file',
    description: 'what glz tune fitted, for requests to /classify that say `"thresholds": true`, and for the page',
  },
  workers: {
    type: 'integer',
    min: 1,
    max: 64,
    description: 'models that run side by side, each in a thread of its own',
    detail: 'one a core unless given, at most 8, fewer where memory is short',
  },
  windows: SCORING_OPTIONS.windows,
  batchTexts: { type: 'integer', min: 1, max: 1024, default: 64, description: 'texts of all clients that are read together at most' },
  batchWait: {
    type: 'number',
    min: 0,
    max: 1000,
    default: 2,
    value: 'ms',
    description: 'milliseconds that a text waits for others at most',
  },
  maxQueue: { type: 'integer', min: 1, default: 2048, description: 'texts that wait at most; beyond them 503 with Retry-After' },
  maxBody: { type: 'number', above: 0, max: 1024, default: 4, value: 'MB', description: 'largest body of a request' },
  maxTexts: { type: 'integer', min: 1, default: 1000, description: 'texts of a request at most' },
  maxLabels: { type: 'integer', min: 1, default: 10_000, description: 'labels, or options of all questions, of a request at most' },
  timeout: {
    type: 'number',
    above: 0,
    max: 3600,
    default: 30,
    value: 's',
    description: 'seconds after which a request is given up with 503',
  },
  labelMemory: {
    type: 'number',
    above: 0,
    default: 256,
    value: 'MB',
    description: 'memory of label sets that are kept ready; the longest unused go',
  },
  cors: { type: 'text', nonEmpty: true, value: 'origin', description: 'origin whose pages may call; none unless given' },
} as const satisfies Declarations;
