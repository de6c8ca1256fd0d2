/**
 * Temperature, thresholds and abstention fitted to a few labelled records, with cross-validation: what is said of them was predicted by fits that had not
 * seen the record. Pure arithmetic on logits.
 */
import { randomStream, shuffle } from '../../base/random.ts';
import type { Calibration } from '../../model/options.ts';
import { choiceProbabilities, labelProbability } from '../probabilities.ts';
import { levelFor } from './error-bound.ts';
import { logisticRegression } from './logistic-regression.ts';
import { logitOf, type TunedAbstention } from './tuned.ts';

/** Records that it takes. */
export const FEWEST_RECORDS = 80;

/** Parts of the records; each is predicted by fits to the others. */
export const FOLDS = 5;

/** A record that was scored. */
export interface TuningRecord {
  logits: Float32Array; // [N]
  fit: number;
  /** Numbers of its true labels; empty where none fits. */
  truth: readonly number[];
}

/** What is fitted. */
export interface Fitted {
  temperature: number;
  bias: number;
  /** Of each label, with several labels a text. */
  thresholds?: number[];
  /** With one label a text. */
  abstain?: TunedAbstention;
}

/** What a fit says of a record. */
export interface Prediction {
  probabilities: Float64Array; // [N]
  /** Numbers of the labels that are given; empty where it abstains. */
  given: number[];
  /** Probability that the best label is right, with one label a text. */
  confidence: number;
}

/** How it is fitted. */
export interface FitSettings {
  multiLabel: boolean;
  /** The checkpoint's. */
  calibration: Calibration;
  /** Most of the answers that may be wrong. */
  maxError?: number;
}

/** What comes out. */
export interface FitResult {
  fitted: Fitted;
  /** Of each record, as the checkpoint is. */
  before: Prediction[];
  /** Of each record, by a fit that had not seen it. */
  after: Prediction[];
  /** No level reaches the error that was asked for. */
  isOutOfReach?: true;
}

/** What a few records can move: the prior counts as so many. */
const RIDGE = 1;
/** Positive records with which a label's own threshold counts as much as that of all labels. */
const HALF_OWN = 10;

const bestOf = (values: ArrayLike<number>): number => {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
};

/** The temperature of a softmax with which the true labels are likeliest: golden section search over its logarithm. */
function choiceTemperature(records: readonly TuningRecord[], calibration: Calibration): number {
  const labelled = records.filter(({ truth }) => truth.length > 0);
  const loss = (log: number): number => {
    let sum = RIDGE * log * log;
    for (const { logits, truth } of labelled) {
      const probabilities = choiceProbabilities(
        logits.map((logit) => logit / Math.exp(log)),
        calibration,
      );
      sum -= Math.log(Math.max(1e-12, probabilities[truth[0]]));
    }
    return sum;
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.05), Math.log(20)];
  for (let step = 0; step < 40; step++) {
    const [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

/** The threshold with which F1 is highest; between two scores. undefined where nothing is true. */
function bestThreshold(scores: readonly number[], isTrue: readonly boolean[]): number | undefined {
  const positives = isTrue.filter(Boolean).length;
  if (positives === 0) return undefined;
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
  let [best, threshold, found] = [-1, 0.5, 0];
  for (const [at, record] of order.entries()) {
    if (isTrue[record]) found++;
    const next = order[at + 1];
    if (next !== undefined && scores[next] === scores[record]) continue;
    const f1 = (2 * found) / (at + 1 + positives);
    if (f1 <= best) continue;
    best = f1;
    threshold = next === undefined ? scores[record] / 2 : (scores[record] + scores[next]) / 2;
  }
  return threshold;
}

/** A threshold a label: that of all labels, and the label's own the more the more often it is true. */
function labelThresholds(records: readonly TuningRecord[], probabilities: readonly Float64Array[]): number[] {
  const labels = records[0].logits.length;
  const truth = records.map((record) => new Set(record.truth));
  const all = bestThreshold(
    probabilities.flatMap((row) => [...row]),
    truth.flatMap((own) => Array.from({ length: labels }, (_, label) => own.has(label))),
  );
  return Array.from({ length: labels }, (_, label) => {
    const isTrue = truth.map((own) => own.has(label));
    const own = bestThreshold(
      probabilities.map((row) => row[label]),
      isTrue,
    );
    const positives = isTrue.filter(Boolean).length;
    const share = positives / (positives + HALF_OWN);
    const logit = (own === undefined ? 0 : share * logitOf(own)) + (1 - share) * logitOf(all ?? 0.5);
    return 1 / (1 + Math.exp(-logit));
  });
}

const probabilitiesOf = (
  { logits }: TuningRecord,
  { temperature, bias }: Fitted,
  { multiLabel, calibration }: FitSettings,
): Float64Array =>
  multiLabel
    ? Float64Array.from(logits, (logit) => labelProbability(logit, { temperature, bias }))
    : choiceProbabilities(
        logits.map((logit) => logit / temperature),
        calibration,
      );

const isRightOf = (probabilities: Float64Array, { truth }: TuningRecord): boolean => truth.includes(bestOf(probabilities));

/** Weights of the fit's and the score's logit, and the bias: the score alone where the records say nothing. */
const PRIOR = [0, 1, 0];

/** Fits to records. @param isScaled whether temperature and bias are fitted, or are the checkpoint's */
function fitTo(records: readonly TuningRecord[], settings: FitSettings, isScaled: boolean): Fitted {
  const { multiLabel, calibration } = settings;
  if (multiLabel) {
    const { temperature, bias } = calibration;
    let scale = { temperature, bias };
    if (isScaled) {
      const cells = records.flatMap(({ logits, truth }) => Array.from(logits, (logit, at) => ({ logit, isTrue: truth.includes(at) })));
      const [slope, shift] = logisticRegression(
        cells.map(({ logit }) => [logit]),
        cells.map(({ isTrue }) => isTrue),
        [1 / temperature, bias],
        RIDGE,
      );
      scale = { temperature: 1 / Math.max(0.05, slope), bias: shift };
    }
    const probabilities = records.map((record) => probabilitiesOf(record, scale, settings));
    return { ...scale, thresholds: labelThresholds(records, probabilities) };
  }
  const scale = { temperature: isScaled ? choiceTemperature(records, calibration) : 1, bias: 0 };
  const features: number[][] = [];
  const isRight: boolean[] = [];
  for (const record of records) {
    const probabilities = probabilitiesOf(record, scale, settings);
    features.push([logitOf(record.fit), logitOf(probabilities[bestOf(probabilities)])]);
    isRight.push(isRightOf(probabilities, record));
  }
  const [fit, score, bias] = logisticRegression(features, isRight, PRIOR, RIDGE);
  return { ...scale, abstain: { fit, score, bias, below: 0.5 } };
}

/** What a fit says of a record. Without thresholds and abstention, what the checkpoint does by itself. */
function predictionOf(record: TuningRecord, fitted: Fitted, settings: FitSettings): Prediction {
  const { multiLabel } = settings;
  const probabilities = probabilitiesOf(record, fitted, settings);
  const best = bestOf(probabilities);
  const { thresholds, abstain } = fitted;
  if (multiLabel) {
    const given = [...probabilities.keys()].filter((at) => probabilities[at] >= (thresholds?.[at] ?? 0.5));
    return { probabilities, given, confidence: probabilities[best] };
  }
  if (!abstain) return { probabilities, given: [best], confidence: probabilities[best] };
  const sum = abstain.fit * logitOf(record.fit) + abstain.score * logitOf(probabilities[best]) + abstain.bias;
  const confidence = 1 / (1 + Math.exp(-sum));
  return { probabilities, given: confidence < abstain.below ? [] : [best], confidence };
}

/** Folds of the records [R]: each label's records are dealt out, in an order that is always the same. */
function foldsOf(records: readonly TuningRecord[]): number[] {
  const order = shuffle([...records.keys()], randomStream(80));
  order.sort((a, b) => (records[a].truth[0] ?? -1) - (records[b].truth[0] ?? -1));
  const folds = new Array<number>(records.length);
  for (const [at, record] of order.entries()) folds[record] = at % FOLDS;
  return folds;
}

/** Squared distance of probabilities to the truth, summed over labels, a mean over the records that have a true label (all with several labels a text). */
export function brierOf(records: readonly TuningRecord[], predictions: readonly Prediction[], multiLabel: boolean): number {
  let [sum, count] = [0, 0];
  for (const [at, { truth }] of records.entries()) {
    if (truth.length === 0 && !multiLabel) continue;
    for (const [label, p] of predictions[at].probabilities.entries()) sum += (p - Number(truth.includes(label))) ** 2;
    count++;
  }
  return count ? sum / count : 0;
}

/** Fits, and says how good it is. @param records {@link FEWEST_RECORDS} and more */
export function fitThresholds(records: readonly TuningRecord[], settings: FitSettings): FitResult {
  const { multiLabel, calibration, maxError } = settings;
  const { temperature, bias } = calibration;
  const asIs: Fitted = multiLabel ? { temperature, bias } : { temperature: 1, bias: 0 };
  const before = records.map((record) => predictionOf(record, asIs, settings));
  const folds = foldsOf(records);
  const crossed = (isScaled: boolean): Prediction[] => {
    const fits = Array.from({ length: FOLDS }, (_, fold) =>
      fitTo(
        records.filter((_, at) => folds[at] !== fold),
        settings,
        isScaled,
      ),
    );
    return records.map((record, at) => predictionOf(record, fits[folds[at]], settings));
  };
  let after = crossed(true);
  // A temperature that helps no record that it has not seen is left as it was.
  const isScaled = brierOf(records, after, multiLabel) < brierOf(records, before, multiLabel);
  if (!isScaled) after = crossed(false);
  const fitted = fitTo(records, settings, isScaled);
  if (maxError === undefined || !fitted.abstain) return { fitted, before, after };
  const isRight = records.map((record, at) => isRightOf(after[at].probabilities, record));
  const level = levelFor(
    after.map(({ confidence }) => confidence),
    isRight,
    maxError,
  );
  const below = level ?? 1;
  after = after.map((each) => ({ ...each, given: each.confidence < below ? [] : [bestOf(each.probabilities)] }));
  return {
    fitted: { ...fitted, abstain: { ...fitted.abstain, below } },
    before,
    after,
    ...(level === undefined ? { isOutOfReach: true } : {}),
  };
}
