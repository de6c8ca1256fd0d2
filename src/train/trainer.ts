/**
 * The training loop: batches, loss, AdamW, evaluations, saved states. Pure in its settings: a run that was stopped and resumed ends
 * with the same bits as one that was not (one thread count and machine presumed).
 */
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { gliznetParameterShapes } from '../model/gliznet.ts';
import { type CheckpointContent, checkWeights, type FloatWeights, readCheckpointWeights, writeCheckpoint } from '../weights/checkpoint.ts';
import type { WeightTensor } from '../weights/formats/safetensors.ts';
import type { LabelCalibration } from './calibration.ts';
import { type Dataset, ownLabels } from './data/dataset.ts';
import type { Sampler } from './data/sampling.ts';
import type { TrainingDevice } from './engine/devices.ts';
import type { TrainingEngine } from './engine/training-session.ts';
import { addSnapshot, finalWeights, isSnapshot } from './final-weights.ts';
import { openRunLog, type RunState, readNewestState, type SavedState, saveState } from './run/run-folder.ts';
import { runEnd } from './run/run-identity.ts';
import { claimRunFolder, clearRun, finishRun, refuseForeignFiles, removeLeftovers } from './run/run-record.ts';
import type { Evaluation, RunSummary, StepReport } from './run-events.ts';
import { type RunScoresRequest, runScores } from './run-scores.ts';
import { lossSettings } from './settings.ts';
import type { TrainSettings } from './settings-schema.ts';
import type { StartModel } from './start.ts';
import { openTeacher, type TeacherModel } from './teacher.ts';
import { createStepper, DivergedError } from './training-step.ts';

/** What a run needs from its caller. */
export interface TrainingRequest {
  settings: TrainSettings;
  start: StartModel;
  /** Needed if the settings distil. */
  teacher?: TeacherModel;
  /** Weights of other runs, of which the final ones are the mean together with this run's. */
  averageWith?: readonly FloatWeights[];
  dataset: Dataset;
  /** Of samplerOf() (run-sampler.ts), with the same settings. */
  sampler: Sampler;
  output: string;
  resume: boolean;
  /** sha256 of settings and data. */
  identity: string;
  /** Where it is trained and evaluated. */
  device: TrainingDevice;
  evaluate?: RunScoresRequest['evaluate'];
  calibrationSets?: RunScoresRequest['calibrationSets'];
  /** `seconds`: how long the step took. */
  onStep?: (report: StepReport, steps: number, seconds: number) => void;
  /** Told when the steps are done and the calibration begins. */
  onCalibration?: () => void;
  onEvaluation?: (step: number, evaluation: Evaluation, best: boolean) => void;
  /** Told when a step failed (no memory on the device, say) and the steps before it are saved. */
  onRescue?: (step: number) => void;
  /** Asked after every step; true saves and ends the run. */
  stopRequested?: () => boolean;
  /** What the final checkpoint's training.json says. */
  trainingRecord?: (summary: RunSummary) => string;
}

/** Steps of a whole run. */
export function totalSteps(settings: TrainSettings, batchesPerEpoch: number): number {
  const steps = Math.max(1, Math.floor((settings.epochs * batchesPerEpoch) / settings.accumulation));
  return Math.min(steps, settings.max_steps ?? Number.POSITIVE_INFINITY);
}

async function restore(
  engine: TrainingEngine,
  weights: ReadonlyMap<string, WeightTensor>,
  arrays: ReadonlyMap<string, WeightTensor>,
): Promise<void> {
  const copy = (from: ReadonlyMap<string, WeightTensor>, name: string, to: Float32Array): void => {
    const found = from.get(name);
    if (!found || found.data.length !== to.length) throw new DataError(`the saved state has no fitting tensor "${name}"`);
    to.set(found.data as Float32Array);
  };
  for (const [name, { data }] of engine.parameters) copy(weights, name, data);
  for (const [name, { m, v }] of engine.moments) {
    copy(arrays, `m.${name}`, m);
    copy(arrays, `v.${name}`, v);
  }
  await engine.upload();
}

/** The state that a run goes on from; undefined where it begins. @throws DataError where it is of a step that the run does not have */
function savedRun(output: string, identity: string, steps: number): SavedState {
  const saved = readNewestState(output, identity);
  if (saved.state.step > steps)
    throw new DataError(`${output}: the saved state is of step ${saved.state.step}, and the run has ${steps}: it is damaged`);
  return saved;
}

/** Opens all that a run works with: its folder, log, engine and what is saved of it. */
async function openRun(request: TrainingRequest) {
  const { settings, start, dataset, sampler, output, identity, device } = request;
  const steps = totalSteps(settings, sampler.batchesPerEpoch);
  const began = performance.now();
  refuseForeignFiles(output, request.resume);
  claimRunFolder(output);
  removeLeftovers(output);
  const saved = request.resume ? savedRun(output, identity, steps) : undefined;
  if (!saved) clearRun(output);
  const state: RunState = saved?.state ?? { step: 0, identity, withoutGain: 0, snapshots: 0 };
  const before = state.seconds ?? 0;
  const seconds = () => before + (performance.now() - began) / 1000;
  const log = openRunLog(output, state.step);

  const engine = await device.createTrainingEngine({ ...start, loss: lossSettings(settings), dropout: settings.dropout });
  const snapshotSum = new Map<string, Float32Array>();
  if (saved) {
    await restore(engine, saved.weights, saved.arrays);
    for (const [name, { data }] of saved.arrays) if (name.startsWith('sum.')) snapshotSum.set(name.slice(4), data as Float32Array);
  }
  const teacher = await openTeacher(request.teacher, device, dataset, settings);
  const stepper = createStepper({ settings, start, dataset, sampler, engine, teacher, output, steps });
  const scores = runScores({ ...request, batches: steps * settings.accumulation });

  const fitted: { calibration: LabelCalibration } = { calibration: start.options.calibration };
  const content = (weights: FloatWeights, { calibration } = fitted): CheckpointContent => ({
    options: { ...start.options, calibration: { ...start.options.calibration, ...calibration } },
    encoder: start.encoderConfig,
    precision: 'fp32',
    weights,
    tokenizer: start.tokenizer,
    dtype: settings.dtype,
    labels: ownLabels(dataset),
  });
  let savedStep = state.step;
  return {
    request,
    steps,
    state,
    seconds,
    log,
    engine,
    snapshotSum,
    stepper,
    scores,
    /** The temperature and bias that the weights have: the start's, until they are fitted at the end. */
    fitted,
    content,
    isSaved: () => state.step === savedStep,
    async save() {
      await engine.download('parameters', 'moments');
      saveState(output, { ...state, seconds: seconds() }, content(engine.parameters), engine, snapshotSum, settings.keep);
      savedStep = state.step;
    },
    isBetter: (score: number): boolean =>
      !state.best || (settings.dev?.metric === 'loss' ? score < state.best.score : score > state.best.score),
    noFurtherGain: () => settings.dev?.patience !== undefined && state.withoutGain >= settings.dev.patience,
    async close() {
      log.close();
      await teacher?.dispose();
      await engine.dispose();
    },
  };
}

type OpenRun = Awaited<ReturnType<typeof openRun>>;

/** A step that fails before its update leaves weights and moments as they were: the steps before it are not lost. */
async function rescue({ stepper, isSaved, save, state, request }: OpenRun): Promise<void> {
  if (stepper.isUpdating || isSaved()) return;
  try {
    await save();
    request.onRescue?.(state.step);
  } catch {
    // What stopped the run says more than that it cannot be saved.
  }
}

/** Evaluates the weights as they are; the best ones are written. */
async function evaluateStep(run: OpenRun): Promise<void> {
  const { request, state, engine, scores, log } = run;
  await engine.download('parameters');
  const evaluation = await scores.evaluate(engine.parameters, run.fitted.calibration);
  const better = run.isBetter(evaluation.score);
  if (better) {
    writeCheckpoint(join(request.output, 'best'), run.content(engine.parameters));
    state.best = { step: state.step, score: evaluation.score };
  }
  state.withoutGain = better ? 0 : state.withoutGain + 1;
  log.append({ step: state.step, evaluation: evaluation.score, ...evaluation.details });
  request.onEvaluation?.(state.step, evaluation, better);
}

/** Makes the steps that are left. @returns why no more are made */
async function makeSteps(run: OpenRun): Promise<'done' | 'early' | 'stopped'> {
  const { request, steps, state, engine, log } = run;
  const { settings } = request;
  // A run that was stopped early and killed before its end goes on with its end.
  let early = run.noFurtherGain();
  while (state.step < steps && !early) {
    const began = performance.now();
    const report = await run.stepper.step(state.step + 1);
    state.step = report.step;
    log.append({ ...report });
    request.onStep?.(report, steps, (performance.now() - began) / 1000);
    if (isSnapshot(state.step, steps, settings.average_last)) {
      await engine.download('parameters');
      addSnapshot(run.snapshotSum, engine.parameters);
      state.snapshots++;
    }
    if (request.evaluate && settings.dev && state.step % settings.dev.every === 0 && state.step < steps) {
      await evaluateStep(run);
      early = run.noFurtherGain();
    }
    // Signals are delivered between events: ONNX Runtime computes on this thread.
    await new Promise((resolve) => setImmediate(resolve));
    const stopped = request.stopRequested?.() ?? false;
    if (stopped || early || (state.step % settings.save_every === 0 && state.step < steps)) await run.save();
    if (stopped) return state.step < steps ? 'stopped' : early ? 'early' : 'done';
  }
  return early ? 'early' : 'done';
}

/** Makes the checkpoints of a run whose steps are done: averaged, calibrated, evaluated. */
async function makeEnd(run: OpenRun, early: boolean): Promise<RunSummary> {
  const { request, state, engine, scores, log, content } = run;
  const { settings, start, output } = request;
  // What follows takes a while, and may fail: whatever happens to it, the steps are done.
  if (!run.isSaved()) await run.save();
  await engine.download('parameters');
  const snapshots = state.snapshots > 1 && !early ? { sums: run.snapshotSum, count: state.snapshots } : undefined;
  const averaged = finalWeights(engine.parameters, snapshots, request.averageWith ?? [], start.weights, settings.start_share);
  request.onCalibration?.();
  run.fitted.calibration = await scores.calibrate(averaged);
  const best = join(output, 'best');
  if (request.evaluate) {
    const evaluation = await scores.evaluate(averaged, run.fitted.calibration);
    // The last step's is the best already where a finished run makes its end again, with another calibration or mean.
    const better = run.isBetter(evaluation.score) || state.best?.step === state.step;
    if (better) {
      writeCheckpoint(best, content(averaged));
      state.best = { step: state.step, score: evaluation.score };
    }
    log.append({ step: state.step, evaluation: evaluation.score, final: true, ...evaluation.details });
    request.onEvaluation?.(state.step, evaluation, better);
  }
  const checkpoint = join(output, 'final');
  const summary: RunSummary = { steps: state.step, finished: true, early, seconds: run.seconds(), best: state.best, checkpoint };
  writeCheckpoint(checkpoint, { ...content(averaged), training: request.trainingRecord?.(summary) });
  if (state.best && state.best.step < state.step) {
    // The best checkpoint, which was written while the run went on, gets a temperature and bias of its own.
    const weights = checkWeights(readCheckpointWeights(best), gliznetParameterShapes(start.encoder, start.options), best);
    writeCheckpoint(best, content(weights, { calibration: await scores.calibrate(weights) }));
  }
  if (!settings.keep_states) finishRun(output, runEnd(request.identity, settings));
  else if (!early) await run.save();
  return summary;
}

/**
 * Trains until the steps are done, evaluations no longer get better, or a stop is requested.
 * @throws UsageError where the output holds files that no run wrote; DataError when the loss is not finite (the batch is in `bad-batch.json`), or files cannot be written
 */
export async function train(request: TrainingRequest): Promise<RunSummary> {
  const run = await openRun(request);
  try {
    const end = await makeSteps(run);
    if (end !== 'stopped') return await makeEnd(run, end === 'early');
    const { step, best } = run.state;
    return { steps: step, finished: false, early: false, seconds: run.seconds(), best };
  } catch (error) {
    if (!(error instanceof DivergedError)) await rescue(run);
    throw error;
  } finally {
    await run.close();
  }
}
