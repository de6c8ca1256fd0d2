/** What a training run tells while it goes on and at its end. Types only. */

/** The terms of the loss, means over what was read. */
export interface StepLosses {
  /** What is trained: the sum of all, each with its weight. */
  loss: number;
  bce: number;
  margin: number;
  softmax?: number;
  distill?: number;
}

/** What happened in a step. */
export interface StepReport extends StepLosses {
  /** Its number, from 1. */
  step: number;
  learningRate: number;
  gradientNorm: number;
  /** Examples in the step. */
  examples: number;
  /** Share of the step's tokens that were padding. */
  padding: number;
}

/** Result of one evaluation: the figure that `dev.metric` names, to choose by, and whatever else is to be logged. */
export interface Evaluation {
  score: number;
  details: Readonly<Record<string, unknown>>;
}

/** How a run ended. */
export interface RunSummary {
  /** Steps that are done. */
  steps: number;
  /** False when it was stopped before its end. */
  finished: boolean;
  /** Stopped because evaluations no longer got better. */
  early: boolean;
  /** What the run took, over all its calls. */
  seconds: number;
  /** Its best evaluation. */
  best?: { step: number; score: number };
  /** Folder of the final checkpoint, once finished. */
  checkpoint?: string;
}
