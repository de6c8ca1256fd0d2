/** Settings of a generation run: one schema that checks and documents every field of `configs/generate/*.yaml`. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { errorMessage, UsageError } from '../errors.ts';

const names = z.array(z.string().min(1)).min(1);
const range = z
  .tuple([z.number().int().min(0), z.number().int().min(0)])
  .refine(([from, to]) => from <= to, { message: 'the first number is larger than the second' });

/** Kinds of tasks, with what the labels of each are. */
export const TASKS = {
  topic: 'topics that the text is about',
  intent: 'what the writer wants to get done',
  sentiment: 'the sentiment of the writer towards what is described',
  emotion: 'the emotion of the writer',
  'question type': 'the kind of answer that the text asks for',
  toxicity: 'whether and how the text breaks the rules of a polite community',
  'entity type': 'the type of the thing that the text describes',
  urgency: 'how soon somebody has to act on the text',
  'multi-label': 'several independent properties of the text: topic, tone and purpose',
} as const;

const schema = z.strictObject({
  description: z.string().optional(),
  count: z.number().int().min(1).default(100).describe('Examples to generate'),
  seed: z.number().int().min(0).default(1),
  domains: z.record(z.string().min(1), names).describe('Topics by domain'),
  tasks: z
    .array(z.enum(Object.keys(TASKS) as [keyof typeof TASKS, ...(keyof typeof TASKS)[]]))
    .min(1)
    .default(['topic', 'intent', 'sentiment']),
  styles: names.default(['tweet', 'support ticket', 'headline', 'product review', 'paragraph of an article', 'chat message']),
  lengths: names.default(['one short sentence', 'one or two sentences', 'three to five sentences']),
  languages: names.default(['English']).describe('Names of languages that the texts are written in; labels stay English'),
  personas: names.default(['an expert', 'a beginner', 'an annoyed customer', 'a student', 'a manager', 'a journalist']),
  difficulties: names.default(['obvious', 'implied without naming it', 'easy to mistake for something close']),
  labels: range.default([1, 3]).describe('Fewest and most true labels of an example'),
  not_labels: range.default([2, 4]).describe('Fewest and most hard negatives of an example'),
  examples_per_request: z.number().int().min(1).max(20).default(3),
  temperature: z.number().min(0).max(2).default(0.9),
  max_tokens: z.number().int().min(64).default(1200).describe('Longest answer'),
  max_leakage: z.number().min(0).max(1).default(0.3).describe('Largest share of examples whose text contains a true label word for word'),
});

/** Settings of a generation run, complete. */
export type GenerateSettings = z.infer<typeof schema>;

/** Checks settings. @throws UsageError naming the field. */
export function checkGenerateSettings(value: unknown, where: string): GenerateSettings {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(`${where}: ${issue.path.join('.') || 'settings'}: ${issue.message}`);
}

/** Reads a preset file. @throws UsageError naming the file. */
export function readGenerateSettings(path: string): Record<string, unknown> {
  try {
    const value: unknown = parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no fields');
    return value as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`cannot read the settings ${path}: ${errorMessage(error)}`);
  }
}
