/** The weights that a run ends with: means of snapshots, of runs, and with the start. */
import { ENCODER_PREFIX } from '../model/gliznet.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import type { TrainSettings } from './settings-schema.ts';

/** Whether a step is one of the last ones, of which the final weights are the mean. */
export function isSnapshot(step: number, steps: number, average: TrainSettings['average_last']): boolean {
  if (!average) return false;
  const before = steps - step;
  return before % average.every === 0 && before / average.every < average.snapshots;
}

/** Adds weights to the sums of snapshots. */
export function addSnapshot(sums: Map<string, Float32Array>, weights: FloatWeights): void {
  for (const [name, { data }] of weights) {
    const sum = sums.get(name) ?? new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) sum[i] += data[i];
    sums.set(name, sum);
  }
}

/**
 * The weights that a run ends with: the mean of its snapshots, or the last step's; of these and other runs' the mean; with a share of
 * the start's mixed in. What is behind the encoder has no start worth keeping.
 */
export function finalWeights(
  last: FloatWeights,
  snapshots: { sums: ReadonlyMap<string, Float32Array>; count: number } | undefined,
  others: readonly FloatWeights[],
  start: FloatWeights,
  startShare: number,
): FloatWeights {
  const final = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, { shape, data }] of last) {
    const sum = snapshots?.sums.get(name);
    const own = sum && snapshots ? sum.map((value) => value / snapshots.count) : data;
    const theirs = others.map((weights) => weights.get(name)!.data);
    const trained = others.length
      ? own.map((value, i) => theirs.reduce((total, each) => total + each[i], value) / (others.length + 1))
      : own;
    const from = startShare > 0 && name.startsWith(ENCODER_PREFIX) ? start.get(name)!.data : undefined;
    final.set(name, { shape, data: from ? trained.map((value, i) => (1 - startShare) * value + startShare * from[i]) : trained });
  }
  return final;
}
