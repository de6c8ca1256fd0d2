/** Bodies of requests: read within bounds, and checked by schemas. */
import { z } from 'zod';
import { isNestedTooDeep } from '../base/json.ts';
import type { LabelScores } from '../classify/library-types.ts';
import { type FieldFault, RequestError } from './failures.ts';

/** Faults that are named. */
const NAMED = 10;

/** Parses a body. @throws RequestError 400 where it is no JSON, or nested too deep */
export function parseBody(text: string): unknown {
  if (isNestedTooDeep(text)) throw new RequestError(400, 'the body is nested too deep');
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, 'the body is not JSON');
  }
}

/** Checks a value by a schema. @throws RequestError 422 that names fields */
export function checkedBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const faults = error.issues
    .slice(0, NAMED)
    .map(({ path, message }): FieldFault => ({ path: path.map((part) => (typeof part === 'number' ? part : String(part))), message }));
  const [first] = faults;
  throw new RequestError(422, `${first.path.length > 0 ? `field "${first.path.join('.')}": ` : ''}${first.message}`, faults);
}

/** JSON of any kind. */
export const json = z.json();

/** A label, as the library takes it. */
const label = z.union([
  z.string(),
  z.strictObject({
    label: z.string(),
    description: z.string().nullish(),
    examples: z.array(z.string()).nullish(),
    parent: z.string().nullish(),
    children: z.array(json).nullish(),
  }),
]);

const texts = z.union([z.string(), z.array(json)]).describe('texts, or one; a text that is no string is read as lines `path: value`');

/** Body of `POST /classify`. */
export const classifyBody = z.strictObject({
  texts,
  labels: z
    .union([z.array(label), z.array(z.array(label))])
    .optional()
    .describe('one list for all texts, or a list for each; with thresholds those that they were fitted to unless given'),
  multiLabel: z.boolean().optional().describe('score each label by itself: any number may fit'),
  threshold: z.number().min(0).max(1).optional().describe('leave out labels that score less'),
  levels: z.enum(['leaf', 'path', 'all']).optional().describe('of labels in levels, which are reported'),
  topK: z.number().int().min(1).optional().describe('leave out all but the n best labels'),
  abstain: z.boolean().optional().describe('give no label to a text that none of them is likely to fit'),
  abstainBelow: z.number().min(0).max(1).optional().describe('abstain below this fit, from 0 to 1'),
  thresholds: z.boolean().optional().describe('use what glz tune fitted, where the server was started with --thresholds'),
  explain: z.boolean().optional().describe('say what each word adds to the best labels, three at most'),
});

/** Body of `POST /decide`; what questions look like is checked where they are asked. */
export const decideBody = z.strictObject({
  texts,
  questions: z.custom<unknown>((value) => typeof value === 'object' && value !== null, 'must be an object').describe('questions by name'),
});

/** What `POST /classify` answers. */
export interface ClassifyResponse {
  model: string;
  results: LabelScores[];
}
