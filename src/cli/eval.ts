/** `glz eval`: flags, progress and messages; the work is in src/verbs/evaluate.ts. */
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { writeNamedFile } from '../base/files.ts';
import { lookOf } from '../base/terminal/look.ts';
import { answerText } from '../eval/report/answer.ts';
import { compareFiles } from '../eval/report/compare-files.ts';
import { failedGates, parseGate } from '../eval/report/gates.ts';
import { reportHtml } from '../eval/report/report.ts';
import type { EvaluationResult } from '../eval/report/result-types.ts';
import { readEvaluationResult } from '../eval/report/results.ts';
import { resultCsv, resultTables } from '../eval/report/table.ts';
import { ALIASES, BASELINES } from '../eval/systems/index.ts';
import type { Filled } from '../options/declaration.ts';
import { EVAL_FLAGS } from '../options/eval.ts';
import { alignedTable } from '../report/aligned-table.ts';
import { evaluate } from '../verbs/evaluate.ts';
import type { EvaluateOptions } from '../verbs/library-types.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './terminal/interrupts.ts';
import { type Progress, startProgress } from './terminal/progress.ts';
import { errorLine, noteLine } from './terminal/terminal.ts';

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
    { others: 'left', look: lookOf(process.stdout) },
  );
  return `${lines.join('\n')}\n\n${names}\n`;
}

/** Getting ready and timing single texts are shown only where they take this long: for most systems they are over at once. */
const SHOWN_AFTER_SECONDS = 2;

/** Smaller files of a download are there before a bar is. */
const SMALLEST_SHOWN_FILE = 5e6;

/** What is shown while it goes on. */
function displayOf(quiet: boolean | undefined): Required<Pick<EvaluateOptions, 'onStart' | 'onEvent' | 'onDownload'>> & { stop(): void } {
  let stage: { name: string; since: number; progress?: Progress } | undefined;
  const stop = () => {
    stage?.progress?.stop();
    stage = undefined;
  };
  let systems = 0;
  let at = 0;
  let last = '';
  return {
    onStart(names) {
      systems = names.systems.length;
    },
    onDownload(model, file, bytes, total) {
      if (quiet || total < SMALLEST_SHOWN_FILE) return;
      const name = `${model}: ${file}`;
      if (stage?.name !== name) {
        stop();
        stage = { name, since: performance.now() };
      }
      stage.progress ??= startProgress({ label: name, unit: 'MB', total: Math.ceil(total / 1e6) });
      stage.progress.update(bytes < total ? Math.floor(bytes / 1e6) : Math.ceil(total / 1e6));
      if (bytes >= total) stop();
    },
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
        if (event.type === 'failure') errorLine(`${system}${event.set ? ` on ${event.set}` : ''} failed: ${event.message}`);
      }
    },
    stop,
  };
}

function writeResults(result: EvaluationResult, { json, csv, report }: Pick<EvalFlags, 'json' | 'csv' | 'report'>): void {
  if (json) writeNamedFile(json, `${JSON.stringify(result)}\n`);
  if (csv) writeNamedFile(csv, resultCsv(result));
  if (report) writeNamedFile(report, reportHtml(result));
}

function compare(paths: readonly string[]): void {
  if (paths.length < 2) throw new UsageError('--compare needs two or more result files: --compare before.json after.json');
  const results = paths.map((path) => ({ path, result: readEvaluationResult(path) }));
  process.stdout.write(`${compareFiles(results, undefined, lookOf(process.stdout))}\n`);
}

/** What the exit code says: systems that failed, and gates that were missed. @throws DataError naming them */
function judge(result: EvaluationResult, gates: ReturnType<typeof parseGate>[]): void {
  const problems = failedGates(result, gates);
  if (result.failures.length) {
    const failed = [...new Set(result.failures.map(({ system }) => system))];
    problems.unshift(`${failed.length === 1 ? 'a system' : `${failed.length} systems`} failed: ${failed.join(', ')}`);
  }
  if (problems.length) throw new DataError(problems.join('; '));
}

/** Evaluates until it is done, or Ctrl-C ends it: then there is no result. */
async function evaluateShown(flags: EvalFlags): Promise<EvaluationResult | undefined> {
  const controller = new AbortController();
  let stopListening = () => {};
  const display = displayOf(flags.quiet);
  try {
    return await evaluate({
      ...flags,
      ...display,
      signal: controller.signal,
      ...(flags.quiet ? {} : { note: noteLine }),
      onStart(names) {
        display.onStart(names);
        // Once: the next signal ends the process.
        stopListening = onInterrupt(() => {
          stopListening();
          controller.abort();
        });
      },
    });
  } catch (error) {
    display.stop();
    if ((error as Error).name !== 'AbortError') throw error;
    errorLine(`interrupted${flags.cache ? '; finished sets are kept, run the same command again to go on' : ''}`);
    process.exitCode = 130;
    return undefined;
  } finally {
    display.stop();
    stopListening();
  }
}

async function run(flags: EvalFlags): Promise<void> {
  if (flags.listBaselines) {
    process.stdout.write(baselineList());
    return;
  }
  if (flags.compare) return compare(flags.compare);
  const gates = flags.failUnder.map(parseGate);
  const result = await evaluateShown(flags);
  if (!result) return;
  // What takes numbers by the label is the first system; several tables of statistics are for who asks.
  const look = lookOf(process.stdout);
  // Said already, on the same terminal.
  const shown = process.stdout.isTTY && process.stderr.isTTY ? { ...result, failures: [] } : result;
  process.stdout.write(`${(flags.details || flags.labelGrowth ? resultTables(shown, look) : answerText(shown, look)).trimEnd()}\n`);
  writeResults(result, flags);
  judge(result, gates);
}

/** The `eval` subcommand. */
export function command(): Command {
  const evaluation = new Command('eval').description('Measure a checkpoint: how good, how fast, and against what people use today.');
  return addFlags(evaluation, EVAL_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action((flags: EvalFlags) => run(flags));
}
