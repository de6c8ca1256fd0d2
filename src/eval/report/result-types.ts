/** What an evaluation yields, and what it tells while it goes on. Types only. */
import type { ReliabilityBin } from '../metrics/calibration.ts';
import type { Confusion } from '../metrics/classification.ts';
import type { Interval } from '../metrics/significance.ts';

/** Figures by name; null where a figure is not defined on this set. */
export interface Metrics {
  /** Share of texts whose top label is a true one. */
  accuracy: number;
  /** F1 of the top label against all true ones, mean over the labels with a true or predicted example. */
  macro_f1: number;
  micro_f1: number;
  weighted_f1: number;
  /** Share of texts with a true label among the three best. */
  top3: number;
  auroc: number | null;
  mean_average_precision: number | null;
  lrap: number;
  /** Decisions of each label by itself at a threshold of 0.5. */
  multilabel_micro_f1: number;
  multilabel_macro_f1: number;
  /** The same at the best threshold for each figure, chosen on this very set: an upper bound. Multi-label sets only. */
  best_threshold_micro_f1: number | null;
  best_threshold_macro_f1: number | null;
  best_micro_threshold: number | null;
  best_macro_threshold: number | null;
  /** Calibration of the top label's probability, 15 bins; of the texts that have an answer. */
  ece: number | null;
  /** Mean squared error of all probabilities of a row, mean over cells. */
  brier: number | null;
  /** Mean score of labels that are not true, each by itself: near 1 for a system that likes every label. */
  mean_wrong_score: number | null;
  /** Mean score of true labels. */
  mean_true_score: number | null;
}

/** Name of a figure. */
export type MetricName = keyof Metrics;

/** A text on which a system was most sure of a wrong label. */
export interface WrongExample {
  text: string;
  truth: string[];
  predicted: string;
  confidence: number;
}

/** What a system did on a set, without how fast. */
export interface Measured {
  metrics: Metrics;
  intervals: { accuracy: Interval; macro_f1: Interval };
  /** Indices of the top label of each text, and of its true labels. */
  predicted: number[]; // [R]
  truth: number[][]; // [R][]
  reliability: ReliabilityBin[];
  /** Largest cells of the confusion matrix, right ones included. */
  confusion: Confusion[];
  wrong: WrongExample[];
}

/** How fast a system was on a set. */
export interface Timing {
  /** Seconds that the system took to get ready for the set: fine-tuning (SmartShot), documents (Lbl2Vec); near 0 for most. */
  prepareSeconds: number;
  /** Seconds that all texts took, after a warm-up. */
  seconds: number;
  textsPerSecond: number;
  /** Milliseconds of calls with one text each; null where they were not timed. */
  latency: { calls: number; p50: number; p95: number; p99: number } | null;
}

/** One system on one set. */
export interface SetResult extends Measured {
  system: string;
  set: string;
  timing: Timing;
  /** Taken from an earlier run: its times are of then, on the same kind of machine. */
  cached: boolean;
  /** When it was measured, ISO 8601. */
  measuredAt: string;
}

/** Why a system has no result, on a set or (without `set`) on any. */
export interface Failure {
  system: string;
  set?: string;
  message: string;
}

/** A system and what can be said of it over all sets. */
export interface SystemSummary {
  name: string;
  kind: string;
  model?: string;
  notes: Record<string, string | number>;
  loadSeconds: number | null;
  /** Largest resident memory of the process that ran this system alone; null where it shared one. */
  peakMemoryBytes: number | null;
}

/** A set as it was evaluated. */
export interface SetSummary {
  name: string;
  hash: string;
  texts: number;
  /** Texts of the file, before a limit. */
  available: number;
  labels: number;
  /** Names of the labels, up to KEPT_LABELS (results.ts). */
  labelNames: string[];
  multiLabel: boolean;
  recordLabels: boolean;
  template?: string;
  paraphraseOf?: string;
  licence?: string;
  source?: string;
}

/** A system against the reference system on one set. */
export interface Comparison {
  set: string;
  reference: string;
  system: string;
  /** Accuracy and macro-F1 of the reference minus that of the system. */
  accuracy: { difference: number; interval: Interval; p: number };
  macro_f1: { difference: number; interval: Interval; p: number };
  /** Exact McNemar test of the top labels. */
  mcnemar: { onlyReference: number; onlySystem: number; p: number };
}

/** Time of a system by number of labels. */
export interface LabelGrowth {
  system: string;
  texts: number;
  points: { labels: number; millisecondsPerText: number }[];
  /** Why points are missing, if some are. */
  stopped?: string;
  /** An error stopped it, not its length: another run tries again. */
  failed?: boolean;
}

/** How much a system's score hangs on the words of the labels. */
export interface WordingSensitivity {
  system: string;
  set: string;
  /** Macro-F1 by wording; `original` and the names of the paraphrases. */
  macro_f1: Record<string, number>;
  /** Highest minus lowest. */
  range: number;
  /** Share of texts whose top label is the same under every wording. */
  agreement: number;
}

/** Where it ran. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  platform: string;
  node: string;
}

/** Everything an evaluation yields. */
export interface EvaluationResult {
  /** Version of this layout. */
  format: 'glz-eval-1';
  /** Version of glz. */
  glz: string;
  /** When it ended, ISO 8601. */
  created: string;
  /** Where it ran. */
  machine: Machine;
  /** How it was measured: template, latency calls, resamples, threads, precision. */
  settings: Record<string, string | number | boolean | null>;
  /** The system that the others are compared with: the first one. */
  reference: string | null;
  /** What was evaluated on. */
  sets: SetSummary[];
  /** What was evaluated. */
  systems: SystemSummary[];
  /** Each system on each set. */
  results: SetResult[];
  /** Systems and sets that have no result, and why. */
  failures: Failure[];
  /** Each system against the reference, on each set. */
  comparisons: Comparison[];
  /** Times by number of labels, where they were asked for. */
  growth: LabelGrowth[];
  /** How much a score hangs on the words of the labels, where sets have other wordings. */
  sensitivity: WordingSensitivity[];
}

/** A set's result as the run of a system gives it. */
export type RunResult = Omit<SetResult, 'cached'>;

/** What the run of a system tells: that it is loaded, how far it is, what came of it. */
export type SystemEvent =
  | { type: 'loaded'; seconds: number }
  | { type: 'progress'; set: string; stage: 'preparing' | 'scoring' | 'latency' | 'label growth'; done: number; total: number }
  | { type: 'result'; result: RunResult }
  | { type: 'growth'; growth: LabelGrowth }
  | { type: 'failure'; set?: string; message: string }
  | { type: 'done'; notes: Record<string, string | number> };
