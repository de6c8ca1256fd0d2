/** Means over sets, one row a system: what the last table, the gates and the report read. Pure arithmetic over results. */
import type { EvaluationResult, MetricName, SystemSummary } from './result-types.ts';

/** A system's means over the sets that every compared system has answered. */
export interface SystemMeans {
  system: SystemSummary;
  /** Sets that the means are of. */
  sets: number;
  /** Sets that the system has answered at all. */
  answered: number;
  means: Partial<Record<MetricName, number>>;
  /** Geometric mean over those sets. */
  textsPerSecond: number | null;
  /** Means over those sets, milliseconds. */
  latency: { p50: number; p95: number; p99: number } | null;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sets over which systems can be compared: answered by every system that answered any, paraphrases left out. */
export function commonSets({ sets, systems, results }: EvaluationResult): string[] {
  const answered = new Set(results.map(({ set, system }) => JSON.stringify([set, system])));
  const active = systems.filter(({ name }) => results.some(({ system }) => system === name));
  if (!active.length) return [];
  return sets
    .filter(({ name, paraphraseOf }) => !paraphraseOf && active.every((system) => answered.has(JSON.stringify([name, system.name]))))
    .map(({ name }) => name);
}

/** Means of every system over the common sets. */
export function systemMeans(result: EvaluationResult): SystemMeans[] {
  const common = new Set(commonSets(result));
  return result.systems.map((system) => {
    const own = result.results.filter((each) => each.system === system.name);
    const counted = own.filter(({ set }) => common.has(set));
    const names = (counted[0] ? Object.keys(counted[0].metrics) : []) as MetricName[];
    const means: Partial<Record<MetricName, number>> = {};
    for (const name of names) {
      const values = counted.map(({ metrics }) => metrics[name]).filter((value): value is number => value !== null);
      if (values.length) means[name] = mean(values);
    }
    const latencies = counted.flatMap(({ timing }) => timing.latency ?? []);
    return {
      system,
      sets: counted.length,
      answered: own.length,
      means,
      textsPerSecond: counted.length ? Math.exp(mean(counted.map(({ timing }) => Math.log(timing.textsPerSecond)))) : null,
      latency: latencies.length
        ? {
            p50: mean(latencies.map(({ p50 }) => p50)),
            p95: mean(latencies.map(({ p95 }) => p95)),
            p99: mean(latencies.map(({ p99 }) => p99)),
          }
        : null,
    };
  });
}
