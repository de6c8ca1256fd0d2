/**
 * Runs one system over one set: all scores, how long they took, and how long single texts take.
 * Knows systems and sets; nothing of metrics, files or processes.
 */

import { quantile } from '../metrics/significance.ts';
import type { Timing } from '../report/result-types.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { ScoreMatrix, ScoreOptions, System } from '../systems/system.ts';

/** How a set is scored. */
export interface ScoreSettings extends Omit<ScoreOptions, 'onPart'> {
  /** At most this many texts are timed alone; 0 for none. */
  latencyCalls: number;
  /** Seconds after which no further text is timed alone, once 10 are; after six times as long none is in any case. */
  latencySeconds?: number;
  onProgress?: (stage: Stage, done: number, total: number) => void;
}

/** What a system is doing with a set: getting ready (parts of its own), scoring all texts, or scoring single ones for latency (texts). */
export type Stage = 'preparing' | 'scoring' | 'latency';

/** Scores of a set and their times. */
export interface ScoredSet {
  matrix: ScoreMatrix;
  timing: Timing;
}

/** A chunk lasts about this long, so that progress moves and an interruption loses little. */
const CHUNK_SECONDS = 2;
const LARGEST_CHUNK = 1024;
const FEWEST_LATENCY_CALLS = 10;
const LATENCY_PATIENCE = 6;

/** Texts that share their candidates: rows of the set, and columns of its labels. */
interface CandidateGroup {
  rows: number[];
  columns: number[];
  labels: string[];
}

/** Groups the rows by their candidates, in order of first appearance. */
export function candidateGroups(set: Pick<EvalSet, 'texts' | 'labels' | 'recordLabels'>): CandidateGroup[] {
  const all = set.labels.map((_, column) => column);
  if (!set.recordLabels) return [{ rows: set.texts.map((_, row) => row), columns: all, labels: set.labels }];
  const columnOf = new Map(set.labels.map((label, column) => [label, column]));
  const groups = new Map<string, CandidateGroup>();
  set.recordLabels.forEach((labels, row) => {
    const columns = labels.map((label) => columnOf.get(label) as number);
    const key = columns.join(' ');
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { rows: [row], columns, labels });
  });
  return [...groups.values()];
}

/** @throws Error for scores of another shape than asked for, and for NaN in rows that are not marked as unanswered. */
function checkScores({ rows, columns, choice, each, unanswered = [] }: ScoreMatrix, texts: number, labels: number): void {
  if (rows !== texts || columns !== labels || choice.length !== texts * labels || each.length !== texts * labels)
    throw new Error(`a system gave scores of ${rows} x ${columns} for ${texts} texts and ${labels} labels`);
  const hasNone = new Set(unanswered);
  const isBroken = (score: number, cell: number) => Number.isNaN(score) && !hasNone.has(Math.floor(cell / columns));
  if (choice.some(isBroken) || each.some(isBroken))
    throw new Error('a system gave NaN as a score: its weights or its arithmetic are broken');
}

/** Scores every text of a set. Cells of labels that are no candidates of a text, and rows without an answer, are NaN. */
export async function scoreSet(system: System, set: EvalSet, settings: ScoreSettings): Promise<ScoredSet> {
  const { latencyCalls, latencySeconds = 20, onProgress, ...options } = settings;
  const [rows, columns] = [set.texts.length, set.labels.length];
  const choice = new Float32Array(rows * columns).fill(Number.NaN);
  const each = new Float32Array(rows * columns).fill(Number.NaN);
  const groups = candidateGroups(set);
  const preparing = performance.now();
  await system.prepare?.(set, { ...options, onPart: (part, total) => onProgress?.('preparing', part, total) });
  const prepareSeconds = (performance.now() - preparing) / 1000;
  // The first call pays for what is made once (sessions, memory), which is no property of a text.
  await system.score(set.texts.slice(0, 1), groups[0].labels.slice(0, 2), options);

  onProgress?.('scoring', 0, rows);
  let done = 0;
  let chunk = 4;
  let seconds = 0;
  for (const group of groups) {
    for (let start = 0; start < group.rows.length; ) {
      const part = group.rows.slice(start, start + chunk);
      const begin = performance.now();
      const scored = await system.score(
        part.map((row) => set.texts[row]),
        group.labels,
        { ...options, onPart: (parts, total) => onProgress?.('scoring', done + (part.length * parts) / total, rows) },
      );
      const took = (performance.now() - begin) / 1000;
      checkScores(scored, part.length, group.labels.length);
      part.forEach((row, i) => {
        group.columns.forEach((column, j) => {
          choice[row * columns + column] = scored.choice[i * group.labels.length + j];
          each[row * columns + column] = scored.each[i * group.labels.length + j];
        });
      });
      start += part.length;
      done += part.length;
      seconds += took;
      if (groups.length === 1) chunk = Math.round(Math.min(LARGEST_CHUNK, 8 * chunk, Math.max(4, (part.length * CHUNK_SECONDS) / took)));
      onProgress?.('scoring', done, rows);
    }
  }

  const groupOf = new Map(groups.flatMap((group) => group.rows.map((row) => [row, group] as const)));
  const calls: number[] = [];
  const timed = Math.min(latencyCalls, rows);
  const start = performance.now();
  const goesOn = (calls: number): boolean => {
    const seconds = (performance.now() - start) / 1000;
    return seconds < latencySeconds || (calls < FEWEST_LATENCY_CALLS && seconds < LATENCY_PATIENCE * latencySeconds);
  };
  for (let i = 0; i < timed && goesOn(i); i++) {
    const row = Math.floor((i * rows) / timed);
    const begin = performance.now();
    await system.score([set.texts[row]], (groupOf.get(row) as CandidateGroup).labels, {
      ...options,
      onPart: (parts, total) => onProgress?.('latency', i + parts / total, timed),
    });
    calls.push(performance.now() - begin);
    onProgress?.('latency', i + 1, timed);
  }
  return {
    matrix: { rows, columns, choice, each },
    timing: {
      prepareSeconds,
      seconds,
      textsPerSecond: seconds > 0 ? rows / seconds : 0,
      latency: calls.length
        ? { calls: calls.length, p50: quantile(calls, 0.5), p95: quantile(calls, 0.95), p99: quantile(calls, 0.99) }
        : null,
    },
  };
}
