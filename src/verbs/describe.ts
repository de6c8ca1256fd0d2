/** Asking a language model what a user's labels mean, as `glz generate --describe` calls it: settings, answers on disk, the file of labels. */
import { readFileSync } from 'node:fs';
import { DataError, UsageError } from '../base/errors.ts';
import { statsOf, writeNamedFile } from '../base/files.ts';
import { jsonHash } from '../base/hash.ts';
import { readLabelsFile } from '../data/labels-file.ts';
import { meaningSchema } from '../generate/descriptions/accept.ts';
import { type DescriptionsMode, labelsToAsk } from '../generate/descriptions/plan.ts';
import { askMeanings, describedLabels, isAsked } from '../generate/descriptions/run.ts';
import { openJournal } from '../generate/journal.ts';
import { wantedCount } from '../generate/mode.ts';
import type { GenerateSettings } from '../generate/settings.ts';
import type { Given } from '../options/declaration.ts';
import type { GENERATE_FLAGS } from '../options/generate.ts';
import { kebabCase } from '../options/names.ts';
import { labelNodes } from '../text/described-labels.ts';
import { askingOf, settingsOf } from './generate.ts';
import type { GenerateOptions } from './library-types.ts';

/** What is asked, and of which model. */
export type DescribeOptions = GenerateOptions & Pick<Given<typeof GENERATE_FLAGS>, 'wordings' | 'about'>;

/** What came of it. */
export interface DescribeResult {
  /** Labels that lacked something, and those of them that got something. */
  wanted: number;
  kept: number;
  /** Descriptions and wordings that were added. */
  descriptions: number;
  wordings: number;
  /** What was dropped, by reason. */
  dropped: Readonly<Record<string, number>>;
  /** Whether all questions were answered and the output is there. */
  isWritten: boolean;
}

/** Options about texts, which are not written here. */
const OF_TEXTS = ['input', 'labelSeparator', 'domains', 'languages', 'verify', 'verifyModel', 'filterCheckpoint', 'report'] as const;

/** Other wordings of each label: the number that was measured (docs/labels.md). */
const WORDINGS = 2;

/** Where the answers of a run stand until all are there. */
export const answersPath = (output: string): string => `${output}.answers`;

/** What is to be asked. @throws UsageError for options that are missing or do not fit; DataError naming the file of labels and its line */
export function describePlan(options: Omit<DescribeOptions, 'model' | 'output'>): { settings: GenerateSettings; mode: DescriptionsMode } {
  const { labelsFile, wordings = WORDINGS, about, settings: { count, examples_per_request } = {} } = options;
  if (labelsFile === undefined) throw new UsageError('--describe needs --labels-file: which labels?');
  const given = { ...options, count, examplesPerRequest: examples_per_request };
  const odd = ([...OF_TEXTS, 'count', 'examplesPerRequest'] as const).find((name) => given[name] !== undefined);
  if (odd) throw new UsageError(`--describe writes no texts: leave out --${kebabCase(odd)}`);
  const mode: DescriptionsMode = {
    ...{ kind: 'descriptions', labels: labelNodes(readLabelsFile(labelsFile)), wordings },
    ...(about === undefined ? {} : { about }),
  };
  if (labelsToAsk(mode).length === 0)
    throw new UsageError(`${labelsFile}: there is nothing to ask: every label has a description, and no other wordings are wanted`);
  return { settings: settingsOf(options), mode };
}

/**
 * Asks about all labels that lack something, and writes all labels with what was added once every question is answered; until then the answers
 * are on disk, and the same call goes on.
 * @throws UsageError for options that are wrong, and an output that is not this run's; DataError where the run cannot go on
 */
export async function describeLabels(options: DescribeOptions): Promise<DescribeResult> {
  const { settings, mode } = describePlan(options);
  const { provider, model, output, concurrency, signal, requesterOf } = askingOf(options);
  const { seed, temperature, max_tokens, max_answers } = settings;
  const requester = await requesterOf(model);
  const journal = openJournal(
    answersPath(output),
    jsonHash([seed, temperature, max_tokens, max_answers, mode, provider, model]),
    meaningSchema,
  );
  const contentOf = (meanings: typeof journal.records): string =>
    `${JSON.stringify(describedLabels(mode.labels, meanings), undefined, 2)}\n`;
  let end = journal.giveUp;
  try {
    const there = statsOf(output);
    if (there && !(isAsked({ settings, mode, journal }) && there.isFile() && readFileSync(output, 'utf8') === contentOf(journal.records)))
      throw new UsageError(`${output} is there already, and is not what this run wrote; choose another --output`);
    const wanted = wantedCount(settings, mode);
    options.onStart?.({ kept: journal.records.length, wanted });
    const meanings = await askMeanings({
      ...{ settings, mode, requester, journal, concurrency, signal },
      onProgress: (progress) => {
        const { tokens, retries, concurrency: open } = requester.statistics;
        options.onProgress?.({ ...progress, tokens, retries, concurrency: open });
      },
      onFailure: options.onFailure,
    });
    end = journal.close;
    const isWritten = isAsked({ settings, mode, journal });
    if (isWritten && meanings.length === 0)
      throw new DataError(`${model} gave nothing usable about any of ${wanted} labels; take another model, and another --output`);
    if (isWritten && !there) writeNamedFile(output, contentOf(meanings));
    return {
      ...{ wanted, kept: meanings.length, dropped: journal.dropped, isWritten },
      descriptions: meanings.filter(({ description }) => description !== undefined).length,
      wordings: meanings.reduce((sum, { wordings }) => sum + wordings.length, 0),
    };
  } finally {
    end();
  }
}
