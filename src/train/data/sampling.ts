/**
 * Which examples a step trains on and which labels each shows: a pure function of the data (with the near labels, of the teacher too), the
 * settings, the seed and the step's number, so that a resumed run goes on with exactly the batches that it would have had.
 */
import { randomStream, shuffle } from '../../base/random.ts';
import { buildJointSequence, type JointLayout, type JointSequence } from '../../text/joint-sequence.ts';
import type { TrainingBatch } from '../engine/training-session.ts';
import type { Dataset } from './dataset.ts';
import { createEpochDraws, STREAM } from './epoch-draws.ts';
import { jointTrainingBatch } from './joint-batch.ts';
import { type LateBatchSettings, lateTrainingBatch } from './late-batch.ts';
import type { NearLabels } from './near-labels.ts';
import { chooseLabels } from './shown-labels.ts';

/** Settings of sampling; fields as in settings-schema.ts. */
export interface SamplingSettings {
  seed: number;
  batchSize: number;
  /** Exponent on source sizes. */
  mixingTemperature: number;
  minLabels: number;
  maxLabels: number;
  hardNegatives: number;
  noneShare: number;
  labelDropout: number;
  nearNegatives: number;
  unrelatedNegatives: number;
  /** Above 0 the data set holds negations. */
  negatedShare: number;
  /** Most tokens of a part of a batch, padding included; absent: batches are whole. */
  maxPassTokens?: number;
  /** For models that read labels once; absent: joint sequences. */
  late?: LateBatchSettings;
}

/** One example as it is shown once. */
export interface ShownExample {
  source: number;
  row: number;
  /** Label numbers in the order shown. */
  labels: number[];
  /** 1 for true labels, else 0. */
  targets: number[];
  /** A label and its negation: similarity of embeddings, which hardly tells them apart, has nothing to teach here. */
  negated?: boolean;
}

/** A training batch and what it was made of. */
export interface SampledBatch {
  batch: TrainingBatch;
  examples: ShownExample[];
  /** Label numbers of the columns of each example's scores. */
  columns: readonly (readonly number[])[];
}

/** Batches by number. */
export interface Sampler {
  /** Batches in one pass over the data, which leaves out less than one. */
  readonly batchesPerEpoch: number;
  /** Examples of a batch. */
  readonly batchSize: number;
  /** Share of the mix of each source. */
  readonly shares: readonly number[];
  /** Batch number `index`, from 0. */
  batch(index: number): SampledBatch;
  /** The same examples in parts of about equally many, none with more than `maxPassTokens` as long as it has more than one example. */
  parts(index: number): SampledBatch[];
}

/** Batches of a megabatch, whose examples are drawn together and sorted by length, so that little of a batch is padding. */
const MEGABATCH = 16;

/** The most likely that label noise makes a wrong label: it stays one. */
const LIKELIEST_WRONG = 0.45;

/**
 * How likely labels are to be true where a share of a file's true labels is not: what is taken from each true label goes to the wrong ones
 * in equal parts, so that the sum stays.
 */
function likelyTargets(targets: readonly number[], noise: number): readonly number[] {
  const isTrue = targets.filter((target) => target === 1).length;
  const wrong = targets.length - isTrue;
  if (noise === 0 || isTrue === 0 || wrong === 0) return targets;
  const likelyWrong = Math.min(LIKELIEST_WRONG, (noise * isTrue) / wrong);
  const likelyTrue = 1 - (likelyWrong * wrong) / isTrue;
  return targets.map((target) => (target === 1 ? likelyTrue : likelyWrong));
}

/** An example with what tells how long it is. */
interface PreparedExample {
  example: ShownExample;
  /** Tokens of the longest sequence that it is read in. */
  length: number;
  /** Absent where labels are read once. */
  sequence?: JointSequence;
}

/** Makes a sampler over a data set. `near`: what near negatives are drawn from; without it there are none. */
export function createSampler(dataset: Dataset, layout: JointLayout, settings: SamplingSettings, near?: NearLabels): Sampler {
  const { seed, late } = settings;
  const { sources } = dataset;
  const draws = createEpochDraws(dataset, seed, settings.mixingTemperature);
  // Of fewer rows than a batch has, each batch shows all.
  const batchSize = Math.min(settings.batchSize, draws.drawsPerEpoch);
  const batchesPerEpoch = Math.floor(draws.drawsPerEpoch / batchSize);
  const megabatchesPerEpoch = Math.ceil(batchesPerEpoch / MEGABATCH);

  const prepare = (epoch: number, draw: number): PreparedExample => {
    const { source, row } = draws.at(epoch, draw);
    const random = randomStream(seed, STREAM.labels, epoch, draw);
    const data = sources[source];
    const shown = chooseLabels(dataset, data, row, layout, settings, random, near?.[source]);
    const example = { source, row, ...shown };
    if (late) return { example, length: Math.min(data.texts.at(row).length, layout.capacity) + 2 };
    const sequence = buildJointSequence(
      layout,
      data.texts.at(row),
      shown.labels.map((label) => dataset.labelIds.at(label)),
    );
    return { example, length: sequence.inputIds.length, sequence };
  };

  let megabatchNumber = -1;
  let megabatch: PreparedExample[][] = [];
  const enterMegabatch = (number: number): void => {
    if (number === megabatchNumber) return;
    const epoch = Math.floor(number / megabatchesPerEpoch);
    const first = (number % megabatchesPerEpoch) * MEGABATCH;
    const count = Math.min(MEGABATCH, batchesPerEpoch - first);
    const prepared = Array.from({ length: count * batchSize }, (_, i) => prepare(epoch, first * batchSize + i)).sort(
      (a, b) => a.length - b.length,
    );
    megabatch = shuffle(
      Array.from({ length: count }, (_, i) => prepared.slice(i * batchSize, (i + 1) * batchSize)),
      randomStream(seed, STREAM.batches, number),
    );
    megabatchNumber = number;
  };

  /** The examples of batch number `index`, the shortest first. */
  const preparedBatch = (index: number): PreparedExample[] => {
    const within = index % batchesPerEpoch;
    enterMegabatch(Math.floor(index / batchesPerEpoch) * megabatchesPerEpoch + Math.floor(within / MEGABATCH));
    return megabatch[within % MEGABATCH];
  };

  const padded = (chosen: readonly PreparedExample[]): SampledBatch => {
    const examples = chosen.map(({ example }) => example);
    const likely = examples.map(({ source, targets }) => likelyTargets(targets, sources[source].labelNoise));
    if (late) return lateTrainingBatch(dataset, layout, examples, likely, late);
    const sequences = chosen.map(({ sequence }) => sequence!);
    return jointTrainingBatch(layout, examples, sequences, likely);
  };

  return {
    batchesPerEpoch,
    batchSize,
    shares: draws.shares,
    batch: (index) => padded(preparedBatch(index)),
    parts(index) {
      const chosen = preparedBatch(index);
      const longest = chosen.at(-1)!.length;
      const most = settings.maxPassTokens === undefined ? chosen.length : Math.max(1, Math.floor(settings.maxPassTokens / longest));
      const count = Math.ceil(chosen.length / most);
      const edge = (part: number) => Math.round((part * chosen.length) / count);
      return Array.from({ length: count }, (_, part) => padded(chosen.slice(edge(part), edge(part + 1))));
    },
  };
}
