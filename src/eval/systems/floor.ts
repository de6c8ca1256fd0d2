/** The floors of every table: labels at random, and the most frequent label. Know no text. */

import { seededRandom } from '../../base/random.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { ScoreMatrix, System, SystemKind } from './system.ts';
import { wholeOption } from './system-spec.ts';

/** Kinds of systems that only mark how low a table goes. */
export const isFloor = (kind: string): boolean => kind === 'random' || kind === 'majority';

/** Rows scaled to sum 1. */
function normalized(each: Float32Array, columns: number): Float32Array {
  const choice = new Float32Array(each.length);
  for (let start = 0; start < each.length; start += columns) {
    let sum = 0;
    for (let i = start; i < start + columns; i++) sum += each[i];
    for (let i = start; i < start + columns; i++) choice[i] = sum > 0 ? each[i] / sum : 1 / columns;
  }
  return choice;
}

const matrixOf = (rows: number, columns: number, each: Float32Array): ScoreMatrix => ({
  rows,
  columns,
  each,
  choice: normalized(each, columns),
});

/** Uniform random scores, the same in every run. */
export const RANDOM: SystemKind = {
  description: 'uniform random scores, seeded',
  takesModel: false,
  modelSource: 'none',
  options: { seed: 'seed of the random numbers (default 1)' },
  async create({ spec }): Promise<System> {
    const seed = wholeOption(spec, 'seed', 1, 0);
    let random = seededRandom(seed);
    return {
      notes: { seed },
      async prepare() {
        random = seededRandom(seed);
      },
      score: async (texts, labels) =>
        matrixOf(
          texts.length,
          labels.length,
          Float32Array.from({ length: texts.length * labels.length }, () => random()),
        ),
      dispose: async () => {},
    };
  },
};

/** Each label scored by its share of the texts: of `train.jsonl` where the set has one, else of the test texts themselves. */
export const MAJORITY: SystemKind = {
  description: 'the most frequent label for every text (counted in train.jsonl, else in the test texts)',
  takesModel: false,
  modelSource: 'none',
  options: {},
  async create(): Promise<System> {
    let share = new Map<string, number>();
    return {
      notes: {},
      async prepare(set: EvalSet) {
        const truths = set.examples?.map(({ labels }) => labels) ?? set.truth;
        share = new Map();
        for (const labels of truths) for (const label of labels) share.set(label, (share.get(label) ?? 0) + 1 / truths.length);
      },
      score: async (texts, labels) => {
        const row = labels.map((label) => share.get(label) ?? 0);
        return matrixOf(
          texts.length,
          labels.length,
          Float32Array.from({ length: texts.length * labels.length }, (_, i) => row[i % labels.length]),
        );
      },
      dispose: async () => {},
    };
  },
};
