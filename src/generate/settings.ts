/** Settings of a generation run: one schema that checks and documents every field of `configs/generate/*.yaml`. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorMessage, UsageError } from '../base/errors.ts';
import { parseYaml } from '../base/yaml.ts';
import type { Declarations } from '../options/declaration.ts';
import { GENERATE_FLAGS, GENERATE_SETTING_FLAGS } from '../options/generate.ts';
import { checkedSettings } from '../options/settings-check.ts';
import { settingFlags } from '../options/settings-table.ts';
import { named } from '../options/zod-fields.ts';
import { TASKS, type TaskName } from './tasks.ts';

const names = z.array(z.string().min(1)).min(1);
const range = z
  .tuple([z.number().int().min(0), z.number().int().min(0)])
  .refine(([from, to]) => from <= to, { message: 'the first number is larger than the second' });

/** The schema of a generation run's settings. */
export const generateSettingsSchema = z.strictObject({
  description: z.string().optional().describe('What the preset is for'),
  count: z.number().int().min(1).default(100).describe('Examples to generate'),
  seed: z.number().int().min(0).default(1).describe('Seed of the plan'),
  domains: named(z.union([names, named(names)], { error: 'expected a list of topics, or lists of subtopics by topic' })).describe(
    'Topics by domain; or subtopics by topic and domain',
  ),
  tasks: z
    .array(z.enum(Object.keys(TASKS) as [TaskName, ...TaskName[]]))
    .min(1)
    .default(['topic', 'intent', 'sentiment'])
    .describe('Kinds of labels'),
  styles: z
    .union([names, named(names)], { error: 'expected a list of styles, or lists of lengths by style' })
    .prefault({
      tweet: ['one short sentence', 'one or two sentences'],
      'support ticket': ['one or two sentences', 'three to five sentences'],
      headline: ['one short sentence'],
      'product review': ['one or two sentences', 'three to five sentences'],
      'paragraph of an article': ['one or two sentences', 'three to five sentences'],
      'chat message': ['one short sentence', 'one or two sentences'],
    })
    .describe('Kinds of texts; or the lengths that each kind may have'),
  lengths: names
    .default(['one short sentence', 'one or two sentences', 'three to five sentences'])
    .describe('Lengths of styles that have no own'),
  languages: names.default(['English']).describe('Names of languages that the texts are written in; labels stay English'),
  personas: names
    .default(['an expert', 'a beginner', 'an annoyed customer', 'a student', 'a manager', 'a journalist'])
    .describe('Who writes the texts'),
  difficulties: names
    .default(['obvious', 'implied without naming it', 'easy to mistake for something close'])
    .describe('How hard it is to see that the labels fit'),
  labels: range.default([1, 3]).describe('Fewest and most true labels of an example, within what its task allows'),
  not_labels: range
    .default([2, 4])
    .describe('Fewest and most hard negatives of an example; from 1 on, an example that has none left is dropped'),
  examples_per_request: z.number().int().min(1).max(20).default(3).describe('Examples in one question'),
  temperature: z.number().min(0).max(2).default(0.9).describe('How freely the model chooses its words; 0: always the likeliest'),
  max_tokens: z.number().int().min(64).default(2000).describe('Longest answer'),
  max_answers: z.number().int().min(1).max(10).default(3).describe('Times that a request is asked while its answer cannot be read'),
  max_leakage: z.number().min(0).max(1).default(0.3).describe('Largest share of examples whose text contains a true label word for word'),
});

/** Flags of `glz generate`. */
export function generateFlags(): Declarations {
  const { config, provider, model, output, ...others } = GENERATE_FLAGS;
  return { config, provider, model, output, ...settingFlags(generateSettingsSchema, GENERATE_SETTING_FLAGS), ...others };
}

/** Settings of a generation run, complete. */
export type GenerateSettings = z.infer<typeof generateSettingsSchema>;

/** Checks settings. @throws UsageError naming the field. */
export const checkGenerateSettings = (value: unknown, where: string): GenerateSettings =>
  checkedSettings(generateSettingsSchema, value, where);

/** Reads a preset file. @throws UsageError naming the file. */
export function readGenerateSettings(path: string): Record<string, unknown> {
  try {
    const value = parseYaml(readFileSync(path, 'utf8'), path);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no fields');
    return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read the settings ${path}: ${errorMessage(error)}`);
  }
}
