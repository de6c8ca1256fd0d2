/** What a model reads for a label: its name, or several texts that stand for it (a description, examples) with the share that each has. */

/** A label of which more is read than its name. */
export interface LabelTexts {
  readonly name: string;
  /** The one text that is read where labels are read together with the text. */
  readonly reading: string;
  /** Texts whose representations are averaged where labels are read alone, once. */
  readonly readings: readonly string[];
  /** Share of each of the readings; they sum to 1. */
  readonly shares: readonly number[];
  /** How many of the readings, from the end, are examples: long ones are cut. */
  readonly examples?: number;
}

/** A label as a model is given it. */
export type ReadLabel = string | LabelTexts;

/** The label's name. */
export const labelName = (label: ReadLabel): string => (typeof label === 'string' ? label : label.name);

/** The one text of a label. */
export const labelReading = (label: ReadLabel): string => (typeof label === 'string' ? label : label.reading);

/** All texts of a label. */
export const labelReadings = (label: ReadLabel): readonly string[] => (typeof label === 'string' ? [label] : label.readings);

/** Names of a list; of names alone the list itself. */
export const labelNames = (labels: readonly ReadLabel[]): readonly string[] =>
  labels.every((label) => typeof label === 'string') ? (labels as readonly string[]) : labels.map(labelName);

/** Labels that a text is scored with; of a tree all of its nodes. */
export interface LabelSet {
  readonly labels: readonly ReadLabel[];
  /** Of a tree: the number of the node above each, -1 at the top. */
  readonly parents?: readonly number[];
}
