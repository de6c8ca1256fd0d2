/** Evaluation as the library and `glz eval` call it: systems and sets by their names, models fetched, what is finished kept. Knows no terminal. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../base/errors.ts';
import { numbersNote } from '../data/labelled/named-labels.ts';
import { NO_CACHE, openResultCache } from '../eval/run/result-cache.ts';
import { evaluateSystems } from '../eval/run/runner.ts';
import { readEvalSets } from '../eval/sets/eval-set.ts';
import { loadSuite, type SuiteSet } from '../eval/sets/suite.ts';
import { ALIASES, BASELINES } from '../eval/systems/index.ts';
import { parseSystemSpec, type SystemSpec } from '../eval/systems/system-spec.ts';
import { EVALUATE_OPTIONS } from '../options/eval.ts';
import { SHIPPED_CHECKPOINT } from '../options/shipped-checkpoint.ts';
import { resolveModelFolder } from '../weights/hub/hub.ts';
import type { EvaluateOptions, EvaluationResult } from './library-types.ts';
import { presetPath } from './presets.ts';

/** The suite that is evaluated where none is named, and how many texts of each set then: a look that takes a minute or two. */
const BENCHMARK = 'benchmark';
const QUICK_LIMIT = 50;

/** Fills in what is not given: the checkpoint and the benchmark that ship, and the floors where nothing is compared with. */
function withDefaults({ checkpoint = [], baseline = [], data = [], suite = [], limit, ...others }: EvaluateOptions) {
  const isQuick = !data.length && !suite.length;
  return {
    ...others,
    checkpoint: checkpoint.length || baseline.length ? checkpoint : [SHIPPED_CHECKPOINT],
    baseline: baseline.length ? baseline : ['random', 'majority'],
    data,
    suite: isQuick ? [BENCHMARK] : suite,
    limit: limit ?? (isQuick ? QUICK_LIMIT : undefined),
    isQuick,
  };
}

type Called = ReturnType<typeof withDefaults>;

async function readSets({ data, suite, limit, recordLabels, ...fields }: Called): Promise<SuiteSet[]> {
  const { labelSeparator, labelNames, textField, labelField } = fields;
  const own = { ...(limit ? { limit } : {}), ...(recordLabels ? { recordLabels } : {}) };
  const settings = { ...own, labelSeparator, labelNames, textField, labelField };
  const sets: SuiteSet[] = [];
  for (const file of suite) sets.push(...(await loadSuite(presetPath('eval', file), settings)));
  for (const path of data) sets.push(...(await readEvalSets(path, settings)));
  return sets;
}

function systemsOf({ checkpoint, baseline }: Called): SystemSpec[] {
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

/** Version of glz, which results name. */
const glzVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/**
 * Evaluates systems on sets; one that fails is a row of `failures`.
 * @throws UsageError for names and files that are wrong; DataError for sets that cannot be read; an AbortError where the signal is aborted
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const called = withDefaults(options);
  const { template, cache = EVALUATE_OPTIONS.cache.default, isolate = EVALUATE_OPTIONS.isolate.default, signal, note, onDownload } = called;
  if (called.isQuick)
    note?.(`no --data or --suite, so the benchmark that ships, at most ${called.limit} texts a set (--limit changes that)`);
  const systems = systemsOf(called);
  if (template !== undefined && !template.includes('{}')) throw new UsageError(`--template "${template}" has no {} where the label goes`);
  const sets = await readSets(called);
  for (const { labels, name } of sets) {
    const numbers = numbersNote(labels, name);
    if (numbers !== undefined) note?.(numbers);
  }
  const nameOf = ({ name }: { name: string }) => name;
  called.onStart?.({ systems: systems.map(nameOf), sets: sets.map(nameOf) });
  return evaluateSystems({
    sets,
    systems,
    version: glzVersion(),
    findModel: (model) =>
      resolveModelFolder(model, {
        signal,
        note,
        ...(onDownload ? { onProgress: (file, bytes, total) => onDownload(model, file, bytes, total) } : {}),
      }),
    cache: cache ? openResultCache() : NO_CACHE,
    // A process runs what is compiled.
    isolate: isolate && import.meta.url.endsWith('.js'),
    template,
    latencyCalls: called.latencyCalls,
    resamples: called.resamples,
    growth: called.labelGrowth,
    threads: called.threads,
    precision: called.precision,
    signal,
    onEvent: called.onEvent,
  });
}
