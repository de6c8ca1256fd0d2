/** `glz generate`: options, wiring and messages; the work is in src/generate. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { labelledExample } from '../data/examples.ts';
import { splitAtCommas } from '../data/label-list.ts';
import { readLabelsFile } from '../data/labels-file.ts';
import { readRecords, sourceName } from '../data/read-records.ts';
import { recordMembers } from '../data/record-members.ts';
import { requireDictionaries } from '../generate/dictionaries.ts';
import { estimate, estimateLines } from '../generate/estimate.ts';
import { generate, type Mode, promptOf, requestCount, wantedCount } from '../generate/generate.ts';
import { type GeneratedRecord, journalPath, openJournal } from '../generate/journal.ts';
import { createGroqProvider } from '../generate/providers/groq-provider.ts';
import { createOllamaProvider } from '../generate/providers/ollama-provider.ts';
import type { Provider } from '../generate/providers/provider.ts';
import { WRITTEN } from '../generate/record-line.ts';
import { reportLines, reportPage, summarize } from '../generate/report.ts';
import { createRequester } from '../generate/requester.ts';
import { checkGenerateSettings, type GenerateSettings, generateFlags, readGenerateSettings, SETTING_FLAGS } from '../generate/settings.ts';
import type { Filled } from '../options/declaration.ts';
import type { GENERATE_FLAGS } from '../options/generate.ts';
import { namesAlone } from '../text/described-labels.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './interrupts.ts';
import { presetPath } from './presets.ts';
import { startProgress } from './progress.ts';
import { noteLine, printText } from './terminal.ts';

const EXAMPLES = `
Examples:
  Training data from nothing, with a model on this machine:
    $ glz generate --provider ollama --model qwen2.5:1.5b --count 500 --output data.jsonl
  The article's 50,847 examples, on Groq:
    $ GROQ_API_KEY=... glz generate --config article --provider groq --model llama-3.1-8b-instant --concurrency 8 --output article.jsonl
  Texts for your own labels, the same number for each:
    $ glz generate --model qwen2.5:1.5b --labels-file labels.txt --count 400 --output mine.jsonl
  Hard negatives for texts that you have:
    $ glz generate --model qwen2.5:1.5b --input data.jsonl --output with-negatives.jsonl
  What would be asked, and how much:
    $ glz generate --config article --dry-run

Every accepted example is on disk before the next. Ctrl-C, a crash or a power cut lose nothing: the same command goes on.`;

type GenerateFlags = Filled<typeof GENERATE_FLAGS> & Partial<Record<keyof typeof SETTING_FLAGS, number>>;

/** Names between commas; one with a comma stands in quotes. @throws UsageError naming the option where there is none */
function listOf(text: string, option: string): string[] {
  const names = splitAtCommas(text, option).filter(Boolean);
  if (names.length === 0) throw new UsageError(`${option} is empty: name one at least`);
  return names;
}

function settingsOf(flags: GenerateFlags): GenerateSettings {
  const where = presetPath('generate', flags.config);
  const values = readGenerateSettings(where);
  for (const [name, { field }] of Object.entries(SETTING_FLAGS)) {
    const value = flags[name as keyof typeof SETTING_FLAGS];
    if (value !== undefined) values[field] = value;
  }
  if (flags.languages !== undefined) values.languages = listOf(flags.languages, '--languages');
  if (flags.domains !== undefined) {
    const all = (values.domains ?? {}) as Record<string, unknown>;
    // A domain that the preset does not have is a topic of its own.
    values.domains = Object.fromEntries(
      listOf(flags.domains, '--domains').map((name) => [name, Object.hasOwn(all, name) ? all[name] : [name]]),
    );
  }
  return checkGenerateSettings(values, where);
}

async function modeOf(flags: GenerateFlags): Promise<Mode> {
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

function dryRun(settings: GenerateSettings, mode: Mode, flags: GenerateFlags): void {
  const requests = requestCount(settings, mode);
  for (const number of [0, 1, 2].filter((each) => each < requests)) {
    const { system, prompt } = promptOf(settings, mode, number);
    printText(`--- request ${number + 1} of ${requests}\n${system}\n\n${prompt}\n`);
  }
  const limits = {
    requestsPerMinute: flags.requestsPerMinute,
    tokensPerMinute: flags.tokensPerMinute,
    verify: Boolean(flags.verify || flags.verifyModel),
  };
  for (const line of estimateLines(estimate(settings, mode, limits))) printText(line);
}

function providerOf(flags: GenerateFlags, model: string): Provider {
  return flags.provider === 'groq' ? createGroqProvider({ model }) : createOllamaProvider({ model, threads: flags.ollamaThreads });
}

async function run(flags: GenerateFlags): Promise<void> {
  const settings = settingsOf(flags);
  const mode = await modeOf(flags);
  if (flags.dryRun) {
    dryRun(settings, mode, flags);
    return;
  }
  const { model, output } = flags;
  if (model === undefined) throw new UsageError('--model is missing: which model of the provider is asked?');
  if (output === undefined) throw new UsageError('--output is missing: where do the examples go?');
  requireDictionaries();
  const report = flags.report ?? `${output}.report.html`;
  if ([output, journalPath(output)].some((path) => resolve(path) === resolve(report)))
    throw new UsageError(`--report ${report} would replace the run's own file; name another one`);
  const { count: _, ...plan } = settings;
  const identity = createHash('sha256')
    .update(JSON.stringify([plan, mode, flags.provider, model]))
    .digest('hex');
  const abort = new AbortController();
  const requesterOf = (each: Provider) => createRequester(each, { ...flags, signal: abort.signal });
  const requester = requesterOf(providerOf(flags, model));
  // The same model has one account of requests and tokens a minute.
  const second = flags.verifyModel ?? (flags.verify ? model : undefined);
  const verifier = second === undefined ? undefined : second === model ? requester : requesterOf(providerOf(flags, second));
  const filter = flags.filterCheckpoint
    ? await (await import('../generate/checkpoint-filter.ts')).openCheckpointFilter(flags.filterCheckpoint)
    : undefined;
  const journal = openJournal(output, identity);
  const note = noteLine;
  if (journal.records.length && !flags.quiet) note(`going on: ${journal.records.length} examples are there`);
  const wanted = wantedCount(settings, mode);
  const progress = startProgress({ label: 'generate', unit: 'examples', total: wanted, start: journal.records.length, quiet: flags.quiet });
  let interrupted = false;
  const stopListening = onInterrupt(() => {
    if (interrupted) process.exit(130);
    interrupted = true;
    abort.abort();
  });
  const began = performance.now();
  try {
    const result = await generate({
      settings,
      mode,
      requester,
      journal,
      concurrency: flags.concurrency,
      verifier,
      filter: filter?.filter,
      signal: abort.signal,
      onProgress: ({ kept, dropped }) => {
        const { tokens, retries, concurrency } = requester.statistics;
        const rate = tokens / ((performance.now() - began) / 1000);
        progress.update(kept, { dropped, 'tokens/s': rate.toFixed(0), retries, open: concurrency });
      },
      onFailure: (message) => progress.note(message),
    });
    progress.stop();
    // Read back: earlier runs' examples count as well.
    const records = readFileSync(output, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as GeneratedRecord);
    const figures = summarize(records, journal, `${model} (${flags.provider})`, result.leaked);
    if (!flags.quiet) for (const line of reportLines(figures)) note(line);
    writeFileAtomically(report, reportPage(figures));
    if (interrupted) {
      note(`stopped with ${result.kept} of ${wanted} examples in ${output}; the same command goes on`);
      process.exitCode = 130;
    } else if (result.kept < wanted) throw new DataError(`${result.kept} of ${wanted} examples are in ${output}; the same command goes on`);
  } finally {
    stopListening();
    progress.stop();
    journal.close();
    await filter?.dispose();
  }
}

/** The command's definition. */
export function command(): Command {
  const generate = new Command('generate').description('Make training data with a language model: texts, labels and hard negatives.');
  return addFlags(generate, generateFlags())
    .addHelpText('after', EXAMPLES)
    .action((flags: GenerateFlags) => run(flags));
}
