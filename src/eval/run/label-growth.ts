/** How the time of a system grows with the number of labels, from 2 to 1000. Knows systems and sets. */
import { errorMessage } from '../../base/errors.ts';
import type { LabelGrowth } from '../report/result-types.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { System } from '../systems/system.ts';

/** Numbers of labels that are timed. */
const GROWTH_STEPS: readonly number[] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1000];
const TEXTS = 8;
/** After a step that took this long, larger ones are left out. */
const LONGEST_STEP_SECONDS = 20;

/** The labels of all sets without repetition, then the same with a number, until there are `count`. */
export function growthLabels(sets: readonly Pick<EvalSet, 'labels'>[], count: number): string[] {
  const names = [...new Set(sets.flatMap(({ labels }) => labels))];
  for (let round = 2; names.length < count; round++) {
    const size = names.length;
    for (let i = 0; i < size && names.length < count; i++) names.push(`${names[i]} ${round}`);
  }
  return names.slice(0, count);
}

/** Texts of all sets in turn. */
function growthTexts(sets: readonly Pick<EvalSet, 'texts'>[], count = TEXTS): string[] {
  const texts: string[] = [];
  for (let row = 0; texts.length < count && sets.some((set) => row < set.texts.length); row++)
    for (const set of sets) if (row < set.texts.length && texts.length < count) texts.push(set.texts[row]);
  return texts;
}

/** Times a system on the same texts with more and more labels, each time after a warm-up with those labels and one text. */
export async function measureGrowth(
  name: string,
  system: System,
  sets: readonly EvalSet[],
  onProgress?: (done: number, total: number) => void,
): Promise<LabelGrowth> {
  const texts = growthTexts(sets);
  const labels = growthLabels(sets, GROWTH_STEPS[GROWTH_STEPS.length - 1]);
  const points: LabelGrowth['points'] = [];
  let stopped: string | undefined;
  let failed = false;
  for (const [at, count] of GROWTH_STEPS.entries()) {
    const candidates = labels.slice(0, count);
    const step = performance.now();
    const onPart = (part: number, total: number) => onProgress?.(at + part / total, GROWTH_STEPS.length);
    try {
      await system.score(texts.slice(0, 1), candidates, {});
      const begin = performance.now();
      await system.score(texts, candidates, { onPart });
      points.push({ labels: count, millisecondsPerText: (performance.now() - begin) / texts.length });
    } catch (error) {
      stopped = `${count} labels: ${errorMessage(error)}`;
      failed = true;
      break;
    }
    onProgress?.(at + 1, GROWTH_STEPS.length);
    const seconds = (performance.now() - step) / 1000;
    if (seconds > LONGEST_STEP_SECONDS && at + 1 < GROWTH_STEPS.length) {
      stopped = `${count} labels took ${seconds.toFixed(0)} s`;
      break;
    }
  }
  return { system: name, texts: texts.length, points, ...(stopped ? { stopped } : {}), ...(failed ? { failed } : {}) };
}
