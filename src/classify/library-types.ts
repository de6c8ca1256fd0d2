/** Types of the library that callers see. Apart from what computes them, so that they compile where there are no types of Node. */
import type { Given } from '../options/declaration.ts';
import type { LABELING_OPTIONS, LOAD_OPTIONS } from '../options/predict.ts';

/** How a checkpoint is loaded. */
export interface LoadSettings extends Given<typeof LOAD_OPTIONS> {
  /** Told when something takes a moment: `preparing the checkpoint for this machine`. */
  note?: (line: string) => void;
}

/** How labels are chosen and reported. */
export type LabelingOptions = Given<typeof LABELING_OPTIONS>;

/** Labels of one text, best first. */
export interface LabelScores {
  /** Best first. */
  labels: string[];
  /** Probability of each label. */
  scores: number[];
  /** Probability that any label fits, where `abstain` asks for it; below the level there are no labels. */
  fit?: number;
  /** The model reads nothing of the text, which is empty or of characters that it does not know: the scores say nothing of it. */
  unreadable?: true;
  /** The script that the text is in, where the model knows little of it (`Han`): the scores mean little. */
  unknownScript?: string;
}
