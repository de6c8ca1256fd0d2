/**
 * What in an output folder is the run's: `run.json` lists the names that runs of glz wrote or may write there. Nothing else is ever
 * replaced or removed, and a folder in which one of these names is somebody else's is refused.
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { writeFileAtomically } from '../../base/files.ts';
import { type FileLock, lockFile } from '../../base/locks/lock-file.ts';
import { stateFileOrNone } from '../../base/state-file.ts';
import { type OwnNames, removeFolder, removeLeftFolders } from '../../base/whole-folders.ts';
import { CHECKPOINT_FILES } from '../../weights/checkpoint.ts';

const RECORD = 'run.json';

/** Folder of the saved states. */
export const STATES = 'states';
/** Name of a saved state in it, by its step. */
export const STATE_NAME = /^step-(\d+)$/;

/** Folder of TensorBoard's event files. */
export const EVENTS = 'tensorboard';
const EVENT_FILE = /^events\.out\.tfevents\.\d{10}\./;

/** Files of a saved state. */
export const STATE_FILES: OwnNames = new Set([...CHECKPOINT_FILES, 'optimizer.safetensors', 'state.json']);

const CHECKPOINTS = ['best', 'final'];
/** Files that a new run begins without; the settings and the near labels are written anew, or are the same. */
const RESULTS = ['training.jsonl', 'report.html', 'bad-batch.json'];

/** All that a run writes into its folder. */
const RUN_NAMES: readonly string[] = [RECORD, STATES, EVENTS, ...CHECKPOINTS, ...RESULTS, 'settings.json', 'near-labels.safetensors'];

const schema = z.object({
  /** Names in the folder. */
  names: z.array(z.string()),
  /** Event files, one a start. */
  events: z.array(z.string().regex(/^[^/\\]+$/)),
  /** What the run ended as (run-identity.ts), where it kept no states to go on from. */
  finished: z.string().optional(),
});
type RunRecord = z.infer<typeof schema>;

/** The record of a folder; undefined where there is none that a run wrote. */
const readRecord = (output: string): RunRecord | undefined => stateFileOrNone(join(output, RECORD), schema);

const writeRecord = (output: string, record: RunRecord): void =>
  writeFileAtomically(join(output, RECORD), `${JSON.stringify(record, null, 2)}\n`);

const holdsState = (output: string): boolean =>
  existsSync(join(output, STATES)) &&
  readdirSync(join(output, STATES)).some((name) => STATE_NAME.test(name) && existsSync(join(output, STATES, name, 'state.json')));

/** Whether a folder without a record holds a run of a glz that wrote none: its state, or its final checkpoint, says so. */
const holdsUnrecordedRun = (output: string): boolean => existsSync(join(output, 'final/training.json')) || holdsState(output);

/**
 * Finds what a run would replace in a folder and no run wrote.
 * @param resume whether the folder is said to hold a run, which may be of a glz that kept no record
 * @throws UsageError naming it
 */
export function refuseForeignFiles(output: string, resume: boolean): void {
  const record = readRecord(output);
  if (!record && resume && holdsUnrecordedRun(output)) return;
  const foreign = RUN_NAMES.filter((name) => !record?.names.includes(name) && existsSync(join(output, name)));
  if (foreign.length > 0)
    throw new UsageError(
      `${output} holds ${foreign.join(', ')}, which a run would replace and no run of glz train wrote (${RECORD} does not list it); choose another --output, or move it away`,
    );
}

/** Notes that the names of a run are its own in a folder that {@link refuseForeignFiles} has let through. Before the run writes any. */
export function claimRunFolder(output: string): void {
  const record = readRecord(output);
  if (record && RUN_NAMES.every((name) => record.names.includes(name))) return;
  const events = existsSync(join(output, EVENTS)) ? readdirSync(join(output, EVENTS)).filter((name) => EVENT_FILE.test(name)) : [];
  writeRecord(output, { names: [...RUN_NAMES], events: record?.events ?? events });
}

/** Notes an event file that is about to be written. */
export function recordEventFile(output: string, name: string): void {
  const record = readRecord(output) ?? { names: [...RUN_NAMES], events: [] };
  writeRecord(output, { ...record, events: [...record.events, name] });
}

/** Removes the saved states of a run; what somebody else put among them stays. */
function removeStates(output: string): void {
  const states = join(output, STATES);
  if (!existsSync(states)) return;
  // The newest last: whatever is left of them by a kill, the next start goes on from it.
  const steps = readdirSync(states).flatMap((name) => STATE_NAME.exec(name)?.[1] ?? []);
  for (const step of steps.sort((a, b) => Number(a) - Number(b))) removeFolder(join(states, `step-${step}`), STATE_FILES);
  if (readdirSync(states).length === 0) rmdirSync(states);
}

/**
 * Notes that a run is done, and removes the states that it was resumed from.
 * @param end what it ended as: {@link isFinished} knows it by that
 * @throws DataError where they cannot be removed
 */
export function finishRun(output: string, end: string): void {
  const record = readRecord(output);
  if (!record?.names.includes(STATES)) return;
  writeRecord(output, { ...record, finished: end });
  try {
    removeStates(output);
  } catch (error) {
    throw new DataError(`the run is done and its checkpoint whole, but its states cannot be removed: ${errorMessage(error)}`);
  }
}

/**
 * Whether the run in a folder is done as this one would be, and kept no states: there is nothing to go on with.
 * @throws UsageError where it is done and would go on with something else
 */
export function isFinished(output: string, end: string): boolean {
  const finished = readRecord(output)?.finished;
  if (finished === undefined || holdsState(output)) return false;
  if (finished === end) return true;
  throw new UsageError(
    `${output} is a finished run with other settings or data, and it kept no states: train on from its checkpoint with --checkpoint ${output} and another --output; ` +
      'with the setting keep_states=true a run keeps its states, and its end can be made again',
  );
}

/** Removes the results of the runs in a folder, and nothing else: its states must not be taken for those of the run that begins there. */
export function clearRun(output: string): void {
  const { names, events } = readRecord(output) ?? { names: [], events: [] };
  const own = (name: string) => names.includes(name) && existsSync(join(output, name));
  if (own(STATES)) removeStates(output);
  if (own(EVENTS)) {
    for (const name of events) rmSync(join(output, EVENTS, name), { force: true });
    if (readdirSync(join(output, EVENTS)).length === 0) rmdirSync(join(output, EVENTS));
  }
  for (const name of CHECKPOINTS) if (own(name)) removeFolder(join(output, name), CHECKPOINT_FILES);
  for (const name of RESULTS) if (own(name)) rmSync(join(output, name));
  if (names.length > 0) writeRecord(output, { names, events: [] });
}

/** Tidies what killed runs left half-written; a folder that was moved away while its successor was written comes back. */
export function removeLeftovers(output: string): void {
  if (!readRecord(output)) return;
  const names = new Set(RUN_NAMES);
  removeLeftFolders(output, (name) => (names.has(name) ? CHECKPOINT_FILES : undefined));
  removeLeftFolders(join(output, STATES), (name) => (STATE_NAME.test(name) ? STATE_FILES : undefined));
}

/** Takes the folder of a run, which is made, for this process. @throws DataError naming the process that trains there */
export function lockRunFolder(output: string): FileLock {
  return lockFile(join(output, 'run'), output);
}
