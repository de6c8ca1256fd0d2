/** Labels in levels: what results call those that have none below them, and where they stand. */
import { UsageError } from '../../../base/errors.ts';
import { isTree, leavesOf } from '../../../classify/levels.ts';
import { type LabelInput, labelSet } from '../../../text/described-labels.ts';
import { labelNames } from '../../../text/label-texts.ts';

/** What results of labels look like. */
export interface LabelPaths {
  /** What labels are called in results, in their order. */
  names: readonly string[];
  /** Of labels in levels: the names from the top to each; undefined where there are no levels. */
  paths?: ReadonlyMap<string, readonly string[]>;
}

/** Names, and paths where there are levels. @throws UsageError for what are no labels */
export function labelPaths(labels: readonly LabelInput[]): LabelPaths {
  const set = labelSet(labels, 'labels', UsageError);
  if (!isTree(set)) return { names: labelNames(set.labels) };
  const leaves = leavesOf(set);
  return { names: leaves.map(({ name }) => name), paths: new Map(leaves.map(({ name, path }) => [name, path])) };
}
