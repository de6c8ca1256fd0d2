/** Settings files through their zod schemas, with messages of one line. Not on the way to the first prediction. */
import type { z } from 'zod';
import { UsageError } from '../base/errors.ts';
import { suggestion } from './check.ts';
import { settingFields } from './settings-table.ts';

/** Names of the fields of a group of settings; `data.0` is an entry of a list. */
function namesIn(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const prefix = path.map((key, at) => (typeof key === 'number' ? '[]' : `${at > 0 ? '.' : ''}${String(key)}`)).join('');
  const start = prefix ? `${prefix}.` : '';
  const names = settingFields(schema)
    .filter(({ name }) => name.startsWith(start))
    .map(({ name }) => name.slice(start.length).split(/[.[]/)[0]);
  return [...new Set(names)];
}

/**
 * Checks settings and fills in what is not said.
 * @param where names them in messages
 * @throws UsageError naming the field; where it does not exist, the nearest that does
 */
export function checkedSettings<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const near = issue.code === 'unrecognized_keys' ? suggestion(issue.keys[0], namesIn(schema, issue.path)) : '';
  throw new UsageError(`${where}: ${issue.path.join('.') || 'settings'}: ${issue.message}${near}`);
}
