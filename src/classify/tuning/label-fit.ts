/**
 * How likely any of the labels fits a text at all. A text always has a best label; whether that one fits shows beside labels that the caller did not
 * name: the nearest of {@link BACKGROUND_LABELS} are scored too, and a text of another subject fits one of those better. Needs no training.
 */
import { mapped } from '../../base/probability.ts';
import { type Calibration, readsAlike } from '../../model/options.ts';
import { labelReading, type ReadLabel } from '../../text/label-texts.ts';
import type { Classifier, ScoreRequest } from '../classifier.ts';
import type { LabelingOptions } from '../library-types.ts';
import { labelProbability } from '../probabilities.ts';
import { BACKGROUND_LABELS } from './background-labels.ts';

/** Background labels beside a set. */
const NEIGHBOURS = 50;

/** A background label this near to one of the set is that label in other words. 1: the label itself, 0: as far as any. */
const SAME = 0.88;

/** Labels of a set by which its neighbours are found: of a larger one as many, evenly spread. */
const LOOKED_AT = 200;

/** Labels whose sets' neighbours are kept, of all sets together; the longest unused go. Of long labels fewer: as many as have {@link LABEL_CHARACTERS} each. */
const KEPT_LABELS = 100_000;
const LABEL_CHARACTERS = 100;

/**
 * Weights of logistic regressions, fitted with the checkpoint that ships to fourteen sets that are neither trained on nor reported (docs/abstain.md):
 * whole sets and parts of 1 to 16 labels. In calibrated logits: of the labels together, of the neighbours together, of the log of the number of labels.
 */
const WEIGHTS = {
  /** Tells texts from those whose own label was taken out: a text of the same kind that belongs elsewhere. */
  near: { labels: 1.0459, neighbours: -0.8421, size: -0.5285, bias: 3.182 },
  /** Tells texts from those of other sets: they fit the neighbours as little as the labels. */
  far: { labels: 2.2487, neighbours: 0, size: -1.2549, bias: 3.8502 },
  /** Both at once, for checkpoints that read labels together and would read other labels otherwise beside neighbours. */
  alone: { labels: 1.2338, neighbours: 0, size: -0.6071, bias: 1.5958 },
} as const;

/** How much more the best label counts than others that are true too: of the sharpnesses that were tried the best for the same sets. */
const SHARPNESS = 2;

/** Whether a text may get no label. */
export const abstains = ({ abstain, abstainBelow }: Pick<LabelingOptions, 'abstain' | 'abstainBelow'>): boolean =>
  abstain ?? abstainBelow !== undefined;

/** Log of the sum of e^(sharpness x), over the sharpness, from `first` to before `last`. */
function logSum(values: ArrayLike<number>, first: number, last: number, sharpness = 1): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let at = first; at < last; at++) top = Math.max(top, values[at]);
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (let at = first; at < last; at++) sum += Math.exp(sharpness * (values[at] - top));
  return top + Math.log(sum) / sharpness;
}

/**
 * Probability that any label fits: the least of what the regressions say.
 * @param logits of the labels [N], neighbours behind them; -Infinity for labels that were not read
 */
export function fitOf(logits: Float32Array, labels: number, { temperature, bias }: Calibration): number {
  const calibrated = mapped(logits, (logit) => logit / temperature + bias);
  const together = logSum(calibrated, 0, labels, SHARPNESS);
  const beside = logits.length > labels ? logSum(calibrated, labels, logits.length) : 0;
  const kinds = logits.length > labels ? [WEIGHTS.near, WEIGHTS.far] : [WEIGHTS.alone];
  const sums = kinds.map((of) => of.labels * together + of.neighbours * beside + of.size * Math.log(labels) + of.bias);
  return labelProbability(Math.min(...sums), { temperature: 1, bias: 0 });
}

/** Background labels that are nearest to any of these labels, without those that mean the same. @throws as Classifier.logits */
export async function neighboursOf(classifier: Pick<Classifier, 'logits'>, labels: readonly ReadLabel[]): Promise<string[]> {
  const count = Math.min(labels.length, LOOKED_AT);
  const some = Array.from({ length: count }, (_, at) => labels[Math.floor((at * labels.length) / count)]);
  const near = new Float64Array(BACKGROUND_LABELS.length).fill(Number.NEGATIVE_INFINITY);
  const beside = await classifier.logits(some.map((label) => ({ text: labelReading(label), labels: BACKGROUND_LABELS })));
  // A label is nearest to itself; how near that is depends on the model.
  const own = await classifier.logits(some.map((label) => ({ text: labelReading(label), labels: some })));
  for (const [row, { logits }] of beside.entries()) {
    const mean = logits.reduce((sum, logit) => sum + logit, 0) / logits.length;
    const self = own[row].logits[row] - mean;
    for (const [at, logit] of logits.entries()) near[at] = Math.max(near[at], (logit - mean) / self);
  }
  return [...near.keys()]
    .filter((at) => near[at] < SAME)
    .sort((a, b) => near[b] - near[a] || a - b)
    .slice(0, NEIGHBOURS)
    .map((at) => BACKGROUND_LABELS[at]);
}

/** The same classifier, whose results say how likely any label fits. Neighbours are used where labels are vectors, read as texts are. */
export function withFit<Given extends Pick<Classifier, 'options' | 'logits'>>(classifier: Given): Given {
  const { calibration } = classifier.options;
  // Labels that upper layers read cost as much as the text does.
  const isApart = classifier.options.crossAttention === 'late' && readsAlike(classifier.options);
  // The labels with their neighbours; the same array for the same labels, so that it is read once.
  const kept = new Map<string, { made: Promise<readonly ReadLabel[]>; size: number }>();
  let keptLabels = 0;
  const drop = (key: string): void => {
    keptLabels -= kept.get(key)?.size ?? 0;
    kept.delete(key);
  };
  const known = new WeakMap<readonly ReadLabel[], Promise<readonly ReadLabel[]>>();
  const extended = (labels: readonly ReadLabel[]): Promise<readonly ReadLabel[]> => {
    const same = known.get(labels);
    if (same) return same;
    const key = JSON.stringify(labels);
    const made = kept.get(key)?.made ?? neighboursOf(classifier, labels).then((near) => [...labels, ...near]);
    drop(key);
    const size = Math.max(labels.length, Math.ceil(key.length / LABEL_CHARACTERS));
    kept.set(key, { made, size });
    keptLabels += size;
    known.set(labels, made);
    made.catch(() => {
      if (kept.get(key)?.made === made) drop(key);
      known.delete(labels);
    });
    for (const oldest of kept.keys()) {
      if (keptLabels <= KEPT_LABELS || oldest === key) break;
      drop(oldest);
    }
    return made;
  };
  return {
    ...classifier,
    async logits(requests, options) {
      const asked: ScoreRequest[] = [];
      for (const request of requests) asked.push(isApart ? { ...request, labels: await extended(request.labels) } : request);
      const results = await classifier.logits(asked, options);
      return results.map((result, at) => {
        const count = requests[at].labels.length;
        return { ...result, logits: result.logits.slice(0, count), fit: result.unreadable ? 0 : fitOf(result.logits, count, calibration) };
      });
    },
  };
}
