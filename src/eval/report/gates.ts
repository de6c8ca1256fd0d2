/** Gates for automatic runs: `macro_f1=0.6` (mean over sets) or `ag_news:macro_f1=0.8`. Parses and checks; prints nothing. */
import { DataError, UsageError } from '../../base/errors.ts';
import type { EvaluationResult, MetricName } from './result-types.ts';
import { systemMeans } from './summary.ts';

/** A lower bound for a figure of the reference system. */
export interface Gate {
  text: string;
  set?: string;
  metric: MetricName;
  bound: number;
}

/** Figures of which more is better; a lower bound on the others would mean nothing. */
const GATED_METRICS: readonly MetricName[] = [
  'accuracy',
  'macro_f1',
  'micro_f1',
  'weighted_f1',
  'top3',
  'auroc',
  'mean_average_precision',
  'lrap',
  'multilabel_micro_f1',
  'multilabel_macro_f1',
];

/** Parses a gate. @throws UsageError saying what is wrong with it. */
export function parseGate(text: string): Gate {
  const parts = /^(?:(.+):)?([a-z0-9_]+)=([^=]+)$/.exec(text);
  if (!parts) throw new UsageError(`--fail-under ${text}: write METRIC=NUMBER or SET:METRIC=NUMBER, for example macro_f1=0.6`);
  const [, set, name, number] = parts;
  const metric = GATED_METRICS.find((known) => known === name);
  if (!metric)
    throw new UsageError(`--fail-under ${text}: no metric called "${name}"; those that can be gated: ${GATED_METRICS.join(', ')}`);
  const bound = Number(number);
  if (number.trim() === '' || !Number.isFinite(bound)) throw new UsageError(`--fail-under ${text}: "${number}" is not a number`);
  return { text, ...(set ? { set } : {}), metric, bound };
}

/**
 * Checks gates against the reference system.
 * @returns a line for each that fails.
 * @throws DataError for a gate on a set or figure that the evaluation does not have.
 */
export function failedGates(result: EvaluationResult, gates: readonly Gate[]): string[] {
  return gates.flatMap(({ text, set, metric, bound }) => {
    const reference = result.reference;
    const value =
      set === undefined
        ? systemMeans(result).find(({ system }) => system.name === reference)?.means[metric]
        : result.results.find((each) => each.system === reference && each.set === set)?.metrics[metric];
    if (value === undefined || value === null)
      throw new DataError(`--fail-under ${text}: ${reference} has no ${metric}${set ? ` on a set called "${set}"` : ' on any set'}`);
    return value < bound ? [`${reference}: ${set ? `${set} ` : 'mean '}${metric} is ${value.toFixed(4)}, under ${bound}`] : [];
  });
}
