/**
 * Which examples a step trains on and which labels each shows: a pure function of the data (with the near labels, of the teacher too), the
 * settings, the seed and the step's number, so that a resumed run goes on with exactly the batches that it would have had.
 */
import { randomInteger, randomStream, shuffle } from '../../base/random.ts';
import { buildJointSequence, type JointLayout, type JointSequence, labelTokens, padBatch } from '../../text/joint-sequence.ts';
import type { TrainingBatch } from '../engine/training-session.ts';
import { type DataSource, type Dataset, NEGATION, negationOf } from './dataset.ts';
import { type LateBatchSettings, lateTrainingBatch } from './late-batch.ts';
import type { NearLabels, SourceNearLabels } from './near-labels.ts';

/** Settings of sampling; fields as in settings.ts. */
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

/**
 * The nearest labels that wrong ones are drawn from, as a multiple of the labels shown: were they always the very nearest, a label would
 * have the same few beside it every time.
 */
const NEAR = 2;

/** The most labels of other files that an example is shown with. */
const MOST_UNRELATED = 4;

/** The nearest labels that a wrong one is drawn from to be shown with its negation. */
const NEAR_TO_NEGATED = 10;

/** The most likely that label noise makes a wrong label: it stays one. */
const LIKELIEST_WRONG = 0.45;

/** Tries to find a further wrong label before an example is shown with fewer. */
const TRIES = 4;

// Kinds of random streams: each use has its own, so that one more draw in one place changes nothing elsewhere.
const ORDER = 1;
const ROWS = 2;
const LABELS = 3;
const BATCHES = 4;

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

type ShownLabels = Pick<ShownExample, 'labels' | 'targets' | 'negated'>;

/**
 * A label and its negation, either of which may be the true one; undefined where the label drawn has a negation already or both do not
 * fit beside the text. Half of the wrong labels are hard negatives or near ones, where there are any.
 */
function chooseNegation(
  dataset: Dataset,
  source: DataSource,
  row: number,
  layout: JointLayout,
  room: number,
  random: () => number,
  near: SourceNearLabels | undefined,
): ShownLabels | undefined {
  const truth = source.labels.at(row);
  const any = (labels: ArrayLike<number>) => labels[randomInteger(random, labels.length)];
  const isAskedForTrue = truth.length > 0 && random() < 0.5;
  let label: number;
  if (isAskedForTrue) label = any(truth);
  else {
    const hard = source.notLabels.at(row);
    const close = hard.length > 0 ? hard : truth.length > 0 && near ? near.nearest(any(truth), NEAR_TO_NEGATED) : hard;
    label = close.length > 0 && random() < 0.5 ? any(close) : any(source.labelSet);
  }
  if (dataset.labelNames[label].toLowerCase().startsWith(NEGATION)) return undefined;
  const isTrue = Number(truth.includes(label));
  const negation = negationOf(dataset, label);
  const lengths = [label, negation].map((shown) => dataset.labelIds.at(shown).length);
  if (labelTokens(lengths, layout) > room) return undefined;
  const pair = [
    { shown: label, target: isTrue },
    { shown: negation, target: 1 - isTrue },
  ];
  shuffle(pair, random);
  return { labels: pair.map(({ shown }) => shown), targets: pair.map(({ target }) => target), negated: true };
}

function chooseLabels(
  dataset: Dataset,
  source: DataSource,
  row: number,
  layout: JointLayout,
  settings: SamplingSettings,
  random: () => number,
  near: SourceNearLabels | undefined,
): ShownLabels {
  const { minLabels, maxLabels } = settings;
  const textLength = Math.min(source.texts.at(row).length, layout.textShare);
  // Labels that are sequences of their own take no room from the text.
  const room = settings.late ? Number.POSITIVE_INFINITY : layout.capacity - textLength;
  // Without the setting nothing is drawn, here and below: the batches of runs that do not use it stay what they were.
  if (settings.negatedShare > 0 && random() < settings.negatedShare) {
    const negated = chooseNegation(dataset, source, row, layout, room, random, near);
    if (negated) return negated;
  }
  const size = minLabels + randomInteger(random, maxLabels - minLabels + 1);
  const isTrue = new Set(source.labels.at(row));
  const truth = shuffle([...isTrue], random).slice(0, Math.max(1, size - 1));
  const kept = truth.filter((_, at) => at === 0 || random() >= settings.labelDropout);
  const shown = random() < settings.noneShare ? [] : kept;
  const tokensOf = () =>
    labelTokens(
      shown.map((label) => dataset.labelIds.at(label).length),
      layout,
    );
  let tokens = tokensOf();
  // One always fits: no label is longer than `labelLimit`.
  for (; tokens > room && shown.length > 1; tokens = tokensOf()) shown.pop();
  const chosen = new Set<number>(shown);
  let most = size;
  const add = (label: number): void => {
    if (chosen.size >= most || chosen.has(label) || isTrue.has(label)) return;
    const cost = dataset.labelIds.at(label).length + layout.markerIds.length + layout.separatorIds.length;
    if (tokens + cost > room) return;
    tokens += cost;
    chosen.add(label);
  };
  for (const label of shuffle([...source.notLabels.at(row)], random).slice(0, settings.hardNegatives)) add(label);
  if (near && settings.nearNegatives > 0 && random() < settings.nearNegatives && isTrue.size > 0) {
    const nearTo = [...isTrue][randomInteger(random, isTrue.size)];
    for (const label of shuffle([...near.nearest(nearTo, NEAR * size)], random)) add(label);
  }
  // Half as frequent labels come (another row's true label), half evenly from all: both kinds of label sets occur in use.
  for (let tries = TRIES * size; chosen.size < size && tries > 0; tries--) {
    const other = source.labels.at(randomInteger(random, source.rows));
    if (random() < 0.5 && other.length > 0) add(other[randomInteger(random, other.length)]);
    else add(source.labelSet[randomInteger(random, source.labelSet.length)]);
  }
  if (settings.unrelatedNegatives > 0 && random() < settings.unrelatedNegatives) {
    most = chosen.size + 1 + randomInteger(random, MOST_UNRELATED);
    // Evenly from the labels of all files: by their rows, "positive" and the like would come again and again, beside texts of which they are true.
    for (let tries = TRIES * MOST_UNRELATED; chosen.size < most && tries > 0; tries--) {
      const label = randomInteger(random, dataset.labelNames.length);
      if (dataset.labelIds.at(label).length > 0) add(label);
    }
  }
  const labels = shuffle([...chosen], random);
  return { labels, targets: labels.map((label) => (isTrue.has(label) ? 1 : 0)) };
}

/** Makes a sampler over a data set. `near`: what near negatives are drawn from; without it there are none. */
export function createSampler(dataset: Dataset, layout: JointLayout, settings: SamplingSettings, near?: NearLabels): Sampler {
  const { seed } = settings;
  const { sources } = dataset;
  const sizes = sources.map((source) => source.weight * source.rows ** settings.mixingTemperature);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const shares = sizes.map((size) => size / total);
  const draws = shares.map((share) => Math.max(1, Math.round(share * dataset.rows)));
  const drawsPerEpoch = draws.reduce((sum, count) => sum + count, 0);
  // Of fewer rows than a batch has, each batch shows all.
  const batchSize = Math.min(settings.batchSize, drawsPerEpoch);
  const batchesPerEpoch = Math.floor(drawsPerEpoch / batchSize);

  // The sources of an epoch's draws, shuffled, and the number of each draw within its source.
  let epochNumber = -1;
  let drawSource = new Int32Array(0);
  let drawNumber = new Int32Array(0);
  const enterEpoch = (epoch: number): void => {
    if (epoch === epochNumber) return;
    drawSource = new Int32Array(drawsPerEpoch);
    drawNumber = new Int32Array(drawsPerEpoch);
    let at = 0;
    draws.forEach((count, source) => {
      drawSource.fill(source, at, at + count);
      at += count;
    });
    shuffle(drawSource, randomStream(seed, ORDER, epoch));
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
        randomStream(seed, ROWS, source, round),
      );
      walk.round = round;
    }
    return walk.order[draw % rows];
  };

  interface Prepared {
    example: ShownExample;
    /** Tokens of the longest sequence that it is read in. */
    length: number;
    /** Absent where labels are read once. */
    sequence?: JointSequence;
  }
  const prepare = (epoch: number, draw: number): Prepared => {
    const source = drawSource[draw];
    const row = rowOf(source, drawNumber[draw]);
    const random = randomStream(seed, LABELS, epoch, draw);
    const data = sources[source];
    const shown = chooseLabels(dataset, data, row, layout, settings, random, near?.[source]);
    const example = { source, row, ...shown };
    if (settings.late) return { example, length: Math.min(data.texts.at(row).length, layout.capacity) + 2 };
    const sequence = buildJointSequence(
      layout,
      data.texts.at(row),
      shown.labels.map((label) => dataset.labelIds.at(label)),
    );
    return { example, length: sequence.inputIds.length, sequence };
  };

  let megabatchNumber = -1;
  let megabatch: Prepared[][] = [];
  const megabatchesPerEpoch = Math.ceil(batchesPerEpoch / MEGABATCH);
  const enterMegabatch = (number: number): void => {
    if (number === megabatchNumber) return;
    const epoch = Math.floor(number / megabatchesPerEpoch);
    enterEpoch(epoch);
    const first = (number % megabatchesPerEpoch) * MEGABATCH;
    const count = Math.min(MEGABATCH, batchesPerEpoch - first);
    const prepared = Array.from({ length: count * batchSize }, (_, i) => prepare(epoch, first * batchSize + i)).sort(
      (a, b) => a.length - b.length,
    );
    megabatch = shuffle(
      Array.from({ length: count }, (_, i) => prepared.slice(i * batchSize, (i + 1) * batchSize)),
      randomStream(seed, BATCHES, number),
    );
    megabatchNumber = number;
  };

  /** The examples of batch number `index`, the shortest first. */
  const preparedBatch = (index: number): Prepared[] => {
    const within = index % batchesPerEpoch;
    enterMegabatch(Math.floor(index / batchesPerEpoch) * megabatchesPerEpoch + Math.floor(within / MEGABATCH));
    return megabatch[within % MEGABATCH];
  };
  const padded = (chosen: readonly Prepared[]): SampledBatch => {
    const examples = chosen.map(({ example }) => example);
    const likely = examples.map(({ source, targets }) => likelyTargets(targets, sources[source].labelNoise));
    if (settings.late) return lateTrainingBatch(dataset, layout, examples, likely, settings.late);
    const joint = padBatch(
      chosen.map(({ sequence }) => sequence!),
      layout.special.pad,
    );
    const targets = new Float32Array(joint.batch * joint.labels); // [B, N]
    const valid = new Float32Array(targets.length); // [B, N]
    for (const [row, example] of examples.entries()) {
      targets.set(likely[row], row * joint.labels);
      valid.fill(1, row * joint.labels, row * joint.labels + example.labels.length);
    }
    return {
      batch: { ...joint, targets, valid },
      examples,
      columns: examples.map(({ labels }) => labels),
    };
  };

  return {
    batchesPerEpoch,
    batchSize,
    shares,
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
