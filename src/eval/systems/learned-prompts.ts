/**
 * Learned prompts of Prompt-CLIPText: a context of vectors in front of every label, fitted on a few labelled texts as CoOp fits it on
 * pictures (Zhou et al. 2022; SGD, cosine decay). The tower's own weights stay.
 */

import { normalNumber, shuffle } from '../../base/random.ts';
import type { Example } from './few-shot-examples.ts';
import type { PromptTrainer } from './models/prompt-training.ts';

/** How a context is learned. */
export interface PromptLearning {
  /** Vectors of the context, M. */
  context: number;
  shots: number;
  epochs: number;
  batch: number;
  rate: number;
  seed: number;
}

/** Labels that one step looks at: those of its texts and others at random; more would need more memory than people have. */
const LABELS_A_STEP = 64;
/** Spread of the start values, and the rate of the first epoch, as in CoOp. */
const START_DEVIATION = 0.02;
const WARM_UP_RATE = 1e-5;

/** Start values of a context: [M, H]. */
export const startContext = ({ context }: PromptLearning, size: number, random: () => number): Float32Array =>
  Float32Array.from({ length: context * size }, () => START_DEVIATION * normalNumber(random));

/** Labels of one step: what its texts have, filled up with others at random. */
function labelsOfStep(examples: readonly Example[], labels: readonly string[], random: () => number): string[] {
  if (labels.length <= LABELS_A_STEP) return [...labels];
  const needed = [...new Set(examples.flatMap((example) => example.labels))];
  const isNeeded = new Set(needed);
  const others = shuffle(
    labels.filter((label) => !isNeeded.has(label)),
    random,
  );
  return [...needed, ...others.slice(0, Math.max(0, LABELS_A_STEP - needed.length))];
}

/**
 * Fits a trainer's context.
 * @param vectors unit vectors of the examples' texts, in their order
 * @returns the mean loss of the last epoch
 */
export async function learnPrompts(
  trainer: Pick<PromptTrainer, 'step'>,
  examples: readonly Example[],
  vectors: readonly Float32Array[],
  labels: readonly string[],
  { epochs, batch, rate }: PromptLearning,
  random: () => number,
  onPart?: (done: number, total: number) => void,
): Promise<number> {
  const total = epochs * Math.ceil(examples.length / batch);
  let step = 0;
  let loss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffle([...examples.keys()], random);
    const learningRate = epoch === 0 && epochs > 1 ? WARM_UP_RATE : 0.5 * rate * (1 + Math.cos((Math.PI * epoch) / epochs));
    let sum = 0;
    for (let at = 0; at < order.length; at += batch) {
      const rows = order.slice(at, at + batch);
      const own = rows.map((row) => examples[row]);
      const shown = labelsOfStep(own, labels, random);
      const column = new Map(shown.map((label, number) => [label, number]));
      const targets = new Float32Array(rows.length * shown.length); // [B, N]
      for (const [row, { labels: truth }] of own.entries())
        for (const label of truth) targets[row * shown.length + (column.get(label) as number)] = 1 / truth.length;
      const found = await trainer.step(
        shown,
        rows.map((row) => vectors[row]),
        targets,
        learningRate,
      );
      sum += found * rows.length;
      onPart?.(++step, total);
    }
    loss = sum / examples.length;
  }
  return loss;
}
