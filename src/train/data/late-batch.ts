/**
 * Training batches of models that read labels once: each label of a batch is encoded once, and can be a negative of every text of the batch.
 */

import type { JointLayout } from '../../text/joint-sequence.ts';
import { packLabels, textBatch } from '../../text/separate-sequences.ts';
import type { LateTrainingBatch } from '../engine/training-session.ts';
import type { Dataset } from './dataset.ts';
import type { SampledBatch, ShownExample } from './sampling.ts';

/** How batches are made. */
export interface LateBatchSettings {
  /** Whether the model has upper layers: then each text has columns of its own, else one for each label of the batch. */
  upperLayers: boolean;
  /** Whether the two softmax terms of the loss choose among the labels of the batch's other examples too. */
  inBatch: boolean;
  /** Tokens of a label that are read at most. */
  maxLabelTokens: number;
  /** Whether the encoder can read several labels in one row. */
  readsBlocks: boolean;
}

/** Most labels of other examples that a text is shown with, where each costs the upper layers. */
const MOST_SHOWN = 48;

/**
 * For one example the labels of the others that are not true of it, as far as is known: labels of other files are left out where the
 * teacher has no say, because nobody can tell whether they are true ("positive", "praise").
 */
function othersOf(dataset: Dataset, examples: readonly ShownExample[], row: number): number[] {
  const example = examples[row];
  if (example.negated) return [];
  const { source, labels } = example;
  const nameOf = (label: number) => dataset.labelNames[label].toLowerCase();
  const known = new Set([...labels, ...dataset.sources[source].labels.at(example.row)].map(nameOf));
  const found: number[] = [];
  for (const other of examples) {
    if (other.negated || (other.source !== source && !dataset.sources[source].distill)) continue;
    for (const label of other.labels) {
      const name = nameOf(label);
      if (known.has(name)) continue;
      known.add(name);
      found.push(label);
    }
  }
  return found;
}

/** A batch of examples. `targets`: of each example's own labels */
export function lateTrainingBatch(
  dataset: Dataset,
  layout: JointLayout,
  examples: ShownExample[],
  targets: readonly (readonly number[])[],
  { upperLayers, inBatch, maxLabelTokens, readsBlocks }: LateBatchSettings,
): SampledBatch {
  const read: number[] = []; // label numbers by their place in `places`
  const rowOf = new Map<number, number>();
  for (const { labels } of examples)
    for (const label of labels)
      if (!rowOf.has(label)) {
        rowOf.set(label, read.length);
        read.push(label);
      }
  const others = examples.map((_, row) => (inBatch ? othersOf(dataset, examples, row) : []));
  const shown = upperLayers ? examples.map(({ labels }, row) => [...labels, ...others[row].slice(0, MOST_SHOWN)]) : undefined;
  const columns = shown ? Math.max(...shown.map(({ length }) => length)) : read.length;
  const columnOf = (row: number, label: number): number => (shown ? shown[row].indexOf(label) : rowOf.get(label)!);
  const size = examples.length * columns;
  const batch: LateTrainingBatch = {
    ...textBatch(
      layout,
      examples.map(({ source, row }) => dataset.sources[source].texts.at(row).subarray(0, layout.capacity)),
    ),
    labels: columns,
    packedLabels: packLabels(
      layout,
      read.map((label) => dataset.labelIds.at(label).subarray(0, maxLabelTokens)),
      readsBlocks,
    ),
    targets: new Float32Array(size), // [B, N]
    valid: new Float32Array(size), // [B, N]
    choice: new Float32Array(size), // [B, N]
  };
  if (shown) batch.shown = { labels: columns, numbers: new Int32Array(size), mask: new Int32Array(size) }; // [B, N]
  for (const [row, { labels }] of examples.entries()) {
    for (const [k, label] of labels.entries()) {
      const at = row * columns + columnOf(row, label);
      batch.targets[at] = targets[row][k];
      batch.valid[at] = 1;
      batch.choice![at] = 1;
    }
    for (const label of shown ? shown[row].slice(labels.length) : others[row]) batch.choice![row * columns + columnOf(row, label)] = 1;
    shown?.[row].forEach((label, column) => {
      batch.shown!.numbers[row * columns + column] = batch.packedLabels.places[rowOf.get(label)!];
      batch.shown!.mask[row * columns + column] = 1;
    });
  }
  return { batch, examples, columns: shown ?? examples.map(() => read) };
}
