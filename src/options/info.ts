/** Options of `glz info`. */
import type { Declarations } from './declaration.ts';
import { CHECKPOINT } from './predict.ts';

/** Flags of `glz info`. */
export const INFO_FLAGS = {
  checkpoint: CHECKPOINT,
  json: { type: 'boolean', description: 'print JSON' },
} as const satisfies Declarations;
