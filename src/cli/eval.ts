/** `glz eval`: options, wiring and messages; the work is in src/eval. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { DataError, UsageError } from '../errors.ts';
import { ALIASES, BASELINES } from '../eval/baselines/index.ts';
import { compareFiles } from '../eval/compare-files.ts';
import { failedGates, type Gate, parseGate } from '../eval/gates.ts';
import { reportHtml } from '../eval/report/report.ts';
import { NO_CACHE, openResultCache } from '../eval/result-cache.ts';
import { type EvaluationResult, readEvaluationResult } from '../eval/results.ts';
import { evaluate } from '../eval/runner.ts';
import { loadSets, loadSuite, type SuiteSet } from '../eval/suite.ts';
import { parseSystemSpec, type SystemSpec } from '../eval/system-spec.ts';
import { alignedTable, resultCsv, resultTables } from '../eval/table.ts';
import { writeFileAtomically } from '../files.ts';
import { type Progress, startProgress } from './progress.ts';

const EXAMPLES = `
Examples:
  A checkpoint against the embedding baseline and the floors:
    $ glz eval --checkpoint ./my-checkpoint --data datasets/benchmark --baseline all-MiniLM-L6-v2 --baseline random
  Any NLI model of the hub, or a folder, with a report to look at:
    $ glz eval --checkpoint ./my-checkpoint --data ./sets --baseline nli:facebook/bart-large-mnli --report report.html
  A suite with paraphrased labels; exit code 1 if the mean macro-F1 is under 0.5:
    $ glz eval --checkpoint ./my-checkpoint --suite configs/eval/benchmark.yaml --fail-under macro_f1=0.5
  Two earlier runs side by side:
    $ glz eval --compare before.json after.json

Sets: a folder of <set>/{test.jsonl,labels.json}, one such folder, or a JSONL, CSV or TSV file. Results of finished sets are kept, so that
an interrupted evaluation goes on. Exit code 1 if a system failed or a gate was missed.`;

interface EvalFlags {
  checkpoint: string[];
  baseline: string[];
  data: string[];
  suite: string[];
  template?: string;
  limit?: number;
  recordLabels?: boolean;
  labelGrowth?: boolean;
  latencyCalls: number;
  resamples: number;
  threads?: number;
  precision?: 'auto' | 'fp32' | 'int8';
  json?: string;
  csv?: string;
  report?: string;
  failUnder: Gate[];
  cache: boolean;
  isolate: boolean;
  compare?: string[];
  listBaselines?: boolean;
  quiet?: boolean;
}

const collect = (value: string, earlier: string[]): string[] => [...earlier, value];
const wholeFrom =
  (lowest: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < lowest) throw new InvalidArgumentError(`must be a whole number from ${lowest} on.`);
    return number;
  };

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

async function readSets({ data, suite, limit, recordLabels }: EvalFlags): Promise<SuiteSet[]> {
  const settings = { ...(limit ? { limit } : {}), ...(recordLabels ? { recordLabels } : {}) };
  const sets: SuiteSet[] = [];
  for (const file of suite) sets.push(...(await loadSuite(file, settings)));
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

function progressOf(systems: number, quiet: boolean | undefined): { onEvent: Parameters<typeof evaluate>[0]['onEvent']; stop(): void } {
  let bar: { name: string; progress: Progress } | undefined;
  const stop = () => {
    bar?.progress.stop();
    bar = undefined;
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
      const name = event.type === 'progress' ? `${system} on ${event.set}` : '';
      if (event.type === 'progress') {
        if (bar?.name !== name) {
          stop();
          bar = {
            name,
            progress: startProgress({
              label: `[${at}/${systems}] ${name}`,
              unit: event.set === 'label growth' ? 'steps' : 'texts',
              total: event.total,
            }),
          };
        }
        bar.progress.update(event.done);
      } else {
        stop();
        if (event.type === 'failure')
          process.stderr.write(`glz eval: ${system}${event.set ? ` on ${event.set}` : ''} failed: ${event.message}\n`);
      }
    },
    stop,
  };
}

async function findModel(model: string): Promise<string> {
  const { resolveModelFolder } = await import('../weights/hub.ts');
  return resolveModelFolder(model);
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
    process.stdout.write(`${compareFiles(results)}\n`);
    return;
  }
  const systems = systemsOf(flags);
  if (!systems.length)
    throw new UsageError('nothing to evaluate: give --checkpoint FOLDER, --baseline NAME or both (--list-baselines shows them)');
  if (!flags.data.length && !flags.suite.length) throw new UsageError('no data: give --data FOLDER or --suite FILE');
  if (flags.template !== undefined && !flags.template.includes('{}'))
    throw new UsageError(`--template "${flags.template}" has no {} where the label goes`);
  const sets = await readSets(flags);

  const controller = new AbortController();
  const onInterrupt = () => controller.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const { onEvent, stop } = progressOf(systems.length, flags.quiet);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  let result: EvaluationResult;
  try {
    result = await evaluate({
      sets,
      systems,
      version,
      findModel,
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
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
  process.stdout.write(resultTables(result));
  writeResults(result, flags);
  const problems = failedGates(result, flags.failUnder);
  if (result.failures.length) {
    const failed = [...new Set(result.failures.map(({ system }) => system))];
    problems.unshift(`${failed.length === 1 ? 'a system' : `${failed.length} systems`} failed: ${failed.join(', ')}`);
  }
  if (problems.length) throw new DataError(problems.join('\nglz: '));
}

/** The `eval` subcommand. */
export function command(): Command {
  return new Command('eval')
    .description('Measure a checkpoint: how good, how fast, and against what people use today.')
    .option('--checkpoint <folder>', 'GliZNet checkpoint, folder or hub id (repeatable; the first system is the reference)', collect, [])
    .option('--baseline <name>', 'system to compare with: KIND[:MODEL][,option=value] or a known name (repeatable)', collect, [])
    .option('--data <path>', 'folder of sets, a set, or a file of records (repeatable)', collect, [])
    .option('--suite <file>', 'YAML file that names sets, wordings and templates (repeatable)', collect, [])
    .option('--template <text>', 'sentence around a label, with {} for the label, for systems that read one')
    .option('--limit <n>', 'at most this many texts a set, spread evenly over it', wholeFrom(1))
    .option('--record-labels', "take each record's own candidates (all_labels)")
    .option('--label-growth', 'time every system from 2 to 1000 labels')
    .option('--latency-calls <n>', 'texts timed alone for each set; 0 for none', wholeFrom(0), 50)
    .option('--resamples <n>', 'bootstrap resamples', wholeFrom(1), 1000)
    .option('--threads <n>', 'threads of one operation', wholeFrom(1))
    .option('--precision <name>', 'precision of the checkpoint: auto, fp32 or int8', (value: string) => {
      if (!['auto', 'fp32', 'int8'].includes(value)) throw new InvalidArgumentError('must be auto, fp32 or int8.');
      return value as 'auto' | 'fp32' | 'int8';
    })
    .option('--json <file>', 'write everything as JSON')
    .option('--csv <file>', 'write a line for each set and system')
    .option('--report <file>', 'write a self-contained HTML report')
    .option(
      '--fail-under <gate>',
      'METRIC=NUMBER or SET:METRIC=NUMBER (repeatable)',
      (value: string, earlier: Gate[]) => [...earlier, parseGate(value)],
      [],
    )
    .option('--no-cache', 'measure everything again')
    .option('--no-isolate', 'run all systems in this process (no peak memory then)')
    .option('--compare <files...>', 'compare result files instead of evaluating')
    .option('--list-baselines', 'print the baselines that there are')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(run);
}
