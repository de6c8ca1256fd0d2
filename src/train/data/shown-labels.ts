/** Which labels an example is shown with: true ones, wrong ones of several kinds, or a label and its negation. */
import { randomInteger, shuffle } from '../../base/random.ts';
import { type JointLayout, labelTokens } from '../../text/joint-sequence.ts';
import { type DataSource, type Dataset, NEGATION, negationOf } from './dataset.ts';
import type { SourceNearLabels } from './near-labels.ts';
import type { SamplingSettings, ShownExample } from './sampling.ts';

/**
 * The nearest labels that wrong ones are drawn from, as a multiple of the labels shown: were they always the very nearest, a label would
 * have the same few beside it every time.
 */
const NEAR = 2;

/** The most labels of other files that an example is shown with. */
const MOST_UNRELATED = 4;

/** The nearest labels that a wrong one is drawn from to be shown with its negation. */
const NEAR_TO_NEGATED = 10;

/** Tries to find a further wrong label before an example is shown with fewer. */
const TRIES = 4;

/** The labels of an example as they are shown once. */
export type LabelDraw = Pick<ShownExample, 'labels' | 'targets' | 'negated'>;

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
): LabelDraw | undefined {
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

/**
 * The labels that a row is shown with, as many as the settings and the room beside its text allow.
 * @param near what near negatives are drawn from; without it there are none
 */
export function chooseLabels(
  dataset: Dataset,
  source: DataSource,
  row: number,
  layout: JointLayout,
  settings: SamplingSettings,
  random: () => number,
  near: SourceNearLabels | undefined,
): LabelDraw {
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
