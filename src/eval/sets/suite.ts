/**
 * Suites: YAML files that name evaluation sets, where they come from (with hashes), label wording and hypothesis template.
 * The schema below is both the check and the documentation of the fields.
 */

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { fileHash } from '../../base/hash.ts';
import { parseYaml } from '../../base/yaml.ts';
import type { Given } from '../../options/declaration.ts';
import type { EVAL_FLAGS } from '../../options/eval.ts';
import { checkedSettings } from '../../options/settings-check.ts';
import { named } from '../../options/zod-fields.ts';
import { type EvalSet, readEvalSet } from './eval-set.ts';

const template = z
  .string()
  .includes('{}')
  .describe('Sentence around a label, {} for the label, for systems that read sentences (NLI, cross-encoders, SmartShot, CLIP)');
const wording = named(z.string().min(1)).describe('Words shown to the systems, by the label name in the data');

/** The schema of a suite. */
export const suiteSchema = z.strictObject({
  description: z.string().optional().describe('What the suite is for'),
  template: template.optional(),
  limit: z.int().positive().optional().describe('At most this many texts a set, spread evenly'),
  sets: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('Name in tables'),
        path: z.string().min(1).describe('Set folder or JSONL file, relative to the suite file'),
        source: z.string().optional().describe('Where the data comes from: address, version; shown in the report'),
        licence: z.string().optional().describe('Shown in the report'),
        sha256: z
          .record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))
          .optional()
          .describe('Hashes of the files, checked before use'),
        multi_label: z.boolean().optional().describe('Whether texts may have several true labels; from the data where absent'),
        record_labels: z.boolean().optional().describe("As --record-labels: take each record's own candidates (all_labels)"),
        template: template.optional().describe("Goes before the suite's"),
        labels: wording.optional(),
        paraphrases: named(wording)
          .optional()
          .describe('Further wordings by name, each evaluated as `<set>~<name>` and summed up as label-wording sensitivity'),
      }),
    )
    .min(1)
    .describe('The sets'),
});

/** A parsed suite file. */
export type Suite = z.infer<typeof suiteSchema>;

/** A set with what the suite says about it. */
export interface SuiteSet extends EvalSet {
  template?: string;
  /** Name of the set that this one rewords. */
  paraphraseOf?: string;
}

/** Parses a suite. @throws UsageError naming the field that is wrong. */
export function parseSuite(text: string, file: string): Suite {
  return checkedSettings(suiteSchema, parseYaml(text, file), file);
}

function checkHashes(folder: string, file: string, expected: Readonly<Record<string, string>>): void {
  for (const [name, hash] of Object.entries(expected)) {
    const path = join(folder, name);
    let actual: string;
    try {
      actual = fileHash(path);
    } catch (error) {
      throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
    }
    if (actual !== hash) throw new DataError(`${path} is not the file that ${file} names: sha256 ${actual}, expected ${hash}`);
  }
}

/** Settings that the command line adds to every set. */
export type SuiteSettings = Given<
  Pick<typeof EVAL_FLAGS, 'limit' | 'recordLabels' | 'labelSeparator' | 'labelNames' | 'textField' | 'labelField'>
>;

/** Reads the sets of a suite file. @throws UsageError for a malformed suite, DataError for missing or other files. */
export async function loadSuite(file: string, settings: SuiteSettings = {}): Promise<SuiteSet[]> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the suite ${file}: ${errorMessage(error)}`);
  }
  const suite = parseSuite(text, file);
  const sets: SuiteSet[] = [];
  for (const set of suite.sets) {
    const path = resolve(dirname(file), set.path);
    checkHashes(path, file, set.sha256 ?? {});
    const read = async (name: string, words: Record<string, string> | undefined): Promise<SuiteSet> => ({
      ...(await readEvalSet(path, {
        name,
        limit: settings.limit ?? suite.limit,
        recordLabels: settings.recordLabels ?? set.record_labels,
        labelSeparator: settings.labelSeparator,
        labelNames: settings.labelNames,
        textField: settings.textField,
        labelField: settings.labelField,
        multiLabel: set.multi_label,
        wording: words,
      })),
      template: set.template ?? suite.template,
      licence: set.licence,
      source: set.source,
    });
    sets.push(await read(set.name, set.labels));
    for (const [name, words] of Object.entries(set.paraphrases ?? {}))
      sets.push({ ...(await read(`${set.name}~${name}`, { ...set.labels, ...words })), paraphraseOf: set.name });
  }
  return sets;
}
