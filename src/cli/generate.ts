/** `glz generate`: flags, progress and messages; the work is in src/verbs/generate.ts. */
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { splitAtCommas } from '../data/label-list.ts';
import { sumOf } from '../generate/accept/asking.ts';
import { estimate, estimateLines } from '../generate/estimate.ts';
import { promptOf, requestCount } from '../generate/mode.ts';
import { reportLines } from '../generate/report.ts';
import { generateFlags } from '../generate/settings.ts';
import type { Filled } from '../options/declaration.ts';
import { type GENERATE_FLAGS, GENERATE_SETTING_FLAGS } from '../options/generate.ts';
import { answersPath, type DescribeOptions, describeLabels, describePlan } from '../verbs/describe.ts';
import { generate, planOf } from '../verbs/generate.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './terminal/interrupts.ts';
import { type Progress, startProgress } from './terminal/progress.ts';
import { noteLine, printText } from './terminal/terminal.ts';

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
  What your labels mean, for glz predict --labels-file labels.json:
    $ glz generate --model qwen2.5:1.5b --labels-file labels.txt --describe --output labels.json
  What would be asked, and how much:
    $ glz generate --config article --dry-run

Every accepted answer is on disk before the next. Ctrl-C, a crash or a power cut lose nothing: the same command goes on.`;

type GenerateFlags = Filled<typeof GENERATE_FLAGS> & Partial<Record<keyof typeof GENERATE_SETTING_FLAGS, number>>;

/** Names between commas; one with a comma stands in quotes. @throws UsageError naming the option where there is none */
function listOf(text: string, option: string): string[] {
  const names = splitAtCommas(text, option).filter(Boolean);
  if (names.length === 0) throw new UsageError(`${option} is empty: name one at least`);
  return names;
}

/** What the verb is called with. It says itself where the model or the output is missing. */
function callOf({ languages, domains, ...flags }: GenerateFlags): DescribeOptions {
  const odd = (['wordings', 'about'] as const).find((name) => !flags.describe && flags[name] !== undefined);
  if (odd) throw new UsageError(`--${odd} is for --describe`);
  const settings = Object.fromEntries(
    Object.entries(GENERATE_SETTING_FLAGS).map(([name, { field }]) => [field, flags[name as keyof typeof GENERATE_SETTING_FLAGS]]),
  );
  return {
    ...flags,
    settings,
    ...(languages === undefined ? {} : { languages: listOf(languages, '--languages') }),
    ...(domains === undefined ? {} : { domains: listOf(domains, '--domains') }),
  } as DescribeOptions;
}

async function dryRun(flags: GenerateFlags): Promise<void> {
  const call = callOf(flags);
  const { settings, mode } = flags.describe ? describePlan(call) : await planOf(call);
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

/** How a run ended. */
interface RunEnd {
  kept: number;
  wanted: number;
  /** What it made, in lines. */
  lines: string[];
  isComplete: boolean;
}

async function runGenerate(call: DescribeOptions): Promise<RunEnd> {
  const { kept, wanted, figures } = await generate(call);
  return { kept, wanted, lines: reportLines(figures), isComplete: kept >= wanted };
}

async function runDescribe(call: DescribeOptions): Promise<RunEnd> {
  const { kept, wanted, descriptions, wordings, dropped, isWritten } = await describeLabels(call);
  const lines = [
    `${descriptions} descriptions and ${wordings} other wordings for ${kept} of ${wanted} labels${kept < wanted && isWritten ? `; ${wanted - kept} got nothing and stay as they were` : ''}`,
    ...(sumOf(dropped) > 0 ? [`  dropped ${sumOf(dropped)}:`] : []),
    ...Object.entries(dropped).map(([reason, times]) => `    ${times}  ${reason}`),
  ];
  return { kept, wanted, lines, isComplete: isWritten };
}

async function run(flags: GenerateFlags): Promise<void> {
  if (flags.dryRun) return dryRun(flags);
  const { output, quiet } = flags;
  const [runMode, unit, written] = flags.describe
    ? ([runDescribe, 'labels', answersPath(output ?? '')] as const)
    : ([runGenerate, 'examples', output] as const);
  const abort = new AbortController();
  let stopListening = () => {};
  let progress: Progress | undefined;
  let began = 0;
  try {
    const { kept, wanted, lines, isComplete } = await runMode({
      ...callOf(flags),
      signal: abort.signal,
      onStart(run) {
        began = performance.now();
        if (run.kept && !quiet) noteLine(`going on: ${run.kept} ${unit} are there`);
        progress = startProgress({ label: 'generate', unit, total: run.wanted, start: run.kept, quiet });
        stopListening = onInterrupt(() => {
          if (abort.signal.aborted) process.exit(130);
          abort.abort();
        });
      },
      onProgress({ kept, dropped, tokens, retries, concurrency }) {
        const rate = tokens / ((performance.now() - began) / 1000);
        progress?.update(kept, { dropped, 'tokens/s': rate.toFixed(0), retries, open: concurrency });
      },
      onFailure: (message) => progress?.note(message),
    });
    progress?.stop();
    if (!quiet) for (const line of lines) noteLine(line);
    if (abort.signal.aborted) {
      noteLine(`stopped with ${kept} of ${wanted} ${unit} in ${written}; the same command goes on`);
      process.exitCode = 130;
    } else if (!isComplete) throw new DataError(`${kept} of ${wanted} ${unit} are in ${written}; the same command goes on`);
  } finally {
    stopListening();
    progress?.stop();
  }
}

/** The command's definition. */
export function command(): Command {
  const generate = new Command('generate').description(
    'Make training data with a language model: texts, labels and hard negatives; or say what labels mean.',
  );
  return addFlags(generate, generateFlags())
    .addHelpText('after', EXAMPLES)
    .action((flags: GenerateFlags) => run(flags));
}
