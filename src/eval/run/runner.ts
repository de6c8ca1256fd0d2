/**
 * Evaluates systems on sets: takes finished results from the cache, runs the rest one system at a time (each in a process of its own, where
 * asked for), and compares every system with the first. Knows nothing of tables, files of results or the command line.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import type { Given } from '../../options/declaration.ts';
import { EVAL_FLAGS } from '../../options/eval.ts';
import { compareSystems, wordingSensitivity } from '../report/comparison.ts';
import type {
  EvaluationResult,
  Failure,
  LabelGrowth,
  RunResult,
  SetResult,
  SetSummary,
  SystemEvent,
  SystemSummary,
} from '../report/result-types.ts';
import { KEPT_LABELS, labelGrowthSchema, RESULT_FORMAT, setResultSchema, systemFactsSchema } from '../report/results.ts';
import type { SuiteSet } from '../sets/suite.ts';
import { isFloor } from '../systems/floor.ts';
import { BASELINES } from '../systems/index.ts';
import type { SystemKind } from '../systems/system.ts';
import type { SystemSpec } from '../systems/system-spec.ts';
import { machine } from './machine.ts';
import type { ResultCache } from './result-cache.ts';
import { resultKey } from './result-cache.ts';
import { runSystem, type SystemJob } from './run-system.ts';
import { systemIdentity } from './system-identity.ts';
import type { ProcessMessage } from './system-process.ts';

/** What is evaluated and how. */
export interface EvaluationRequest
  extends Given<Pick<typeof EVAL_FLAGS, 'template' | 'latencyCalls' | 'resamples' | 'threads' | 'precision'>> {
  sets: SuiteSet[];
  /** The first is the reference that the others are compared with. */
  systems: SystemSpec[];
  /** Version of glz, for the result file. */
  version: string;
  /** Folder of a model given by folder or hub id. */
  findModel(model: string): Promise<string>;
  cache: ResultCache;
  /** Whether each system runs in a process of its own: needed for its peak memory. */
  isolate: boolean;
  growth?: boolean;
  /** Stops the evaluation: what is finished stays in the cache. */
  signal?: AbortSignal;
  onEvent?: (system: string, event: SystemEvent) => void;
}

const cachedResultSchema = z.object({ result: setResultSchema, facts: systemFactsSchema });
type SystemFacts = z.infer<typeof systemFactsSchema>;

/** The error of an evaluation that was interrupted. */
export const interrupted = (): Error => Object.assign(new Error('interrupted'), { name: 'AbortError' });

/** Runs a job here; peak memory is not known then. */
async function runHere(job: SystemJob, report: (event: SystemEvent) => void, signal?: AbortSignal): Promise<null> {
  await runSystem(job, (event) => {
    if (signal?.aborted) throw interrupted();
    report(event);
  });
  return null;
}

/** Runs a job in a process of its own. @returns its peak memory in bytes. @throws DataError when the system fails or the process ends. */
function runApart(job: SystemJob, report: (event: SystemEvent) => void, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./system-process.js', import.meta.url)), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let end: Extract<ProcessMessage, { type: 'end' }> | undefined;
    const stop = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    child.on('message', (message: ProcessMessage) => {
      if (message.type === 'end') end = message;
      else report(message);
    });
    child.on('error', (error) => reject(new DataError(`its process did not start: ${error.message}`)));
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(interrupted());
      else if (end?.error !== undefined) reject(new DataError(end.error));
      else if (end) resolve(end.peakMemoryBytes);
      else reject(new DataError(`its process ended early (${killed ? `signal ${killed}; was memory short?` : `exit code ${code}`})`));
    });
    child.send(job);
  });
}

function setSummary(set: SuiteSet): SetSummary {
  const { name, hash, texts, available, labels, multiLabel, recordLabels, template, paraphraseOf, licence, source } = set;
  return {
    name,
    hash,
    texts: texts.length,
    available,
    labels: labels.length,
    labelNames: labels.slice(0, KEPT_LABELS),
    multiLabel,
    recordLabels: recordLabels !== undefined,
    ...(template ? { template } : {}),
    ...(paraphraseOf ? { paraphraseOf } : {}),
    ...(licence ? { licence } : {}),
    ...(source ? { source } : {}),
  };
}

function checkNames(kind: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new UsageError(`two ${kind} are called "${twice}"${kind === 'systems' ? '; give one another name: ,name=...' : ''}`);
}

/**
 * Evaluates every system on every set. A system or set that fails is a row of `failures`.
 * @throws UsageError for names that occur twice, an AbortError when interrupted.
 */
export async function evaluateSystems(options: EvaluationRequest): Promise<EvaluationResult> {
  const {
    sets,
    systems,
    cache,
    signal,
    template,
    latencyCalls = EVAL_FLAGS.latencyCalls.default,
    resamples = EVAL_FLAGS.resamples.default,
    growth = false,
    threads,
    precision,
  } = options;
  checkNames(
    'systems',
    systems.map(({ name }) => name),
  );
  checkNames(
    'sets',
    sets.map(({ name }) => name),
  );
  const here = machine();
  const results: SetResult[] = [];
  const failures: Failure[] = [];
  const summaries: SystemSummary[] = [];
  const growths: LabelGrowth[] = [];
  const growthSets = growth ? sets.filter(({ paraphraseOf }) => !paraphraseOf) : [];

  for (const spec of systems) {
    if (signal?.aborted) throw interrupted();
    const kind = BASELINES.get(spec.kind) as SystemKind;
    const facts: SystemFacts = { notes: {}, loadSeconds: null, peakMemoryBytes: null };
    const summary = (): SystemSummary => ({ name: spec.name, kind: spec.kind, ...(spec.model ? { model: spec.model } : {}), ...facts });
    try {
      const model = kind.modelSource === 'folder' ? await options.findModel(spec.model as string) : (spec.model ?? '');
      const identity = systemIdentity(spec, kind, model);
      const keyOf = (set: SuiteSet) =>
        resultKey(
          options.version,
          identity,
          set.hash,
          template ?? set.template ?? null,
          latencyCalls,
          resamples,
          threads ?? null,
          precision ?? null,
          here,
        );
      const growing = growthSets.length > 0 && !isFloor(spec.kind); // floors take no time
      const growthKey = resultKey(
        options.version,
        identity,
        'growth',
        growthSets.map(({ hash }) => hash),
        threads ?? null,
        precision ?? null,
        here,
      );
      const todo: SuiteSet[] = [];
      for (const set of sets) {
        const found = cache.get(keyOf(set), cachedResultSchema);
        if (!found || found.result.predicted.length !== set.texts.length) {
          todo.push(set);
          continue;
        }
        Object.assign(facts, found.facts);
        results.push({ ...(found.result as unknown as RunResult), system: spec.name, set: set.name, cached: true });
      }
      const knownGrowth = growing ? cache.get(growthKey, labelGrowthSchema) : undefined;
      if (knownGrowth) growths.push({ ...knownGrowth, system: spec.name });
      if (todo.length || (growing && !knownGrowth)) {
        const setOf = new Map(sets.map((set) => [set.name, set]));
        const fresh: RunResult[] = [];
        const keep = (result: RunResult) => cache.put(keyOf(setOf.get(result.set) as SuiteSet), { result, facts });
        const report = (event: SystemEvent) => {
          if (event.type === 'loaded') facts.loadSeconds = event.seconds;
          else if (event.type === 'done') facts.notes = event.notes;
          else if (event.type === 'failure')
            failures.push({ system: spec.name, ...(event.set ? { set: event.set } : {}), message: event.message });
          else if (event.type === 'growth') {
            growths.push(event.growth);
            if (!event.growth.failed) cache.put(growthKey, event.growth);
          } else if (event.type === 'result') {
            fresh.push(event.result);
            results.push({ ...event.result, cached: false });
            keep(event.result);
          }
          options.onEvent?.(spec.name, event);
        };
        const job: SystemJob = {
          spec,
          model,
          sets: todo,
          growthSets: growing && !knownGrowth ? growthSets : [],
          latencyCalls,
          resamples,
          ...(template ? { template } : {}),
          ...(threads ? { threads } : {}),
          ...(precision ? { precision } : {}),
        };
        const peak = await (options.isolate ? runApart : runHere)(job, report, signal);
        // The process of a model behind a server is only its client.
        facts.peakMemoryBytes = kind.modelSource === 'server' ? null : peak;
        for (const result of fresh) keep(result); // again: now with peak memory and notes
      }
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      failures.push({ system: spec.name, message: errorMessage(error) });
      options.onEvent?.(spec.name, { type: 'failure', message: errorMessage(error) });
    }
    summaries.push(summary());
  }
  const order = new Map(sets.map(({ name }, at) => [name, at]));
  const systemOrder = new Map(systems.map(({ name }, at) => [name, at]));
  results.sort(
    (a, b) =>
      (order.get(a.set) as number) - (order.get(b.set) as number) ||
      (systemOrder.get(a.system) as number) - (systemOrder.get(b.system) as number),
  );
  const reference = systems[0]?.name ?? null;
  return {
    format: RESULT_FORMAT,
    glz: options.version,
    created: new Date().toISOString(),
    machine: here,
    settings: {
      template: template ?? null,
      latencyCalls,
      resamples,
      growth,
      threads: threads ?? null,
      precision: precision ?? null,
      isolate: options.isolate,
    },
    reference,
    sets: sets.map(setSummary),
    systems: summaries,
    results,
    failures,
    comparisons: compareSystems(sets, results, reference, resamples),
    growth: growths,
    sensitivity: wordingSensitivity(sets, results),
  };
}
