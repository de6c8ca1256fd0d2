/** What a generation run made, in figures. Types only. */

/** How often something comes, most frequent first. */
export type Counts = readonly (readonly [string, number])[];

/** Figures of all examples of an output. */
export interface GenerationFigures {
  model: string;
  kept: number;
  /** Examples dropped, by reason. */
  dropped: Counts;
  /** Labels taken out of examples that were kept, by reason. */
  mended: Counts;
  /** Examples by label. */
  labels: Counts;
  /** Examples by task, domain and language, where the records say it. */
  parts: readonly { name: string; counts: Counts }[];
  /** Text lengths in words: least, median, most. */
  words: readonly [number, number, number];
  /** Examples by text length in words. */
  lengths: Counts;
  /** Hard negatives an example. */
  negatives: number;
  /** Share of examples whose text contains a true label. */
  leakage: number;
}
