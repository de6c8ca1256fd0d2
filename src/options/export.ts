/** Options of exporting. */
import type { Declarations } from './declaration.ts';
import { CHECKPOINT, NOTE, QUIET } from './predict.ts';

/** Flags of `glz export`. */
export const EXPORT_FLAGS = {
  output: { type: 'text', short: 'o', value: 'folder', required: true, description: 'folder to write' },
  checkpoint: CHECKPOINT,
  precision: { type: 'choice', choices: ['both', 'fp32', 'int8'], default: 'both', value: 'precision', description: 'which files' },
  overwrite: { type: 'boolean', description: 'replace an earlier export in the folder' },
  quiet: { ...QUIET, description: 'no notes' },
} as const satisfies Declarations;

/** Options of the library's `exportCheckpoint`. */
export const EXPORT_OPTIONS = {
  output: EXPORT_FLAGS.output,
  checkpoint: CHECKPOINT,
  precision: EXPORT_FLAGS.precision,
  overwrite: EXPORT_FLAGS.overwrite,
  note: NOTE,
  onGraph: { type: 'function', description: 'told of each graph that is begun: its file, its place, how many there are' },
  onProduct: { type: 'function', description: 'told how many products of an 8-bit graph were tried, of how many' },
  onMade: { type: 'function', description: 'told of each graph that is made: its file, its bytes, seconds that it took' },
} as const satisfies Declarations;
