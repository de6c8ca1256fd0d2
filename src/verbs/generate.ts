/** Generating as the library and `glz generate` call it: settings, what is generated, providers, output and report. Knows no terminal. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DataError, UsageError } from '../base/errors.ts';
import { writeNamedFile } from '../base/files.ts';
import { jsonHash } from '../base/hash.ts';
import { labelledExample } from '../data/examples.ts';
import { readLabelsFile } from '../data/labels-file.ts';
import { readRecords, sourceName } from '../data/read-records.ts';
import { recordMembers } from '../data/record-members.ts';
import { requireDictionaries } from '../generate/dictionaries.ts';
import { generateExamples } from '../generate/generate.ts';
import { type GeneratedRecord, journalPath, openJournal } from '../generate/journal.ts';
import { type RecordsMode, wantedCount } from '../generate/mode.ts';
import { PROVIDERS } from '../generate/providers/index.ts';
import { WRITTEN } from '../generate/record-line.ts';
import { type GenerationReport, reportPage, summarize } from '../generate/report.ts';
import { createRequester, type Requester } from '../generate/requester.ts';
import { checkGenerateSettings, type GenerateSettings, readGenerateSettings } from '../generate/settings.ts';
import { defaultsOf } from '../options/check.ts';
import { GENERATE_OPTIONS, type ProviderName, REQUEST_OPTIONS } from '../options/generate.ts';
import { namesAlone } from '../text/described-labels.ts';
import type { GenerateOptions, GenerateResult } from './library-types.ts';
import { presetPath } from './presets.ts';

/** What says what is to be generated. */
export type Call = Omit<GenerateOptions, 'model' | 'output'>;

/** Settings of a run. @throws UsageError naming the field */
export function settingsOf({ config = GENERATE_OPTIONS.config.default, settings, languages, domains }: Call): GenerateSettings {
  const where = presetPath('generate', config);
  const values = readGenerateSettings(where);
  for (const [field, value] of Object.entries(settings ?? {})) if (value !== undefined) values[field] = value;
  if (languages !== undefined) values.languages = languages;
  if (domains !== undefined) {
    const all = (values.domains ?? {}) as Record<string, unknown>;
    // A domain that the preset does not have is a topic of its own.
    values.domains = Object.fromEntries(domains.map((name) => [name, Object.hasOwn(all, name) ? all[name] : [name]]));
  }
  return checkGenerateSettings(values, where);
}

async function modeOf(flags: Call): Promise<RecordsMode> {
  if (flags.input !== undefined && flags.labelsFile !== undefined) throw new UsageError('give either --input or --labels-file');
  if (flags.labelsFile !== undefined)
    return { kind: 'texts', labels: namesAlone(readLabelsFile(flags.labelsFile), flags.labelsFile, UsageError) };
  if (flags.input === undefined) return { kind: 'examples' };
  const records: GeneratedRecord[] = [];
  for await (const record of readRecords(flags.input)) {
    const where = `${sourceName(flags.input)}, line ${record.line}`;
    const { text, labels, notLabels } = labelledExample(record.fields, where, { labelSeparator: flags.labelSeparator });
    records.push({ ...record.fields, text, labels, not_labels: notLabels, [WRITTEN]: recordMembers(record) });
  }
  if (records.length === 0) throw new DataError(`${flags.input}: no records`);
  return { kind: 'negatives', records };
}

/** What is to be generated, and how. @throws UsageError for settings and options that are wrong; DataError naming the file and line */
export const planOf = async (call: Call): Promise<{ settings: GenerateSettings; mode: RecordsMode }> => ({
  settings: settingsOf(call),
  mode: await modeOf(call),
});

/** Those of the options that are given, with the defaults of the others. */
function requestOptions(options: GenerateOptions) {
  const given = Object.keys(REQUEST_OPTIONS).flatMap((name) => {
    const value = options[name as keyof typeof REQUEST_OPTIONS];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...defaultsOf(REQUEST_OPTIONS), ...(Object.fromEntries(given) as Partial<GenerateOptions>) };
}

/** Who is asked, and where the result goes. */
interface Asking {
  provider: ProviderName;
  model: string;
  output: string;
  concurrency: number;
  signal: AbortSignal;
  /** Asks a model of the provider. */
  requesterOf(model: string): Promise<Requester>;
}

/** What every run needs. @throws UsageError where model or output are missing; DataError where the dictionaries are */
export function askingOf(options: GenerateOptions): Asking {
  const { provider = GENERATE_OPTIONS.provider.default, model, output, ollamaThreads: threads } = options;
  if (model === undefined) throw new UsageError('--model is missing: which model of the provider is asked?');
  if (output === undefined) throw new UsageError('--output is missing: where does the result go?');
  requireDictionaries();
  const request = { ...requestOptions(options), signal: options.signal ?? new AbortController().signal };
  const requesterOf = async (each: string) => createRequester(await PROVIDERS[provider].open({ model: each, threads }), request);
  return { provider, model, output, concurrency: request.concurrency, signal: request.signal, requesterOf };
}

/** Read back: examples of earlier runs count as well. */
const recordsIn = (output: string): GeneratedRecord[] =>
  readFileSync(output, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as GeneratedRecord);

/**
 * Generates until enough examples are in the file `output`, nothing more comes of it, or the signal is aborted; each is on disk before the next.
 * @throws UsageError for settings and options that are wrong, and an output that is not this run's; DataError where the run cannot go on
 */
export async function generate(options: GenerateOptions): Promise<GenerateResult & { figures: GenerationReport }> {
  const { settings, mode } = await planOf(options);
  const { verify, verifyModel, filterCheckpoint } = options;
  const { provider, model, output, concurrency, signal, requesterOf } = askingOf(options);
  const report = options.report ?? `${output}.report.html`;
  if ([output, journalPath(output)].some((path) => resolve(path) === resolve(report)))
    throw new UsageError(`--report ${report} would replace the run's own file; name another one`);
  const { count: _, ...plan } = settings;
  const identity = jsonHash([plan, mode, provider, model]);
  const requester = await requesterOf(model);
  // The same model has one account of requests and tokens a minute.
  const second = verifyModel ?? (verify ? model : undefined);
  const verifier = second === undefined ? undefined : second === model ? requester : await requesterOf(second);
  const filter = filterCheckpoint
    ? await (await import('../generate/checkpoint-filter.ts')).openCheckpointFilter(filterCheckpoint)
    : undefined;
  const journal = openJournal(output, identity);
  const wanted = wantedCount(settings, mode);
  let end = journal.giveUp;
  try {
    options.onStart?.({ kept: journal.records.length, wanted });
    const { kept, leaked, failed } = await generateExamples({
      settings,
      mode,
      requester,
      journal,
      concurrency,
      verifier,
      filter: filter?.filter,
      signal,
      onProgress: (progress) => {
        const { tokens, retries, concurrency } = requester.statistics;
        options.onProgress?.({ ...progress, tokens, retries, concurrency });
      },
      onFailure: options.onFailure,
    });
    const figures = summarize(recordsIn(output), journal, `${model} (${provider})`, leaked);
    writeNamedFile(report, reportPage(figures));
    end = journal.close;
    return { kept, wanted, failed, figures };
  } finally {
    end();
    await filter?.dispose();
  }
}
