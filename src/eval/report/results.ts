/** The JSON file that `--json` writes and `--compare` reads, and what the cache keeps: the checks of what is read back. */
import { z } from 'zod';
import { DataError } from '../../base/errors.ts';
import { readStateFile } from '../../base/state-file.ts';
import type { EvaluationResult } from './result-types.ts';

/** Version of the result file's layout. */
export const RESULT_FORMAT = 'glz-eval-1';

/** The note of a system that names labels of sets which it cannot read or tell apart. */
export const LABEL_PROBLEMS = 'labels';

/** Label names that a result file keeps of a set. */
export const KEPT_LABELS = 20_000;

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
