/**
 * The draws of an epoch: each source as often as its share says, in random order, and each of its rows once before any comes again. A pure
 * function of the seed.
 */
import { randomStream, shuffle } from '../../base/random.ts';
import type { Dataset } from './dataset.ts';

/** Kinds of random streams: each use has its own, so that one more draw in one place changes nothing elsewhere. */
export const STREAM = { order: 1, rows: 2, labels: 3, batches: 4, dropout: 5 } as const;

/** Draws by number. */
export interface EpochDraws {
  /** Share of the mix of each source. */
  readonly shares: readonly number[];
  readonly drawsPerEpoch: number;
  /** What draw number `draw` of an epoch shows, both from 0: a source and a row of it. Cheap within an epoch. */
  at(epoch: number, draw: number): { source: number; row: number };
}

/** Mixes sources by their sizes. @param mixingTemperature exponent on the sizes */
export function createEpochDraws({ sources, rows: allRows }: Dataset, seed: number, mixingTemperature: number): EpochDraws {
  const sizes = sources.map((source) => source.weight * source.rows ** mixingTemperature);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const shares = sizes.map((size) => size / total);
  const draws = shares.map((share) => Math.max(1, Math.round(share * allRows)));
  const drawsPerEpoch = draws.reduce((sum, count) => sum + count, 0);

  // The sources of an epoch's draws, shuffled, and the number of each draw within its source.
  let epochNumber = -1;
  let drawSource = new Int32Array(0);
  let drawNumber = new Int32Array(0);
  const enter = (epoch: number): void => {
    if (epoch === epochNumber) return;
    drawSource = new Int32Array(drawsPerEpoch);
    drawNumber = new Int32Array(drawsPerEpoch);
    let at = 0;
    draws.forEach((count, source) => {
      drawSource.fill(source, at, at + count);
      at += count;
    });
    shuffle(drawSource, randomStream(seed, STREAM.order, epoch));
    const next = draws.map((count) => epoch * count);
    for (let i = 0; i < drawsPerEpoch; i++) drawNumber[i] = next[drawSource[i]]++;
    epochNumber = epoch;
  };

  // Each source is walked through in a new random order every time it is used up.
  const walks = sources.map(() => ({ round: -1, order: new Int32Array(0) }));
  const rowOf = (source: number, draw: number): number => {
    const { rows } = sources[source];
    const round = Math.floor(draw / rows);
    const walk = walks[source];
    if (walk.round !== round) {
      walk.order = shuffle(
        Int32Array.from({ length: rows }, (_, i) => i),
        randomStream(seed, STREAM.rows, source, round),
      );
      walk.round = round;
    }
    return walk.order[draw % rows];
  };

  return {
    shares,
    drawsPerEpoch,
    at(epoch, draw) {
      enter(epoch);
      const source = drawSource[draw];
      return { source, row: rowOf(source, drawNumber[draw]) };
    },
  };
}
