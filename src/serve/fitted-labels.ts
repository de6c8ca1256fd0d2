/** What `glz tune` fitted, as the server tells it: to the page, so that both take the same labels. */
import type { Tuned } from '../classify/tuning/tuned.ts';
import { labelNames } from '../text/label-texts.ts';

/** What `GET /thresholds` answers, where the server was started with some. */
export interface FittedLabels {
  labels: string[];
  /** Whether any number of them may fit. */
  multiLabel: boolean;
  /** Score from which on a label is given, one for each label, where they were fitted. */
  thresholds?: number[];
  /** Fit below which no label is given where a text may get none, where that was fitted. */
  abstainBelow?: number;
}

/** Tells what was fitted. */
export function fittedLabels({ labels, multiLabel, thresholdOf, abstain }: Tuned): FittedLabels {
  const names = [...labelNames(labels)];
  return {
    ...{ labels: names, multiLabel },
    ...(thresholdOf.size > 0 ? { thresholds: names.map((name) => thresholdOf.get(name) ?? 0) } : {}),
    ...(abstain ? { abstainBelow: abstain.below } : {}),
  };
}
