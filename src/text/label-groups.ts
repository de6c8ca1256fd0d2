/**
 * Splits labels that do not fit into one joint sequence into groups of about the same size.
 *
 * The groups depend on the labels, the layout and the *length class* of the text (its length rounded up to an eighth of the capacity, at
 * most the text's share), never on other texts of a batch, so a score does not depend on its neighbours. Short texts leave more room for
 * labels, and all long texts get the same groups. Labels that come sorted by nearness to the text are cut in that order (`inOrder`). Must
 * not know models or files.
 */
import { UsageError } from '../base/errors.ts';
import { type JointLayout, labelTokens } from './joint-sequence.ts';

/** Limits of a group. */
export interface GroupOptions {
  /** Most labels in one group; unlimited by default. */
  maxLabelsPerGroup?: number;
  /** Whether each group takes the labels that follow on those of the one before, instead of those that make all about as long. */
  inOrder?: boolean;
}

/** Length classes in a sequence. */
const CLASSES = 8;

/** Text tokens that are set aside when labels are grouped for a text of this length. */
export function reservedTextTokens(textLength: number, layout: JointLayout): number {
  const step = Math.max(1, Math.floor(layout.capacity / CLASSES));
  return Math.min(layout.textShare, Math.ceil(textLength / step) * step);
}

/** The group with the fewest tokens, found and refilled in logarithmic time; ties go to the lower number. */
function lightestFirst(count: number): { lightest(): number; tokens: Float64Array; settle(): void; drop(): void; size(): number } {
  const tokens = new Float64Array(count);
  const heap = Array.from({ length: count }, (_, group) => group);
  const before = (a: number, b: number) => tokens[a]! < tokens[b]! || (tokens[a] === tokens[b] && a < b);
  const settle = () => {
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  };
  const drop = () => {
    const last = heap.pop()!;
    if (heap.length > 0) heap[0] = last;
    settle();
  };
  return { lightest: () => heap[0]!, tokens, settle, drop, size: () => heap.length };
}

/** Deals labels, longest first, to the lightest of `count` groups; undefined where one does not fit. */
function deal(order: readonly number[], costs: readonly number[], count: number, budget: number, most: number): number[][] | undefined {
  const groups: number[][] = Array.from({ length: count }, () => []);
  const queue = lightestFirst(count);
  for (const label of order) {
    while (queue.size() > 0 && groups[queue.lightest()]!.length >= most) queue.drop();
    if (queue.size() === 0) return undefined;
    const group = queue.lightest();
    if (queue.tokens[group]! + costs[label]! > budget) return undefined;
    groups[group]!.push(label);
    queue.tokens[group]! += costs[label]!;
    queue.settle();
  }
  return groups;
}

/** Cuts labels in their order into groups of about the same number, as few as fit. */
function cutInOrder(costs: readonly number[], leastGroups: number, budget: number): number[][] {
  for (let count = leastGroups; ; ) {
    const most = Math.ceil(costs.length / count);
    const groups: number[][] = [];
    let tokens = Number.POSITIVE_INFINITY;
    for (const [label, cost] of costs.entries()) {
      if (tokens + cost > budget || groups.at(-1)!.length === most) {
        groups.push([]);
        tokens = 0;
      }
      groups.at(-1)!.push(label);
      tokens += cost;
    }
    if (groups.length <= count) return groups;
    count = groups.length;
  }
}

/** Whether labels (see {@link groupLabels}) fit into one joint sequence beside a text. */
export function fitTogether(
  labelLengths: readonly number[],
  textLength: number,
  layout: JointLayout,
  { maxLabelsPerGroup = Number.POSITIVE_INFINITY }: GroupOptions = {},
): boolean {
  if (labelLengths.length > maxLabelsPerGroup) return false;
  return labelTokens(labelLengths, layout) <= layout.capacity - reservedTextTokens(textLength, layout);
}

/**
 * Splits labels into as few groups as fit, of about equal size, each in the labels' own order.
 * @param labelLengths tokens of each label, without separators and markers; each at most `layout.labelLimit`.
 * @param textLength tokens of the text.
 * @returns groups of label numbers (from 0); together each label once. No labels give no groups.
 * @throws UsageError when a label is longer than `layout.labelLimit`.
 */
export function groupLabels(
  labelLengths: readonly number[],
  textLength: number,
  layout: JointLayout,
  { maxLabelsPerGroup = Number.POSITIVE_INFINITY, inOrder = false }: GroupOptions = {},
): number[][] {
  if (!(maxLabelsPerGroup >= 1)) throw new UsageError(`labels per group must be at least 1, not ${maxLabelsPerGroup}`);
  const tooLong = labelLengths.findIndex((length) => length > layout.labelLimit);
  if (tooLong >= 0)
    throw new UsageError(
      `label ${tooLong + 1} has ${labelLengths[tooLong]} tokens, more than the ${layout.labelLimit} that fit beside a text; shorten it`,
    );
  const n = labelLengths.length;
  if (n === 0) return [];
  if (fitTogether(labelLengths, textLength, layout, { maxLabelsPerGroup })) return [labelLengths.map((_, label) => label)];

  // n labels have n - 1 separators: counting one for each and adding one to the room is the same.
  const extra = layout.separatorIds.length + layout.markerIds.length;
  const costs = labelLengths.map((length) => length + extra);
  const budget = layout.capacity - reservedTextTokens(textLength, layout) + layout.separatorIds.length;
  const order = costs.map((_, label) => label).sort((a, b) => costs[b]! - costs[a]! || a - b);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  let count = Math.max(1, Math.ceil(total / budget), Math.ceil(n / maxLabelsPerGroup));
  if (inOrder) return cutInOrder(costs, count, budget);
  for (;;) {
    const groups = deal(order, costs, count, budget, maxLabelsPerGroup);
    if (groups) return groups.filter((group) => group.length > 0).map((group) => group.sort((a, b) => a - b));
    count += Math.max(1, Math.floor(count / 50));
  }
}
