/**
 * What an evaluation yields: the JSON file that `--json` writes, that `--compare` reads and that tables, CSV and report.html are made of.
 * Types and their checks only.
 */
import { z } from 'zod';
import { DataError } from '../../base/errors.ts';
import { readStateFile } from '../../base/state-file.ts';
import type { Interval } from '../metrics/significance.ts';
import type { Measured } from '../run/measure.ts';

/** Version of the result file's layout. */
export const RESULT_FORMAT = 'glz-eval-1';

/** The note of a system that names labels of sets which it cannot read or tell apart. */
export const LABEL_PROBLEMS = 'labels';

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
  /** Names of the labels, up to {@link KEPT_LABELS}. */
  labelNames: string[];
  multiLabel: boolean;
  recordLabels: boolean;
  template?: string;
  paraphraseOf?: string;
  licence?: string;
  source?: string;
}

/** Label names that a result file keeps of a set. */
export const KEPT_LABELS = 20_000;

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
  format: typeof RESULT_FORMAT;
  glz: string;
  created: string;
  machine: Machine;
  settings: Record<string, string | number | boolean | null>;
  /** The system that the others are compared with: the first one. */
  reference: string | null;
  sets: SetSummary[];
  systems: SystemSummary[];
  results: SetResult[];
  failures: Failure[];
  comparisons: Comparison[];
  growth: LabelGrowth[];
  sensitivity: WordingSensitivity[];
}

const interval = z.object({ low: z.number(), high: z.number() });
const optionalFigure = z.number().nullable();
const answers = {
  predicted: z.array(z.int().min(-1)),
  truth: z.array(z.array(z.int().min(0))),
};
const metrics = z
  .record(z.string(), optionalFigure)
  .refine(({ macro_f1, accuracy }) => typeof macro_f1 === 'number' && typeof accuracy === 'number', {
    error: 'no macro_f1 or accuracy',
  });
const sameLength = ({ predicted, truth }: { predicted: unknown[]; truth: unknown[] }): boolean => predicted.length === truth.length;
const SAME_LENGTH = { error: 'another number of predicted labels than of texts' };

/** A result as it is kept in the cache; checked because a file in a cache may be anything. */
export const setResultSchema = z
  .looseObject({
    system: z.string(),
    set: z.string(),
    measuredAt: z.string(),
    metrics,
    intervals: z.object({ accuracy: interval, macro_f1: interval }),
    ...answers,
    reliability: z.array(
      z.object({ lower: z.number(), upper: z.number(), count: z.number(), meanConfidence: z.number(), accuracy: z.number() }),
    ),
    confusion: z.array(z.object({ truth: z.int(), predicted: z.int(), count: z.int() })),
    wrong: z.array(z.object({ text: z.string(), truth: z.array(z.string()), predicted: z.string(), confidence: z.number() })),
    timing: z.looseObject({
      prepareSeconds: z.number(),
      seconds: z.number(),
      textsPerSecond: z.number(),
      latency: z.looseObject({ calls: z.number(), p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
    }),
  })
  .refine(sameLength, SAME_LENGTH);

/** What is kept of a system beside its results. */
export const systemFactsSchema = z.object({
  notes: z.record(z.string(), z.union([z.string(), z.number()])),
  loadSeconds: optionalFigure,
  peakMemoryBytes: optionalFigure,
});

/** Times by number of labels, as they are kept in the cache. */
export const labelGrowthSchema = z.object({
  system: z.string(),
  texts: z.number(),
  points: z.array(z.object({ labels: z.number(), millisecondsPerText: z.number() })),
  stopped: z.string().optional(),
  failed: z.boolean().optional(),
});

// What --compare needs of a file that somebody else may have written; the rest is passed through.
const comparable = z.looseObject({
  format: z.literal(RESULT_FORMAT),
  created: z.string(),
  sets: z.array(z.looseObject({ name: z.string(), hash: z.string() })),
  systems: z.array(z.looseObject({ name: z.string() })),
  results: z.array(
    z
      .looseObject({ system: z.string(), set: z.string(), metrics, ...answers, timing: z.looseObject({ textsPerSecond: z.number() }) })
      .refine(sameLength, SAME_LENGTH),
  ),
});

/** Reads a result file. @throws DataError naming the file and field when it is none. */
export function readEvaluationResult(path: string): EvaluationResult {
  try {
    return readStateFile(path, comparable) as unknown as EvaluationResult;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${path} is not a result of glz eval --json: ${error.message.replace(`${path}: `, '')}`);
  }
}
