/** What may be written in the settings of a run. As a type without zod: zod's own want the types of a browser or of Node. */
import type { z } from 'zod';
import type { trainSettingsSchema } from './settings-schema.ts';

/** A value whose type the compiler writes out. */
const written = inputOf<typeof trainSettingsSchema>();

function inputOf<Schema extends z.ZodType>(): z.input<Schema> {
  return undefined as never;
}

/** Fields of the settings; those that have a default may be left out. */
export type WrittenSettings = Partial<typeof written>;
