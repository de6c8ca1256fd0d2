/** Why a text got its labels: what each of its words adds to their logits, by the way that the model allows. */
import { rounded } from '../../base/probability.ts';
import { type GliZNetOptions, readsAlike } from '../../model/options.ts';
import { SCORING_OPTIONS } from '../../options/predict.ts';
import { type LabelSet, labelName, labelNames } from '../../text/label-texts.ts';
import type { Classifier } from '../classifier.ts';
import { isTree, reportedNodes } from '../levels.ts';
import type { Explanation, LabelingOptions, LabelScores } from '../library-types.ts';
import { leaveOneOut } from './occlusion.ts';
import type { PartsOptions, PartsRequest, WordParts } from './word-parts.ts';

/** Labels of a text that are explained: the best of those that are reported. */
const EXPLAINED_LABELS = 3;

/** A text with what was found of it. */
export interface ExplainRequest extends PartsRequest {
  /** A logit for each label, as the reported scores are made of it. */
  logits: Float32Array;
  /** What the labels that are chosen are called in the result: their own names unless given. */
  names?: readonly string[];
}

/** How many texts are best explained together. */
export const explainedAtOnce = (options: GliZNetOptions): number => (options.crossAttention === 'late' && readsAlike(options) ? 64 : 1);

/**
 * The labels that are explained, of those that are reported: their numbers, and what the result calls them.
 * @param levels as they were ranked with
 */
export function explainedLabels(
  set: LabelSet,
  ranked: LabelScores,
  { levels }: Pick<LabelingOptions, 'levels'> = {},
): Required<Pick<ExplainRequest, 'chosen' | 'names'>> {
  const best = { ...ranked, labels: ranked.labels.slice(0, EXPLAINED_LABELS) };
  const names = labelNames(set.labels);
  const chosen = isTree(set) ? reportedNodes(set, best, levels) : best.labels.map((label) => names.indexOf(label));
  return { chosen, names: best.labels };
}

function explanationsOf({ text, labels, chosen, logits, names }: ExplainRequest, isExact: boolean, { words: places, parts }: WordParts) {
  return chosen.map((label, k): Explanation => {
    const words = places.map(({ start, end }, at) => ({ word: text.slice(start, end), start, end, score: rounded(parts[k][at]) }));
    const logit = rounded(logits[label]);
    const bias = rounded(words.reduce((rest, { score }) => rest - score, logit));
    return { label: names?.[k] ?? labelName(labels[label]), logit, bias, method: isExact ? 'exact' : 'occlusion', words };
  });
}

/**
 * Explanations of the labels that are chosen of each text, in order.
 * @param options as the logits were made with
 * @throws as Classifier.logits
 */
export async function explain(
  classifier: Classifier,
  requests: readonly ExplainRequest[],
  { batchSize, windows = SCORING_OPTIONS.windows.default, mergeWindows }: PartsOptions = {},
): Promise<Explanation[][]> {
  const options = { batchSize, windows, mergeWindows };
  if (classifier.wordParts) {
    const found = await classifier.wordParts(requests, options);
    return requests.map((request, at) => explanationsOf(request, true, found[at]));
  }
  const explanations: Explanation[][] = [];
  for (const request of requests) explanations.push(explanationsOf(request, false, await leaveOneOut(classifier, request, options)));
  return explanations;
}
