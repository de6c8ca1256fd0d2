/** Which labels each question of a run asks about, and what it shows beside them. */
import { type LabelNode, MOST_EXAMPLES } from '../../text/described-labels.ts';

/** What labels mean: a description where there is none, and other wordings. */
export interface DescriptionsMode {
  kind: 'descriptions';
  labels: readonly LabelNode[];
  /** Other wordings of each label. */
  wordings: number;
  /** What the texts are, in the user's words. */
  about?: string;
}

/** Labels in one question. */
export const LABELS_PER_REQUEST = 8;

/** Names of other labels that a question shows: more make it long, and a small model lose the thread. */
const MOST_OTHERS = 60;

/** What a question asks about one label. */
export interface AskedLabel {
  /** Its place among all labels. */
  at: number;
  /** Its name, with those above it in front. */
  path: string;
  /** The user's own, which stays. */
  description?: string;
  /** Wordings that it has room for. */
  wordings: number;
}

/** One question. */
export interface DescriptionsRequest {
  asked: readonly AskedLabel[];
  /** Paths of other labels. */
  others: readonly string[];
  wordings: number;
  about?: string;
}

/** A label's name with those above it. */
const pathOf = (labels: readonly LabelNode[], at: number): string => {
  const { name, parent } = labels[at];
  return parent < 0 ? name : `${pathOf(labels, parent)} > ${name}`;
};

const wordingsOf = ({ wordings }: DescriptionsMode, { examples }: LabelNode): number => Math.min(wordings, MOST_EXAMPLES - examples.length);

/** Places of the labels that lack something. */
export const labelsToAsk = (mode: DescriptionsMode): number[] =>
  mode.labels.flatMap((label, at) => (label.description === undefined || wordingsOf(mode, label) > 0 ? [at] : []));

/** Request `number`: the labels in their order, beside them those next to them in the tree first. */
export function descriptionsRequest(mode: DescriptionsMode, number: number): DescriptionsRequest {
  const { labels, wordings, about } = mode;
  const places = labelsToAsk(mode).slice(number * LABELS_PER_REQUEST, (number + 1) * LABELS_PER_REQUEST);
  const isAsked = new Set(places);
  const parents = new Set(places.map((at) => labels[at].parent));
  const others = labels.map((_, at) => at).filter((at) => !isAsked.has(at));
  const siblings = others.filter((at) => parents.has(labels[at].parent));
  const further = others.filter((at) => !parents.has(labels[at].parent));
  return {
    asked: places.map((at) => ({
      at,
      path: pathOf(labels, at),
      description: labels[at].description,
      wordings: wordingsOf(mode, labels[at]),
    })),
    others: [...siblings, ...further].slice(0, MOST_OTHERS).map((at) => pathOf(labels, at)),
    wordings,
    ...(about === undefined ? {} : { about }),
  };
}
