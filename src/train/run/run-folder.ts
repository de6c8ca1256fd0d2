/**
 * The output folder of a training run: saved states to resume from, the step log, the final checkpoint. A state is written beside its
 * place and renamed, so that a kill at any moment leaves whole states only.
 *
 *     OUT/run.json         which of these names are the run's (run-record.ts)
 *     OUT/settings.json    what the run was started with
 *     OUT/training.jsonl   one line a step and one an evaluation
 *     OUT/tensorboard/     the same numbers as TensorBoard events, one file a start
 *     OUT/report.html      curves, settings and data (run-report.ts)
 *     OUT/states/step-N/   a checkpoint plus the optimizer's moments
 *     OUT/best/            the checkpoint of the best evaluation
 *     OUT/final/           the checkpoint at the end
 *     OUT/near-labels.safetensors  near labels (near-labels-file.ts), if the settings ask for near negatives
 */
import {
  accessSync,
  appendFileSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { temporaryName, writeFileAtomically } from '../../base/files.ts';
import { makeFolder, removeEmptyFolders } from '../../base/make-folder.ts';
import { parseState, readStateFile } from '../../base/state-file.ts';
import { removeFolder, writeFolderAtomically } from '../../base/whole-folders.ts';
import { type CheckpointContent, type FloatWeights, writeCheckpointFiles } from '../../weights/checkpoint.ts';
import { readSafetensors, type WeightTensor, writeSafetensors } from '../../weights/formats/safetensors.ts';
import type { TrainingEngine } from '../engine/training-session.ts';
import { eventFileName, openEventFile } from './event-file.ts';
import { EVENTS, recordEventFile, STATE_FILES, STATE_NAME, STATES } from './run-record.ts';

const count = z.int().min(0);

const runStateSchema = z.object({
  /** Steps done. */
  step: count,
  /** sha256 of settings and data: a run resumes only what it was. */
  identity: z.string(),
  /** Best evaluation so far. */
  best: z.object({ step: count, score: z.number() }).optional(),
  /** Evaluations since the best one. */
  withoutGain: count,
  /** Snapshots summed for weight averaging. */
  snapshots: count,
  /** Seconds that the run took so far, over all its calls. */
  seconds: z.number().min(0).optional(),
});

/** What is known of a run beside its arrays. */
export type RunState = z.infer<typeof runStateSchema>;

/** Where a run keeps its near labels. */
export const nearLabelsPath = (output: string): string => join(output, 'near-labels.safetensors');

const statesFolder = (output: string): string => join(output, STATES);
/** The folder of the state after a step. */
export const stateFolder = (output: string, step: number): string => join(statesFolder(output), `step-${step}`);

/** Steps of the saved states, newest first. */
export function savedSteps(output: string): number[] {
  if (!existsSync(statesFolder(output))) return [];
  return readdirSync(statesFolder(output))
    .filter((name) => existsSync(join(statesFolder(output), name, 'state.json')))
    .map((name) => STATE_NAME.exec(name)?.[1])
    .filter((step) => step !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
}

/** Whether a folder holds a run: a saved state or a checkpoint. */
export const holdsRun = (output: string): boolean =>
  savedSteps(output).length > 0 || ['best', 'final'].some((name) => existsSync(join(output, name, 'config.json')));

/** A folder, or the nearest one above it that exists. */
function existingFolder(path: string): string {
  for (let folder = resolve(path); ; folder = dirname(folder)) if (existsSync(folder) || dirname(folder) === folder) return folder;
}

/**
 * Makes sure that a run can write into its folder, before hours are spent on it: makes the folder and a file in it, for a moment, or, for
 * a dry run (`create` false), only looks.
 * @throws DataError naming the folder
 */
export function checkOutputFolder(output: string, create: boolean): void {
  try {
    if (create) {
      const made = makeFolder(output);
      try {
        const probe = temporaryName(join(output, 'probe'));
        writeFileSync(probe, 'x', { flag: 'wx' });
        rmSync(probe);
      } finally {
        removeEmptyFolders(made);
      }
    } else {
      const folder = existingFolder(output);
      if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
      accessSync(folder, constants.W_OK);
    }
  } catch (error) {
    throw new DataError(`cannot write into ${output}: ${errorMessage(error)}; choose another --output`);
  }
}

/** What a run needs on its disk, and what is free there. */
export interface DiskSpace {
  needed: number;
  free: number;
}

/** Bytes that a run still has to write into its folder: its states, one more while it replaces another, and checkpoints. */
export function diskSpace(output: string, weights: FloatWeights, keep: number): DiskSpace {
  const state = 12 * [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  const { bavail, bsize } = statfsSync(existingFolder(output));
  return { needed: Math.max(2, keep + 2 - savedSteps(output).length) * state, free: bavail * bsize };
}

/** @throws DataError where the disk of a run is too full for it */
export function checkDiskSpace(output: string, weights: FloatWeights, keep: number): void {
  const { needed, free } = diskSpace(output, weights, keep);
  if (free < needed)
    throw new DataError(
      `${output}: ${Math.round(free / 1e6)} MB are free, the run needs ${Math.round(needed / 1e6)} MB for its states; free some space or choose another --output`,
    );
}

/** Saves a state and removes all but the newest `keep`. @throws DataError when it cannot be written; older states stay. */
export function saveState(
  output: string,
  state: RunState,
  content: CheckpointContent,
  engine: TrainingEngine,
  snapshotSum: ReadonlyMap<string, Float32Array> | undefined,
  keep: number,
): void {
  writeFolderAtomically(stateFolder(output, state.step), STATE_FILES, (temporary) => {
    writeCheckpointFiles(temporary, { ...content, dtype: 'F32' });
    const arrays = new Map<string, WeightTensor>();
    for (const [name, { m, v }] of engine.moments) {
      arrays.set(`m.${name}`, { shape: [m.length], data: m });
      arrays.set(`v.${name}`, { shape: [v.length], data: v });
    }
    for (const [name, sum] of snapshotSum ?? []) arrays.set(`sum.${name}`, { shape: [sum.length], data: sum });
    writeSafetensors(join(temporary, 'optimizer.safetensors'), arrays);
    writeFileAtomically(join(temporary, 'state.json'), `${JSON.stringify(state)}\n`);
  });
  for (const step of savedSteps(output).slice(keep)) removeFolder(stateFolder(output, step), STATE_FILES);
}

/** A state read back. */
export interface SavedState {
  state: RunState;
  weights: Map<string, WeightTensor>;
  /** `m.<name>`, `v.<name>` and, while snapshots are summed, `sum.<name>`. */
  arrays: Map<string, WeightTensor>;
}

/**
 * Reads the newest state.
 * @throws UsageError when there is none, or it belongs to other settings or data; DataError when it is broken.
 */
export function readNewestState(output: string, identity: string): SavedState {
  const [step] = savedSteps(output);
  if (step === undefined) throw new UsageError(`${output} holds no saved state to resume from; start without --resume`);
  const folder = stateFolder(output, step);
  const path = join(folder, 'state.json');
  const state = readStateFile(path, runStateSchema);
  if (state.step !== step) throw new DataError(`${path}: field "step" is ${state.step} in the state of step ${step}`);
  if (state.identity !== identity)
    throw new UsageError(`${output} was trained with other settings or data; resume with the same ones, or choose another --output`);
  return {
    state,
    weights: readSafetensors(join(folder, 'model.safetensors')),
    arrays: readSafetensors(join(folder, 'optimizer.safetensors')),
  };
}

/** The log of a run: `training.jsonl`, and the same numbers as TensorBoard events. */
export interface RunLog {
  /** Adds what a step or an evaluation (it has a field `evaluation`) gave. @throws DataError when it cannot be written */
  append(record: LogRecord): void;
  close(): void;
}

const logRecordSchema = z.looseObject({ step: count, sets: z.record(z.string(), z.number()).optional() });

/** A line of the log. */
export type LogRecord = Readonly<Record<string, unknown>> & { readonly step: number };

/** The lines of `training.jsonl` with what they say; lines that are no records, as the half-written last one of a killed run, are left out. */
function logLines(output: string): { line: string; record: LogRecord }[] {
  const path = join(output, 'training.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line ? [{ line, record: parseState(line, logRecordSchema, path) }] : [];
      } catch {
        return [];
      }
    });
}

/** The records of `training.jsonl`. */
export const readRunLog = (output: string): LogRecord[] => logLines(output).map(({ record }) => record);

/** The numbers of a record under the names that TensorBoard shows: `train/loss`, `dev/macro_f1`, `dev_sets/ag_news`. */
function scalars({ step: _, evaluation, sets, final: __, ...others }: LogRecord): Record<string, number> {
  const group = evaluation === undefined ? 'train' : 'dev';
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(others)) if (typeof value === 'number') values[`${group}/${name}`] = value;
  for (const [name, value] of Object.entries((sets as Record<string, number> | undefined) ?? {})) values[`dev_sets/${name}`] = value;
  return values;
}

/** Opens the log, without the lines of steps after `step` and of the end: a resumed run writes them again. */
export function openRunLog(output: string, step: number): RunLog {
  const path = join(output, 'training.jsonl');
  const kept = logLines(output).filter(({ record }) => record.step <= step && record.final !== true);
  // As they were written: a run that was resumed leaves the same bytes as one that was not.
  writeFileAtomically(path, kept.map(({ line }) => `${line}\n`).join(''));
  const time = Date.now();
  recordEventFile(output, eventFileName(time));
  const events = openEventFile(join(output, EVENTS), step, time);
  return {
    append(record) {
      try {
        appendFileSync(path, `${JSON.stringify(record)}\n`);
      } catch (error) {
        throw new DataError(`cannot write ${path}: ${errorMessage(error)}`);
      }
      events.add(record.step, scalars(record));
    },
    close: events.close,
  };
}
