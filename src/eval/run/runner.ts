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
import type { EvaluationResult, Machine, RunResult, SetResult, SetSummary, SystemEvent, SystemSummary } from '../report/result-types.ts';
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

/** What is measured of each system, and with which settings. */
interface Plan {
  options: EvaluationRequest;
  latencyCalls: number;
  resamples: number;
  /** Sets on which time is measured by number of labels. */
  growthSets: SuiteSet[];
  here: Machine;
}

/** What came of all systems so far. */
type Found = Pick<EvaluationResult, 'results' | 'failures' | 'growth'>;

/** Keys of a system's results in the cache. */
function keysOf({ options, latencyCalls, resamples, growthSets, here }: Plan, identity: string) {
  const { version, template, threads, precision } = options;
  const ofSystem = [threads ?? null, precision ?? null, here];
  return {
    ofSet: (set: SuiteSet) =>
      resultKey(version, identity, set.hash, template ?? set.template ?? null, latencyCalls, resamples, ...ofSystem),
    ofGrowth: resultKey(
      version,
      identity,
      'growth',
      growthSets.map(({ hash }) => hash),
      ...ofSystem,
    ),
  };
}

/** Takes a system's finished results from the cache and runs the rest. @throws what finding its model and loading it throw, an AbortError when interrupted */
async function measureSystem(spec: SystemSpec, kind: SystemKind, plan: Plan, facts: SystemFacts, found: Found): Promise<void> {
  const { options, latencyCalls, resamples, growthSets } = plan;
  const { sets, cache, template, threads, precision, signal } = options;
  const model = kind.modelSource === 'folder' ? await options.findModel(spec.model as string) : (spec.model ?? '');
  const keys = keysOf(plan, systemIdentity(spec, kind, model));
  const todo: SuiteSet[] = [];
  for (const set of sets) {
    const known = cache.get(keys.ofSet(set), cachedResultSchema);
    if (!known || known.result.predicted.length !== set.texts.length) {
      todo.push(set);
      continue;
    }
    Object.assign(facts, known.facts);
    found.results.push({ ...(known.result as unknown as RunResult), system: spec.name, set: set.name, cached: true });
  }
  const isGrowing = growthSets.length > 0 && !isFloor(spec.kind); // floors take no time
  const knownGrowth = isGrowing ? cache.get(keys.ofGrowth, labelGrowthSchema) : undefined;
  if (knownGrowth) found.growth.push({ ...knownGrowth, system: spec.name });
  const isGrowthLeft = isGrowing && !knownGrowth;
  if (todo.length === 0 && !isGrowthLeft) return;

  const setOf = new Map(sets.map((set) => [set.name, set]));
  const fresh: RunResult[] = [];
  const keep = (result: RunResult) => cache.put(keys.ofSet(setOf.get(result.set) as SuiteSet), { result, facts });
  const report = (event: SystemEvent) => {
    if (event.type === 'loaded') facts.loadSeconds = event.seconds;
    else if (event.type === 'done') facts.notes = event.notes;
    else if (event.type === 'failure')
      found.failures.push({ system: spec.name, ...(event.set ? { set: event.set } : {}), message: event.message });
    else if (event.type === 'growth') {
      found.growth.push(event.growth);
      if (!event.growth.failed) cache.put(keys.ofGrowth, event.growth);
    } else if (event.type === 'result') {
      fresh.push(event.result);
      found.results.push({ ...event.result, cached: false });
      keep(event.result);
    }
    options.onEvent?.(spec.name, event);
  };
  const job: SystemJob = {
    spec,
    model,
    sets: todo,
    growthSets: isGrowthLeft ? growthSets : [],
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

/** Results in the order of their sets, then of their systems. */
function inOrder(results: readonly SetResult[], sets: readonly SuiteSet[], systems: readonly SystemSpec[]): SetResult[] {
  const places = (named: readonly { name: string }[]) => new Map(named.map(({ name }, at) => [name, at]));
  const [setPlace, systemPlace] = [places(sets), places(systems)];
  const difference = (place: ReadonlyMap<string, number>, a: string, b: string) => (place.get(a) as number) - (place.get(b) as number);
  return [...results].sort((a, b) => difference(setPlace, a.set, b.set) || difference(systemPlace, a.system, b.system));
}

/**
 * Evaluates every system on every set. A system or set that fails is a row of `failures`.
 * @throws UsageError for names that occur twice, an AbortError when interrupted.
 */
export async function evaluateSystems(options: EvaluationRequest): Promise<EvaluationResult> {
  const { sets, systems, signal, template, growth = false, threads, precision } = options;
  const { latencyCalls = EVAL_FLAGS.latencyCalls.default, resamples = EVAL_FLAGS.resamples.default } = options;
  checkNames(
    'systems',
    systems.map(({ name }) => name),
  );
  checkNames(
    'sets',
    sets.map(({ name }) => name),
  );
  const here = machine();
  const growthSets = growth ? sets.filter(({ paraphraseOf }) => !paraphraseOf) : [];
  const plan: Plan = { options, latencyCalls, resamples, growthSets, here };
  const found: Found = { results: [], failures: [], growth: [] };
  const summaries: SystemSummary[] = [];
  for (const spec of systems) {
    if (signal?.aborted) throw interrupted();
    const facts: SystemFacts = { notes: {}, loadSeconds: null, peakMemoryBytes: null };
    try {
      await measureSystem(spec, BASELINES.get(spec.kind) as SystemKind, plan, facts, found);
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      found.failures.push({ system: spec.name, message: errorMessage(error) });
      options.onEvent?.(spec.name, { type: 'failure', message: errorMessage(error) });
    }
    summaries.push({ name: spec.name, kind: spec.kind, ...(spec.model ? { model: spec.model } : {}), ...facts });
  }
  const results = inOrder(found.results, sets, systems);
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
    failures: found.failures,
    comparisons: compareSystems(sets, results, reference, resamples),
    growth: found.growth,
    sensitivity: wordingSensitivity(sets, results),
  };
}
