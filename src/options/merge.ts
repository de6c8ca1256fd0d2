/** Options of `glz merge`. */
import type { Declarations } from './declaration.ts';
import { QUIET } from './predict.ts';

/** Flags of `glz merge`. */
export const MERGE_FLAGS = { quiet: QUIET } as const satisfies Declarations;
