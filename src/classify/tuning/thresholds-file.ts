/** The file that `glz tune` writes: read through a schema, and checked against the checkpoint and the labels that it is used with. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';
import { type LabelSet, labelName, type ReadLabel } from '../../text/label-texts.ts';
import type { Tuned } from './tuned.ts';

const probability = z.number().min(0).max(1);
const weight = z.number().min(-1e4).max(1e4);

/** A label as it is read: its name, or with a description and examples what they come to. */
const readLabel = z.union([
  z.string().min(1),
  z
    .strictObject({
      name: z.string().min(1),
      reading: z.string(),
      readings: z.array(z.string()).min(1),
      shares: z.array(probability),
      examples: z.number().int().min(0).optional(),
    })
    .refine(
      ({ readings, shares, examples = 0 }) =>
        shares.length === readings.length &&
        examples < readings.length &&
        Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6,
      {
        path: ['shares'],
        message: 'must be as many as readings, and sum to 1',
      },
    ),
]);

/** What stands in the file. */
export const thresholdsSchema = z
  .strictObject({
    version: z.literal(1),
    checkpoint: z.string().regex(/^[0-9a-f]{64}$/, 'must be the sha256 of a checkpoint'),
    labels: z.array(readLabel).min(2),
    multiLabel: z.boolean(),
    temperature: z.number().min(0.01).max(100),
    bias: z.number().min(-1e4).max(1e4),
    thresholds: z.array(probability).optional(),
    abstain: z.strictObject({ fit: weight, score: weight, bias: weight, below: probability }).optional(),
    measured: z.looseObject({}),
  })
  .refine(({ labels, thresholds }) => thresholds === undefined || thresholds.length === labels.length, {
    path: ['thresholds'],
    message: 'must have one number for each label',
  })
  .refine(({ labels }) => new Set(labels.map(labelName)).size === labels.length, {
    path: ['labels'],
    message: 'must differ from each other',
  });

/** What `glz tune` writes. */
export type ThresholdsFile = z.infer<typeof thresholdsSchema>;

/** Reads a file of thresholds. @throws DataError naming file and field */
export function readThresholds(path: string): ThresholdsFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new DataError(
      error instanceof SyntaxError ? `${path} is not JSON: ${errorMessage(error)}` : `cannot read ${path}: ${errorMessage(error)}`,
    );
  }
  const { data, error } = thresholdsSchema.safeParse(json);
  if (data) return data;
  const [{ path: field, message }] = error.issues;
  throw new DataError(`${path}${field.length > 0 ? `, field "${field.join('.')}"` : ''}: ${message}; glz tune writes such files`);
}

/** The name of the first label of one list that the other has not, or has with another description. */
const missingFrom = (labels: readonly ReadLabel[], others: readonly ReadLabel[]): string | undefined => {
  const known = new Set(others.map((label) => JSON.stringify(label)));
  const missing = labels.find((label) => !known.has(JSON.stringify(label)));
  return missing === undefined ? undefined : labelName(missing);
};

/** @throws UsageError where these labels, in whatever order, are not those that were tuned */
export function checkTunedLabels(tuned: Tuned, { labels, parents }: LabelSet, path: string): void {
  if (parents) throw new UsageError('thresholds are for one list of labels, not for labels in levels');
  const [extra, absent] = [missingFrom(labels, tuned.labels), missingFrom(tuned.labels, labels)];
  if (extra !== undefined)
    throw new UsageError(`${path} was fitted to other labels: it does not know ${quoted(extra)} as it is given here`);
  if (absent !== undefined) throw new UsageError(`${path} was fitted to other labels: ${quoted(absent)} is missing here`);
}

/**
 * Reads a file for use with a checkpoint.
 * @param identity of the loaded checkpoint
 * @throws DataError for a file that is none; UsageError for one of another checkpoint
 */
export function tunedOf(path: string, identity: string): Tuned {
  const { checkpoint, labels, multiLabel, temperature, bias, thresholds = [], abstain } = readThresholds(path);
  if (checkpoint !== identity) throw new UsageError(`${path} was fitted with another checkpoint or precision: run glz tune with this one`);
  const thresholdOf = new Map(thresholds.map((threshold, at) => [labelName(labels[at]), threshold]));
  return { labels, multiLabel, temperature, bias, thresholdOf, ...(abstain ? { abstain } : {}) };
}

/** The same for a call's own labels and kind of labelling. @throws UsageError where they differ from what was tuned */
export function tunedFor(path: string, identity: string, { labels, multiLabel }: { labels?: LabelSet; multiLabel?: boolean }): Tuned {
  const tuned = tunedOf(path, identity);
  if (multiLabel !== undefined && multiLabel !== tuned.multiLabel)
    throw new UsageError(
      `${path} was fitted ${tuned.multiLabel ? 'to any number of labels a text' : 'to one label a text'}: do the same here`,
    );
  if (labels) checkTunedLabels(tuned, labels, path);
  return tuned;
}
