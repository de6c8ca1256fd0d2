/**
 * The output folder of a training run: saved states to resume from, the step log, the final checkpoint. A state is written beside its
 * place and renamed, so that a kill at any moment leaves whole states only.
 *
 *     OUT/settings.json    what the run was started with
 *     OUT/training.jsonl   one line a step and one an evaluation
 *     OUT/states/step-N/   a checkpoint plus the optimizer's moments
 *     OUT/best/            the checkpoint of the best evaluation
 *     OUT/final/           the checkpoint at the end
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainingEngine } from '../engine/training-session.ts';
import { DataError, errorMessage, UsageError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import { type CheckpointContent, writeCheckpointFiles, writeFolderAtomically } from '../weights/checkpoint.ts';
import { readSafetensors, type WeightTensor, writeSafetensors } from '../weights/safetensors.ts';

/** What is known of a run beside its arrays. */
export interface RunState {
  /** Steps done. */
  step: number;
  /** sha256 of settings and data: a run resumes only what it was. */
  identity: string;
  /** Best evaluation so far. */
  best?: { step: number; score: number };
  /** Evaluations since the best one. */
  withoutGain: number;
  /** Snapshots summed for weight averaging. */
  snapshots: number;
}

const statesFolder = (output: string): string => join(output, 'states');
const STATE_NAME = /^step-(\d+)$/;

/** Steps of the saved states, newest first. */
export function savedSteps(output: string): number[] {
  if (!existsSync(statesFolder(output))) return [];
  return readdirSync(statesFolder(output))
    .map((name) => STATE_NAME.exec(name)?.[1])
    .filter((step) => step !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
}

/** Removes what a killed run left half-written; a folder that was moved away while its successor was written comes back. */
export function removeLeftovers(output: string): void {
  for (const folder of [output, statesFolder(output)])
    if (existsSync(folder))
      for (const name of readdirSync(folder).sort()) {
        const moved = /^(.+)\.\d+\.[0-9a-f]{8}\.tmp\.old$/.exec(name);
        if (moved && !existsSync(join(folder, moved[1]))) renameSync(join(folder, name), join(folder, moved[1]));
        else if (/\.tmp(\.old)?$/.test(name)) rmSync(join(folder, name), { recursive: true, force: true });
      }
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
  writeFolderAtomically(join(statesFolder(output), `step-${state.step}`), (temporary) => {
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
  for (const step of savedSteps(output).slice(keep)) {
    // Renamed first: a kill while its files go must not leave a part of a state under a state's name.
    const old = join(statesFolder(output), `step-${step}`);
    renameSync(old, `${old}.tmp`);
    rmSync(`${old}.tmp`, { recursive: true, force: true });
  }
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
  const folder = join(statesFolder(output), `step-${step}`);
  let state: RunState;
  try {
    state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as RunState;
  } catch (error) {
    throw new DataError(`${folder}/state.json: ${errorMessage(error)}`);
  }
  if (state.identity !== identity)
    throw new UsageError(`${output} was trained with other settings or data; resume with the same ones, or choose another --output`);
  return {
    state,
    weights: readSafetensors(join(folder, 'model.safetensors')),
    arrays: readSafetensors(join(folder, 'optimizer.safetensors')),
  };
}

/** The step log of a run. */
export interface StepLog {
  append(record: Readonly<Record<string, unknown>>): void;
}

/** Opens the step log, without the lines of steps after `step`: a resumed run writes them again. */
export function openStepLog(output: string, step: number): StepLog {
  const path = join(output, 'training.jsonl');
  mkdirSync(output, { recursive: true });
  const kept: string[] = [];
  if (existsSync(path))
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      try {
        if (line && (JSON.parse(line) as { step: number }).step <= step) kept.push(line);
      } catch {
        // the half-written last line of a killed run
      }
    }
  writeFileAtomically(path, kept.map((line) => `${line}\n`).join(''));
  return {
    append(record) {
      try {
        appendFileSync(path, `${JSON.stringify(record)}\n`);
      } catch (error) {
        throw new DataError(`cannot write ${path}: ${errorMessage(error)}`);
      }
    },
  };
}
