/** `glz eval`: options, wiring and messages; the work is in src/eval. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { answerText } from '../eval/report/answer.ts';
import { compareFiles } from '../eval/report/compare-files.ts';
import { failedGates, parseGate } from '../eval/report/gates.ts';
import { reportHtml } from '../eval/report/report.ts';
import { type EvaluationResult, readEvaluationResult } from '../eval/report/results.ts';
import { alignedTable, resultCsv, resultTables } from '../eval/report/table.ts';
import { NO_CACHE, openResultCache } from '../eval/run/result-cache.ts';
import { evaluate } from '../eval/run/runner.ts';
import { loadSets, loadSuite, type SuiteSet } from '../eval/sets/suite.ts';
import { ALIASES, BASELINES } from '../eval/systems/index.ts';
import { parseSystemSpec, type SystemSpec } from '../eval/systems/system-spec.ts';
import type { Filled } from '../options/declaration.ts';
import { EVAL_FLAGS } from '../options/eval.ts';
import { SHIPPED_CHECKPOINT } from '../options/shipped-checkpoint.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './interrupts.ts';
import { presetPath } from './presets.ts';
import { type Progress, startProgress } from './progress.ts';
import { noteLine, printText } from './terminal.ts';

const EXAMPLES = `
Examples:
  The checkpoint that ships, on the benchmark that ships, against the floors; offline:
    $ glz eval
  A checkpoint against the embedding baseline and the floors:
    $ glz eval --checkpoint ./my-checkpoint --data datasets/benchmark --baseline all-MiniLM-L6-v2 --baseline random
  Any NLI model of the hub, or a folder, with a report to look at:
    $ glz eval --checkpoint ./my-checkpoint --data ./sets --baseline nli:facebook/bart-large-mnli --report report.html
  A suite with paraphrased labels; exit code 1 if the mean macro-F1 is under 0.5:
    $ glz eval --checkpoint ./my-checkpoint --suite benchmark --fail-under macro_f1=0.5
  Two earlier runs side by side:
    $ glz eval --compare before.json after.json

Sets: a folder of <set>/{test.jsonl,labels.json}, one such folder, a data set's folder, or a JSONL, CSV, TSV or Parquet file. Results of finished sets are kept, so that
an interrupted evaluation goes on. Exit code 1 if a system failed or a gate was missed.`;

/** The suite that is evaluated where none is named, and how many texts of each set then: a look that takes a minute or two. */
const BENCHMARK = 'benchmark';
const QUICK_LIMIT = 50;

type EvalFlags = Filled<typeof EVAL_FLAGS>;

function baselineList(): string {
  const lines = [...BASELINES].flatMap(([name, kind]) => [
    kind.takesModel ? `${name}:${kind.defaultModel ? '[MODEL]' : 'MODEL'}` : name,
    `    ${kind.description}`,
    ...(kind.defaultModel ? [`    MODEL: folder or id, ${kind.defaultModel} unless given`] : []),
    ...Object.entries(kind.options).map(([option, help]) => `    ,${option}=  ${help}`),
  ]);
  const names = alignedTable(
    ['name', 'stands for'],
    Object.entries(ALIASES).map(([name, target]) => [name, target]),
    'left',
  );
  return `${lines.join('\n')}\n\n${names}\n`;
}

/** Fills in what is not given: the checkpoint and the benchmark that ship, and the floors where nothing is compared with. */
function withDefaults(flags: EvalFlags): void {
  const note = (line: string) => flags.quiet || noteLine(line);
  if (!flags.checkpoint.length && !flags.baseline.length) flags.checkpoint = [SHIPPED_CHECKPOINT];
  if (!flags.baseline.length) flags.baseline = ['random', 'majority'];
  if (!flags.data.length && !flags.suite.length) {
    flags.suite = [BENCHMARK];
    flags.limit ??= QUICK_LIMIT;
    note(`glz eval: no --data or --suite, so the benchmark that ships, at most ${flags.limit} texts a set (--limit changes that)`);
  }
}

async function readSets({ data, suite, limit, recordLabels, ...fields }: EvalFlags): Promise<SuiteSet[]> {
  const { labelSeparator, labelNames, textField, labelField } = fields;
  const own = { ...(limit ? { limit } : {}), ...(recordLabels ? { recordLabels } : {}) };
  const settings = { ...own, labelSeparator, labelNames, textField, labelField };
  const sets: SuiteSet[] = [];
  for (const file of suite) sets.push(...(await loadSuite(presetPath('eval', file), settings)));
  for (const path of data) sets.push(...(await loadSets(path, settings)));
  return sets;
}

function systemsOf({ checkpoint, baseline }: EvalFlags): SystemSpec[] {
  const own = checkpoint.map((folder) => parseSystemSpec(`gliznet:${folder}`, BASELINES));
  // The checkpoint is called by its folder's name, which is what people compare.
  for (const spec of own)
    if (spec.name.startsWith('gliznet:'))
      spec.name =
        (spec.model as string)
          .replace(/[/\\]+$/, '')
          .split(/[/\\]/)
          .at(-1) || spec.name;
  return [...own, ...baseline.map((text) => parseSystemSpec(text, BASELINES, ALIASES))];
}

/** Getting ready and timing single texts are shown only where they take this long: for most systems they are over at once. */
const SHOWN_AFTER_SECONDS = 2;

function progressOf(systems: number, quiet: boolean | undefined): { onEvent: Parameters<typeof evaluate>[0]['onEvent']; stop(): void } {
  let stage: { name: string; since: number; progress?: Progress } | undefined;
  const stop = () => {
    stage?.progress?.stop();
    stage = undefined;
  };
  let at = 0;
  let last = '';
  return {
    onEvent(system, event) {
      if (quiet) return;
      if (system !== last) {
        last = system;
        at++;
      }
      if (event.type === 'progress') {
        const where = event.stage === 'label growth' ? 'by number of labels' : `on ${event.set}`;
        const what = { preparing: ', getting ready', scoring: '', latency: ', one text at a time', 'label growth': '' }[event.stage];
        const name = `[${at}/${systems}] ${system} ${where}${what}`;
        if (stage?.name !== name) {
          stop();
          stage = { name, since: performance.now() };
        }
        const isSide = event.stage === 'preparing' || event.stage === 'latency';
        if (!stage.progress && (!isSide || performance.now() - stage.since > SHOWN_AFTER_SECONDS * 1000))
          stage.progress = startProgress({
            label: name,
            unit: event.stage === 'label growth' ? 'steps' : event.stage === 'preparing' ? 'parts' : 'texts',
            total: event.total,
            startedAt: stage.since,
          });
        stage.progress?.update(Math.floor(event.done * 10) / 10);
      } else {
        stop();
        if (event.type === 'failure') noteLine(`glz eval: ${system}${event.set ? ` on ${event.set}` : ''} failed: ${event.message}`);
      }
    },
    stop,
  };
}

/** Smaller files of a download are there before a bar is. */
const SMALLEST_SHOWN_FILE = 5e6;

/** The folder of a model; downloads say what they do and how far they are. */
async function findModel(model: string, signal: AbortSignal, quiet: boolean | undefined): Promise<string> {
  const { resolveModelFolder } = await import('../weights/hub/hub.ts');
  if (quiet) return resolveModelFolder(model, { signal });
  let bar: { file: string; progress: Progress } | undefined;
  const stop = () => {
    bar?.progress.stop();
    bar = undefined;
  };
  try {
    return await resolveModelFolder(model, {
      signal,
      note: noteLine,
      onProgress(file, bytes, total) {
        if (total < SMALLEST_SHOWN_FILE) return;
        if (bar?.file !== file) {
          stop();
          bar = { file, progress: startProgress({ label: `${model}: ${file}`, unit: 'MB', total: Math.ceil(total / 1e6) }) };
        }
        bar.progress.update(bytes < total ? Math.floor(bytes / 1e6) : Math.ceil(total / 1e6));
        if (bytes >= total) stop();
      },
    });
  } finally {
    stop();
  }
}

function writeResults(result: EvaluationResult, { json, csv, report }: Pick<EvalFlags, 'json' | 'csv' | 'report'>): void {
  if (json) writeFileAtomically(json, `${JSON.stringify(result)}\n`);
  if (csv) writeFileAtomically(csv, resultCsv(result));
  if (report) writeFileAtomically(report, reportHtml(result));
}

async function run(flags: EvalFlags): Promise<void> {
  if (flags.listBaselines) {
    process.stdout.write(baselineList());
    return;
  }
  if (flags.compare) {
    if (flags.compare.length < 2) throw new UsageError('--compare needs two or more result files: --compare before.json after.json');
    const results = flags.compare.map((path) => ({ path, result: readEvaluationResult(path) }));
    printText(compareFiles(results));
    return;
  }
  const gates = flags.failUnder.map(parseGate);
  withDefaults(flags);
  const systems = systemsOf(flags);
  if (flags.template !== undefined && !flags.template.includes('{}'))
    throw new UsageError(`--template "${flags.template}" has no {} where the label goes`);
  const sets = await readSets(flags);

  const controller = new AbortController();
  // Once: the next signal ends the process.
  const stopListening = onInterrupt(() => {
    stopListening();
    controller.abort();
  });
  const { onEvent, stop } = progressOf(systems.length, flags.quiet);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  let result: EvaluationResult;
  try {
    result = await evaluate({
      sets,
      systems,
      version,
      findModel: (model) => findModel(model, controller.signal, flags.quiet),
      cache: flags.cache ? openResultCache() : NO_CACHE,
      isolate: flags.isolate && import.meta.url.endsWith('.js'),
      template: flags.template,
      latencyCalls: flags.latencyCalls,
      resamples: flags.resamples,
      growth: flags.labelGrowth,
      threads: flags.threads,
      precision: flags.precision,
      signal: controller.signal,
      onEvent,
    });
  } catch (error) {
    stop();
    if ((error as Error).name !== 'AbortError') throw error;
    process.stderr.write(`glz eval: interrupted${flags.cache ? '; finished sets are kept, run the same command again to go on' : ''}\n`);
    process.exitCode = 130;
    return;
  } finally {
    stop();
    stopListening();
  }
  // What takes numbers by the label is the first system; several tables of statistics are for who asks.
  printText((flags.details || flags.labelGrowth ? resultTables(result) : answerText(result)).trimEnd());
  writeResults(result, flags);
  const problems = failedGates(result, gates);
  if (result.failures.length) {
    const failed = [...new Set(result.failures.map(({ system }) => system))];
    problems.unshift(`${failed.length === 1 ? 'a system' : `${failed.length} systems`} failed: ${failed.join(', ')}`);
  }
  if (problems.length) throw new DataError(problems.join('; '));
}

/** The `eval` subcommand. */
export function command(): Command {
  const evaluation = new Command('eval').description('Measure a checkpoint: how good, how fast, and against what people use today.');
  return addFlags(evaluation, EVAL_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((flags: EvalFlags) => run(flags));
}
