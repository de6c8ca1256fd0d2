/** Options of `glz init`. */
import type { Declarations } from './declaration.ts';

/** Flags of `glz init`. */
export const INIT_FLAGS = {
  data: {
    type: 'texts',
    repeatable: true,
    value: 'file',
    default: [],
    description: 'labelled records that the settings name; my-data.csv where none is named, for you to change',
  },
} as const satisfies Declarations;
