/**
 * `training.json` of a checkpoint: how its weights were trained, for people who get the checkpoint and not the run. Settings, data and its hash,
 * the curve at some twenty steps. A line a setting, a line a group of files: what a run knows beyond that is in its folder.
 */
import { basename, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { readStateFile } from '../../base/state-file.ts';
import type { Dataset } from '../data/dataset.ts';
import type { RunSummary } from '../run-events.ts';
import type { TrainSettings } from '../settings-schema.ts';
import type { LogRecord } from './run-folder.ts';

/** What a record is made of. */
export interface TrainingRecordRequest {
  settings: TrainSettings;
  dataset: Pick<Dataset, 'hash' | 'rows'> & { sources: readonly Pick<Dataset['sources'][number], 'name' | 'rows'>[] };
  /** How the run ended. */
  ended: Pick<RunSummary, 'steps' | 'seconds' | 'best'>;
  /** The lines of `training.jsonl`. */
  records: readonly LogRecord[];
}

/** Points of the curve, and evaluations that are kept. */
const POINTS = 20;

/** JSON with a line for each field of the outer object and of the objects and lists in it. */
function json(value: Readonly<Record<string, unknown>>): string {
  const inner = (field: unknown): string => {
    if (typeof field !== 'object' || field === null) return JSON.stringify(field);
    const isList = Array.isArray(field);
    const lines = isList
      ? field.map((each) => JSON.stringify(each))
      : Object.entries(field).map(([name, each]) => `${JSON.stringify(name)}: ${JSON.stringify(each)}`);
    return `${isList ? '[' : '{'}\n  ${lines.join(',\n  ')}\n ${isList ? ']' : '}'}`;
  };
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{\n${fields.map(([name, field]) => ` ${JSON.stringify(name)}: ${inner(field)}`).join(',\n')}\n}\n`;
}

/** Settings with the last part of absolute paths: a checkpoint is given away, what folders its maker has is nobody's business. */
const withoutFolders = (settings: object): unknown =>
  JSON.parse(JSON.stringify(settings, (_, value) => (typeof value === 'string' && isAbsolute(value) ? basename(value) : value)));

/** Files by what their settings say, each with its rows. */
function fileGroups(settings: TrainSettings, sources: TrainingRecordRequest['dataset']['sources']): Record<string, unknown>[] {
  const groups = new Map<string, Record<string, unknown> & { rows: Record<string, number> }>();
  settings.data.forEach(({ path: _, ...said }, at) => {
    const key = JSON.stringify(said);
    const group = groups.get(key) ?? { ...said, rows: {} };
    groups.set(key, group);
    group.rows[sources[at].name] = (group.rows[sources[at].name] ?? 0) + sources[at].rows;
  });
  return [...groups.values()];
}

/** Mean of the loss from one kept step to the next, by step. */
function lossByStep(records: readonly LogRecord[], steps: number): Record<string, number> {
  const every = Math.ceil(steps / POINTS);
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { step, loss } of records) {
    if (typeof loss !== 'number') continue;
    const point = Math.min(steps, Math.ceil(step / every) * every);
    const { sum, count } = sums.get(point) ?? { sum: 0, count: 0 };
    sums.set(point, { sum: sum + loss, count: count + 1 });
  }
  return Object.fromEntries([...sums].map(([point, { sum, count }]) => [point, Number((sum / count).toFixed(4))]));
}

/** Evaluations without their figures by set: evenly over the run, the best and the last among them. */
function evaluations(records: readonly LogRecord[], best: number | undefined): Record<string, unknown>[] {
  const all = records.filter(({ evaluation }) => evaluation !== undefined);
  const every = Math.ceil(all.length / POINTS);
  return all
    .filter((record, at) => (all.length - 1 - at) % every === 0 || record.step === best)
    .map(({ sets: _, evaluation, ...figures }) => ({ ...figures, score: evaluation }));
}

/** The text of `training.json`. */
export function trainingRecord({ settings, dataset, ended, records }: TrainingRecordRequest): string {
  const { data: _, ...others } = settings;
  const evaluated = evaluations(records, ended.best?.step);
  return json({
    settings: withoutFolders(others),
    data: { sha256: dataset.hash, rows: dataset.rows },
    files: fileGroups(settings, dataset.sources),
    steps: ended.steps,
    seconds: Math.round(ended.seconds),
    best: ended.best,
    loss_by_step: lossByStep(records, ended.steps),
    ...(evaluated.length ? { evaluations: evaluated } : {}),
  });
}

const endSchema = z.object({
  steps: z.number(),
  seconds: z.number(),
  best: z.object({ step: z.number(), score: z.number() }).optional(),
});

/** How the run of a checkpoint ended, out of its `training.json`. @throws DataError where that is missing or damaged */
export const readTrainingRecord = (checkpoint: string): TrainingRecordRequest['ended'] =>
  readStateFile(join(checkpoint, 'training.json'), endSchema);
