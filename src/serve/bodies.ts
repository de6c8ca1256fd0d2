/** Bodies of requests: read within bounds, and checked by schemas. */
import { z } from 'zod';
import { isObject } from '../base/is-object.ts';
import { isNestedTooDeep } from '../base/json.ts';
import { quoted } from '../base/printable.ts';
import type { LabelScores } from '../classify/library-types.ts';
import { suggestion } from '../options/check.ts';
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

/** What is wrong with a body that has a field which is not known: said first, since one that is missing is often the same, misspelt. */
function unknownField(schema: z.ZodType, { issues }: z.ZodError): RequestError | undefined {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys' && issue.path.length === 0);
  if (unknown?.code !== 'unrecognized_keys' || !(schema instanceof z.ZodObject)) return undefined;
  const [field] = unknown.keys;
  const message = `field ${quoted(field)} is not known${suggestion(field, Object.keys(schema.shape))}`;
  return new RequestError(422, message, [{ path: [field], message }]);
}

/** Checks a value by a schema. @throws RequestError 422 that names fields */
export function checkedBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const unknown = unknownField(schema, error);
  if (unknown) throw unknown;
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

/** Names with what they mean; looked into by labelSet, which takes every name that JSON has. */
const describedLabels = z.custom<Readonly<Record<string, unknown>>>(isObject).meta({ type: 'object' });

const texts = z.union([z.array(json), z.string()]).describe('texts, or one; a text that is no string is read as lines `path: value`');

/** Body of `POST /classify`. */
export const classifyBody = z.strictObject({
  texts,
  labels: z
    .union([z.array(label), z.array(z.array(label)), describedLabels], {
      error:
        'must be a list of names or of objects ({"label": "delivery", "description": "a parcel did not come"}), or an object of names with what they mean',
    })
    .optional()
    .describe(
      'one list for all texts, or a list for each, or an object of names with what they mean; with thresholds those that they were fitted to unless given',
    ),
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
