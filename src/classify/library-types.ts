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

/** A word of a text, and what it adds to a label's logit. */
export interface WordScore {
  /** As it stands in the text; with `occlusion` of a long text a sentence or several words. */
  word: string;
  /** Where it begins in the text as it was given, in UTF-16 units: `text.slice(start, end) === word`. */
  start: number;
  /** Where it ends, in UTF-16 units. */
  end: number;
  /** What it adds to the logit; less than 0 where it speaks against the label. */
  score: number;
}

/** Why a text got a label. */
export interface Explanation {
  /** The label that is explained. */
  label: string;
  /** What the label's score is made of: `bias` and the words' scores add up to it. */
  logit: number;
  /** What no word gives. */
  bias: number;
  /** `exact`: the logit is a sum over the words; `occlusion`: how much it falls where a word is left out. */
  method: 'exact' | 'occlusion';
  /** In the order of the text; words that the model does not read are not among them. */
  words: WordScore[];
}

/** Labels of one text, best first. */
export interface LabelScores {
  /** Best first. */
  labels: string[];
  /** Probability of each label. */
  scores: number[];
  /** Probability that any label fits, where `abstain` asks for it; below the level there are no labels. */
  fit?: number;
  /** Of labels in levels: the names from the top to the likeliest label that has none below it. */
  path?: string[];
  /** Probability of each label of the path, among those that share its parent. */
  pathScores?: number[];
  /** Probability of the path's end: with one label right the product of its scores. */
  joint?: number;
  /** Where they were asked for: of the best labels, three at most. */
  explanations?: Explanation[];
  /** The model reads nothing of the text, which is empty or of characters that it does not know: the scores say nothing of it. */
  unreadable?: true;
  /** The script that the text is in, where the model knows little of it (`Han`): the scores mean little. */
  unknownScript?: string;
}
