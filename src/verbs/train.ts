/** Training as the library and `glz train` call it: settings, everything that a run needs, its folder and report. Knows no terminal. */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UsageError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { isObject } from '../base/is-object.ts';
import { readJsonObject } from '../base/json.ts';
import { devScore } from '../eval/sets/dev-score.ts';
import { labelledLogits } from '../eval/sets/labelled-logits.ts';
import { SHIPPED_CHECKPOINT } from '../options/shipped-checkpoint.ts';
import { ownLabels } from '../train/data/dataset.ts';
import { checkOutputFolder, holdsRun, readRunLog, savedSteps } from '../train/run/run-folder.ts';
import { runEnd, trainingIdentity } from '../train/run/run-identity.ts';
import { isFinished, lockRunFolder, refuseForeignFiles } from '../train/run/run-record.ts';
import { runReport } from '../train/run/run-report.ts';
import { readTrainingRecord, trainingRecord } from '../train/run/training-record.ts';
import type { RunSummary } from '../train/run-events.ts';
import { checkSettings, lossSettings, overrideSettings, readSettingsFile } from '../train/settings.ts';
import type { TrainSettings } from '../train/settings-schema.ts';
import { train } from '../train/trainer.ts';
import type { TrainOptions, TrainResult } from './library-types.ts';
import { type PreparedRun, prepareRun } from './prepared-run.ts';
import { presetPath } from './presets.ts';

/** A run as it is called for: `fields` are settings by their paths (`loss.margin`). */
export interface TrainCall extends Omit<TrainOptions, 'settings'> {
  fields: Readonly<Record<string, unknown>>;
}

/** Fields in groups by their paths: `{ loss: { margin: 0.3 } }` as `{ 'loss.margin': 0.3 }`. */
export function fieldPaths(settings: object, prefix = ''): Record<string, unknown> {
  return Object.assign(
    {},
    ...Object.entries(settings).map(([name, value]) =>
      isObject(value) ? fieldPaths(value, `${prefix}${name}.`) : { [prefix + name]: value },
    ),
  );
}

type SettingsCall = Pick<TrainCall, 'config' | 'data' | 'fields' | 'note' | 'output' | 'resume'>;

/**
 * The settings of a run: those of a preset or file, or of the run that is gone on with, with fields put over them.
 * @throws UsageError naming the field that is wrong
 */
export function runSettings({ config, data = [], fields, note, output, resume }: SettingsCall): TrainSettings {
  const begun = join(output, 'settings.json');
  // Not by the presets of today: the run goes on as what it was begun as.
  if (resume && config === undefined && data.length === 0 && existsSync(begun)) {
    note?.(`goes on with the settings and data in ${begun}`);
    return checkSettings(overrideSettings(readJsonObject(begun), fields), begun);
  }
  const isStartNamed = fields.encoder !== undefined || fields.checkpoint !== undefined;
  // Somebody who names data and nothing else adapts what ships.
  const preset = config ?? (isStartNamed ? undefined : 'few-shot');
  const where = preset ? presetPath('train', preset) : 'the options';
  const base = preset ? readSettingsFile(where) : {};
  // What is named replaces either kind of start that the preset names.
  if (isStartNamed) {
    delete base.encoder;
    delete base.checkpoint;
  }
  const settings = overrideSettings(base, data.length ? { ...fields, data } : fields);
  if (!settings.encoder && !settings.checkpoint) settings.checkpoint = SHIPPED_CHECKPOINT;
  if (settings.checkpoint === SHIPPED_CHECKPOINT)
    note?.(
      `starts from the checkpoint that ships${config ? '' : ', with the preset few-shot'} (another start: --checkpoint, --encoder; other settings: --config)`,
    );
  if (!settings.data) throw new UsageError('no training data: give --data FILE (more than once for several files)');
  return checkSettings(settings, where);
}

/** Milliseconds after which report.html is written again without an evaluation: it reads the whole log. */
const REPORT_INTERVAL = 60_000;

/** Writes the run's report.html: `now` whatever it is, `seldom` where the last one is old. */
function reportOf({ settings, dataset, sampler, steps }: PreparedRun, output: string) {
  let written = performance.now();
  const now = (state: string) => {
    const records = readRunLog(output);
    const { shares, batchSize } = sampler;
    const report = runReport({ name: basename(resolve(output)), settings, dataset, shares, batchSize, records, steps, state });
    writeFileAtomically(join(output, 'report.html'), report);
    written = performance.now();
  };
  const seldom = (state: string) => {
    if (performance.now() - written > REPORT_INTERVAL) now(state);
  };
  return { now, seldom };
}

function trainResult({ dataset }: PreparedRun, output: string, summary: RunSummary): TrainResult {
  const labels = ownLabels(dataset);
  return {
    ...summary,
    ...(summary.finished && summary.best ? { checkpoint: join(output, 'best') } : {}),
    ...(labels ? { labels } : {}),
  };
}

async function trainPrepared(run: PreparedRun, call: TrainCall): Promise<TrainResult> {
  const { sets, calibrationSets, ...prepared } = run;
  const { settings, dataset, steps } = prepared;
  const { output, signal } = call;
  // A run that was killed before it saved a state begins again; a finished one is never thrown away.
  const resume = call.resume === true && (savedSteps(output).length > 0 || existsSync(join(output, 'final/config.json')));
  const identity = trainingIdentity(settings, dataset.hash, resume ? output : '');
  if (resume && isFinished(output, runEnd(identity, settings))) {
    call.note?.(`${output} is finished with these settings and data: nothing to go on with`);
    const ended = readTrainingRecord(join(output, 'final'));
    return trainResult(run, output, { ...ended, finished: true, early: ended.steps < steps, checkpoint: join(output, 'final') });
  }
  if (!resume) writeFileAtomically(join(output, 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
  const report = reportOf(run, output);
  signal?.throwIfAborted();
  call.onStart?.({ steps });
  const summary: RunSummary = await train({
    ...prepared,
    output,
    resume,
    identity,
    stopRequested: () => signal?.aborted ?? false,
    ...(sets.length
      ? {
          evaluate: async (classifier) => {
            const { macroF1, accuracy, loss, ...others } = await devScore(classifier, sets, lossSettings(settings));
            const metrics = { macro_f1: macroF1, accuracy, dev_loss: loss };
            const chosen = { macro_f1: macroF1, accuracy, loss }[settings.dev?.metric ?? 'macro_f1'];
            return { score: chosen, details: { ...metrics, ...others } };
          },
        }
      : {}),
    ...(settings.calibration
      ? { calibrationSets: { score: (classifier) => labelledLogits(classifier, calibrationSets), share: settings.calibration.share } }
      : {}),
    onStep: (step, total, seconds) => {
      call.onStep?.(step, total, seconds);
      report.seldom('running');
    },
    onCalibration: call.onCalibration,
    onRescue: call.onRescue,
    onEvaluation: (step, evaluation, best) => {
      call.onEvaluation?.(step, evaluation, best);
      report.now('running');
    },
    trainingRecord: (ended) => trainingRecord({ settings, dataset, ended, records: readRunLog(output) }),
  });
  report.now(summary.finished ? (summary.early ? 'finished early, no further gain' : 'finished') : 'stopped');
  return trainResult(run, output, summary);
}

/**
 * Makes a run in the folder `output`, from its settings to its checkpoint. Ends early, with what is done saved, where the signal is aborted.
 * @throws UsageError for settings that are wrong and a folder that is not this run's; DataError for files that cannot be read or written;
 *   the signal's reason where it is aborted before the first step
 */
export async function runTraining(call: TrainCall): Promise<TrainResult> {
  const settings = runSettings(call);
  const { output, resume = false, overwrite = false } = call;
  if (!resume && holdsRun(output) && !overwrite)
    throw new UsageError(`${output} holds a run already: --resume goes on with it, --overwrite starts again`);
  refuseForeignFiles(output, resume);
  checkOutputFolder(output, true);
  const lock = lockRunFolder(output);
  try {
    return await trainPrepared(await prepareRun(settings, { ...call, dryRun: false }), call);
  } finally {
    lock.release();
  }
}

/** The library's `train`: its settings are fields in groups. @throws as {@link runTraining} */
export const trainWithSettings = ({ settings = {}, ...call }: TrainOptions): Promise<TrainResult> =>
  runTraining({ ...call, fields: fieldPaths(settings) });
