/**
 * Labels in levels: a tree whose nodes are all scored at once. Among the labels below one node (and among those at the top) one is right, so that a
 * label's probability is the product along its path, and those of all leaves sum to 1. Where any number of labels may fit, each is scored by
 * itself, and is no likelier than the label above it. Every path is looked at: once logits are there, a search would save nothing.
 */

import { rounded } from '../base/probability.ts';
import type { Calibration } from '../model/options.ts';
import { type LabelSet, labelName } from '../text/label-texts.ts';
import type { ClassifierOptions } from './classifier.ts';
import type { LabelingOptions, LabelScores } from './library-types.ts';
import { choiceProbabilities, labelProbability } from './probabilities.ts';

/** A set of labels in levels. */
export type LabelTree = LabelSet & Required<Pick<LabelSet, 'parents'>>;

/** Whether a set has levels. */
export const isTree = (set: LabelSet): set is LabelTree => set.parents !== undefined;

/** How sets are scored: of a tree every label counts, so that none may be left out beforehand. */
export const scoringOfSets = (sets: readonly LabelSet[], options: ClassifierOptions): ClassifierOptions =>
  sets.some(isTree) ? { ...options, shortlist: 0 } : options;

/** The nodes of a tree, and what is the same of them for all texts. */
interface Nodes {
  /** Numbers of the nodes below each, and at the end of those at the top. */
  below: number[][];
  /** From the top to the leaves. */
  order: number[];
  leaves: number[];
  /** Names that stand at one place only are names of leaves; others are told apart by their paths. */
  names: string[];
}

const nodesOf = new WeakMap<LabelTree, Nodes>();

/** Numbers from the top to a node. */
function pathOf({ parents }: LabelTree, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at >= 0; at = parents[at]) path.unshift(at);
  return path;
}

/** What is the same for all texts. */
function nodes(tree: LabelTree): Nodes {
  const known = nodesOf.get(tree);
  if (known) return known;
  const { labels, parents } = tree;
  const top = labels.length;
  const below: number[][] = Array.from({ length: top + 1 }, () => []);
  for (const [node, parent] of parents.entries()) below[parent < 0 ? top : parent].push(node);
  const order = [...below[top]];
  for (let at = 0; at < order.length; at++) for (const node of below[order[at]]) order.push(node);
  const times = new Map<string, number>();
  for (const label of labels) times.set(labelName(label), (times.get(labelName(label)) ?? 0) + 1);
  const names = labels.map((label, node) => {
    const name = labelName(label);
    if (times.get(name) === 1) return name;
    return pathOf(tree, node)
      .map((each) => labelName(labels[each]))
      .join(' > ');
  });
  const made = { below, order, leaves: order.filter((node) => below[node].length === 0), names };
  nodesOf.set(tree, made);
  return made;
}

/** Labels that have none below them: what results call them, and their names from the top. */
export const leavesOf = (tree: LabelTree): { name: string; path: string[] }[] => {
  const { leaves, names } = nodes(tree);
  return leaves.map((leaf) => ({ name: names[leaf], path: pathOf(tree, leaf).map((node) => labelName(tree.labels[node])) }));
};

/**
 * Numbers of the nodes that {@link rankTree} reported, in the order of its labels.
 * @param levels as they were ranked with
 */
export function reportedNodes(tree: LabelTree, { labels: reported, path = [] }: LabelScores, levels: LabelingOptions['levels']): number[] {
  const { below, names } = nodes(tree);
  // What is reported of a path is its beginning: further down nothing is likelier.
  if (levels === 'path') {
    let at = tree.labels.length;
    return path.slice(0, reported.length).map((name) => {
      at = below[at].find((node) => labelName(tree.labels[node]) === name)!;
      return at;
    });
  }
  return reported.map((name) => names.indexOf(name));
}

/**
 * Turns logits of all nodes into labels, best first, with the path to the best leaf.
 * @param logits of the tree's nodes [N]
 */
export function rankTree(
  tree: LabelTree,
  logits: Float32Array,
  calibration: Calibration,
  { multiLabel = false, threshold, topK, levels = 'leaf' }: Omit<LabelingOptions, 'thresholds'> = {},
): LabelScores {
  const { below, order, leaves, names } = nodes(tree);
  const { labels, parents } = tree;
  const own = new Float64Array(labels.length); // of a node beside those that share its parent
  if (multiLabel) for (const node of order) own[node] = labelProbability(logits[node], calibration);
  else
    for (const group of below)
      for (const [at, probability] of choiceProbabilities(
        Float32Array.from(group, (node) => logits[node]),
        calibration,
      ).entries())
        own[group[at]] = probability;
  const joint = new Float64Array(labels.length);
  for (const node of order) {
    const above = parents[node] < 0 ? 1 : joint[parents[node]];
    joint[node] = multiLabel ? Math.min(above, own[node]) : above * own[node];
  }
  const best = leaves.reduce((most, node) => (joint[node] > joint[most] ? node : most), leaves[0]);
  const path = pathOf(tree, best);
  const scoreOf = (node: number): number => (levels === 'path' ? own[node] : joint[node]);
  const reported = levels === 'path' ? path : [...(levels === 'all' ? order : leaves)].sort((a, b) => joint[b] - joint[a] || a - b);
  const kept = reported.filter((node) => threshold === undefined || joint[node] >= threshold).slice(0, topK);
  return {
    labels: kept.map((node) => (levels === 'path' ? labelName(labels[node]) : names[node])),
    scores: kept.map((node) => rounded(scoreOf(node))),
    path: path.map((node) => labelName(labels[node])),
    pathScores: path.map((node) => rounded(own[node])),
    joint: rounded(joint[best]),
  };
}
