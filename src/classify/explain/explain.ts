/** Why a text got its labels: what each of its words adds to their logits, by the way that the model allows. */
import { SCORING_OPTIONS } from '../../options/predict.ts';
import type { Classifier } from '../classifier.ts';
import type { Explanation, LabelScores } from '../library-types.ts';
import { leaveOneOut } from './occlusion.ts';
import type { PartsOptions, PartsRequest, WordParts } from './word-parts.ts';

/** Labels of a text that are explained: the best of those that are reported. */
const EXPLAINED_LABELS = 3;

/** Digits behind the point: more say nothing. */
const DIGITS = 6;

const rounded = (value: number): number => Number(value.toFixed(DIGITS));

/** A text with what was found of it. */
export interface ExplainRequest {
  text: string;
  /** What the model read for each label. */
  labels: readonly string[];
  /** What the labels are called, where that is not what the model read. */
  names?: readonly string[];
  /** A logit for each label, as the reported scores are made of it. */
  logits: Float32Array;
  /** What is reported: best first. */
  ranked: Pick<LabelScores, 'labels'>;
}

/** How many texts are best explained together. */
export const explainedAtOnce = (classifier: Pick<Classifier, 'wordParts'>): number => (classifier.wordParts ? 64 : 1);

/** Numbers of the labels that are explained. */
const chosenOf = ({ labels, names = labels, ranked }: ExplainRequest): number[] =>
  ranked.labels.slice(0, EXPLAINED_LABELS).map((label) => names.indexOf(label));

function explanationsOf(
  { text, labels, names = labels, logits }: ExplainRequest,
  chosen: readonly number[],
  isExact: boolean,
  found: WordParts,
) {
  return chosen.map((label, k): Explanation => {
    const words = found.words.map(({ start, end }, at) => ({
      ...{ word: text.slice(start, end), start, end, score: rounded(found.parts[k][at]) },
    }));
    const logit = rounded(logits[label]);
    const bias = rounded(words.reduce((rest, { score }) => rest - score, logit));
    return { label: names[label], logit, bias, method: isExact ? 'exact' : 'occlusion', words };
  });
}

/**
 * Explanations of the best labels of each text, in order.
 * @param options as the logits were made with
 * @throws as Classifier.logits
 */
export async function explain(
  classifier: Classifier,
  requests: readonly ExplainRequest[],
  { batchSize, windows = SCORING_OPTIONS.windows.default, mergeWindows }: PartsOptions = {},
): Promise<Explanation[][]> {
  const options = { batchSize, windows, mergeWindows };
  const asked = requests.map((request): PartsRequest => ({ text: request.text, labels: request.labels, chosen: chosenOf(request) }));
  const found: WordParts[] = [];
  if (classifier.wordParts) found.push(...(await classifier.wordParts(asked, options)));
  else
    for (const [at, request] of asked.entries())
      found.push(await leaveOneOut(classifier, { ...request, logits: requests[at].logits }, options));
  return requests.map((request, at) => explanationsOf(request, asked[at].chosen, classifier.wordParts !== undefined, found[at]));
}
