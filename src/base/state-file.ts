/** Files that glz itself wrote, read again: checked by a schema like any others, because disks, people and other versions change them. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { DataError, errorMessage } from './errors.ts';
import { parseJson } from './json.ts';

/** JSON checked by a schema. @throws DataError that begins with `where` and names the field */
export function parseState<Schema extends z.ZodType>(text: string, schema: Schema, where: string): z.infer<Schema> {
  const result = schema.safeParse(parseJson(text, where));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DataError(`${where}: ${issue.path.length ? `field "${issue.path.join('.')}": ` : ''}${issue.message}`);
}

/** The same where a file that is missing or damaged counts as none. */
export function stateFileOrNone<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> | undefined {
  try {
    return readStateFile(path, schema);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** A JSON file checked by a schema. @throws DataError naming the file, and the field that is wrong */
export function readStateFile<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  return parseState(text, schema, path);
}
