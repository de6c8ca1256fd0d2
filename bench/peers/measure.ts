/** Measures systems that take turns, each between two runs of the encoder alone, so that whatever else the machine does meets both. */
import type { Peer, Times } from './peer.ts';
import { labelSet } from './workload.ts';

/** What was found of a system with so many labels; medians of the rounds. */
export interface Measurement {
  name: string;
  labels: number;
  /** Texts a second, labels being ready. */
  rate: number;
  /** Share of the rate of the encoder alone. */
  share: number;
  /** What a label set costs that the system has not seen, in ms; absent where it was too slow to ask twice. */
  preparation?: number;
  /** Share of the encoder's rate when a thousand texts and the preparation of their labels are counted. */
  shareCounted: number;
  /** A text's time as a multiple of the first system's. */
  times: number;
  /** One text a call, by the clock, in ms. */
  p50: number;
  p99: number;
  /** Texts of a call, and calls of one text, all rounds together. */
  texts: number;
  singles: number;
  rounds: number;
}

/** How it is measured. */
export interface RoundSettings {
  rounds: number;
  /** A system that needs longer for all texts is given fewer; one that needs longer for one text is measured in one round. */
  seconds: number;
  /** By the processor's time instead of the clock's. */
  byProcessor: boolean;
  note: (line: string) => void;
}

/** What one round showed. */
interface Sample {
  /** ms a text, and of the encoder alone before and after. */
  cost: number;
  floor: number;
  preparation?: number;
}

interface Cell {
  samples: (Sample | undefined)[];
  singles: number[];
  texts: number;
  /** One text takes longer than a round may. */
  isSlow: boolean;
}

/** A text that is expected to take so many times longer than a round may is not asked for twice. */
const FAR = 4;

/** Label sets that were drawn in this process: no system is given one twice. */
let sets = 0;

/** Texts that the times of a label set's preparation are counted over. */
const COUNTED_TEXTS = 1000;

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];

/** By nearest rank. */
const quantile = (list: readonly number[], share: number): number =>
  [...list].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * list.length) - 1)];

/** Measures with each number of labels, rising; rows by number of labels, the encoder alone first. */
export async function measureInRounds(
  floor: Peer,
  peers: readonly Peer[],
  texts: readonly string[],
  labelCounts: readonly number[],
  { rounds, seconds, byProcessor, note }: RoundSettings,
): Promise<Measurement[]> {
  const costOf = ({ ms, cpu }: Times): number => (byProcessor ? cpu : ms.reduce((sum, each) => sum + each, 0));
  const most = seconds * 1000;
  const fitting = (ms: number): number => Math.max(1, Math.min(texts.length, Math.floor(most / ms)));
  const cells = new Map<string, Cell>();
  const cellOf = ({ name }: Peer, count: number): Cell => {
    const key = `${name} ${count}`;
    return cells.get(key) ?? cells.set(key, { samples: [], singles: [], texts: 0, isSlow: false }).get(key)!;
  };

  /** One system, one label set, one round. `expected`: ms of a text, as far as is known */
  async function sampleOf(peer: Peer, labels: readonly string[], cell: Cell, expected: number): Promise<Omit<Sample, 'floor'>> {
    const one = [texts[0]];
    const first = await peer.classify(one, labels, true);
    if (expected > FAR * most) {
      cell.singles.push(...first.ms);
      cell.texts = 1;
      cell.isSlow = true;
      return { cost: costOf(first) };
    }
    const again = await peer.classify(one, labels, true);
    const preparation = Math.max(0, costOf(first) - costOf(again));
    const size = fitting(costOf(again));
    cell.texts = size;
    if (costOf(again) > most) {
      cell.singles.push(...again.ms);
      cell.isSlow = true;
      return { cost: costOf(again), preparation };
    }
    const whole = await peer.classify(texts.slice(0, size), labels, false);
    cell.singles.push(...(await peer.classify(texts.slice(0, size), labels, true)).ms);
    return { cost: costOf(whole) / size, preparation };
  }

  const floorCost = async (): Promise<number> => costOf(await floor.classify(texts, [], false)) / texts.length;
  const floorCell = cellOf(floor, 0);
  // What is first loaded, compiled or allocated is no part of a round.
  const first = labelSet(labelCounts[0], sets++);
  for (const peer of [floor, ...peers]) await peer.classify(texts.slice(0, 8), first, false);
  for (let round = 0; round < rounds; round++) {
    note(`round ${round + 1} of ${rounds}`);
    floorCell.singles.push(...(await floor.classify(texts, [], true)).ms);
    const slowness = new Map<Peer, number>(); // ms a text and label, as far as is known
    for (const count of labelCounts) {
      const labels = labelSet(count, sets++);
      for (const peer of peers) {
        const cell = cellOf(peer, count);
        if (cell.isSlow) continue;
        const before = await floorCost();
        const sample = await sampleOf(peer, labels, cell, (slowness.get(peer) ?? 0) * count);
        const after = await floorCost();
        slowness.set(peer, sample.cost / count);
        cell.samples[round] = { ...sample, floor: (before + after) / 2 };
        floorCell.samples.push({ cost: after, floor: after });
      }
    }
  }

  const overFloor = ({ cost, floor }: Sample): number => cost / floor;
  const measurementOf = (peer: Peer, count: number, cell: Cell, reference: Cell | undefined): Measurement => {
    const samples = cell.samples.filter((sample) => sample !== undefined);
    const prepared = samples.flatMap(({ preparation }) => (preparation === undefined ? [] : [preparation]));
    const ratios = cell.samples.flatMap((sample, round) => {
      const other = reference?.samples[round];
      return sample && other ? [overFloor(sample) / overFloor(other)] : [];
    });
    return {
      ...{ name: peer.name, labels: count, texts: cell.texts, singles: cell.singles.length, rounds: samples.length },
      rate: 1000 / median(samples.map(({ cost }) => cost)),
      share: median(samples.map((sample) => 1 / overFloor(sample))),
      preparation: prepared.length > 0 ? median(prepared) : undefined,
      shareCounted: median(samples.map(({ cost, floor, preparation = 0 }) => floor / (cost + preparation / COUNTED_TEXTS))),
      times: ratios.length > 0 ? median(ratios) : Number.NaN,
      ...{ p50: quantile(cell.singles, 0.5), p99: quantile(cell.singles, 0.99) },
    };
  };
  floorCell.texts = texts.length;
  return [
    measurementOf(floor, 0, floorCell, undefined),
    ...labelCounts.flatMap((count) => peers.map((peer) => measurementOf(peer, count, cellOf(peer, count), cellOf(peers[0], count)))),
  ];
}
