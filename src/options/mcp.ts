/** Options of `glz mcp`. */
import type { Declarations } from './declaration.ts';
import { CHECKPOINT, LOAD_OPTIONS, SCORING_OPTIONS, THREADS } from './predict.ts';

/** Flags of `glz mcp`. */
export const MCP_FLAGS = {
  checkpoint: CHECKPOINT,
  precision: LOAD_OPTIONS.precision,
  threads: THREADS,
  windows: SCORING_OPTIONS.windows,
} as const satisfies Declarations;
