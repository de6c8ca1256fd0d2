/**
 * The training loop: batches, loss, AdamW, evaluations, saved states. Pure in its settings: a run that was stopped and resumed ends
 * with the same bits as one that was not (one thread count and machine presumed).
 */
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { type Classifier, createClassifier } from '../classify/classifier.ts';
import { inferenceFunction } from '../classify/gliznet-graph.ts';
import { createOnnxScorer } from '../classify/onnx-scorer.ts';
import { createSentenceEmbedder } from '../classify/sentence-embedder.ts';
import { ENCODER_PREFIX, gliznetParameterShapes } from '../model/gliznet.ts';
import { type CheckpointContent, checkWeights, type FloatWeights, readCheckpointWeights, writeCheckpoint } from '../weights/checkpoint.ts';
import type { WeightTensor } from '../weights/formats/safetensors.ts';
import { type Calibration, fitCalibration, type LabelledLogits, mixedLogits } from './calibration.ts';
import { type Dataset, shownLabel } from './data/dataset.ts';
import type { SampledBatch, Sampler } from './data/sampling.ts';
import { dropoutNumbers } from './dropout-numbers.ts';
import type { TrainingDevice } from './engine/devices.ts';
import type { StepResult, TrainingEngine } from './engine/training-session.ts';
import {
  clearRun,
  openRunLog,
  type RunState,
  readNewestState,
  removeLeftovers,
  savedSteps,
  saveState,
  stateFolder,
} from './run/run-folder.ts';
import { parameterGroups, rateFactor } from './schedule.ts';
import { lossSettings, type TrainSettings } from './settings.ts';
import type { StartModel } from './start.ts';
import { openTeacher, type Teacher, type TeacherModel } from './teacher.ts';
import { unseenScores } from './unseen-scores.ts';

/** Result of one evaluation: the figure that `dev.metric` names, to choose by, and whatever else is to be logged. */
export interface Evaluation {
  score: number;
  details: Readonly<Record<string, unknown>>;
}

/** What happened in a step, for display. */
export interface StepReport extends Omit<StepResult, 'logits'> {
  step: number;
  learningRate: number;
  gradientNorm: number;
  /** Examples in the step. */
  examples: number;
  /** Share of the step's tokens that were padding. */
  padding: number;
}

/** What a run needs from its caller. */
export interface RunRequest {
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
  evaluate?: (classifier: Classifier) => Promise<Evaluation>;
  /** What the calibration is fitted to beside training examples behind the last step, and its share of the fit. */
  calibrationSets?: { score: (classifier: Classifier) => Promise<LabelledLogits>; share: number };
  /** `seconds`: how long the step took. */
  onStep?: (report: StepReport, steps: number, seconds: number) => void;
  /** Told when the steps are done and the calibration begins. */
  onCalibration?: () => void;
  onEvaluation?: (step: number, evaluation: Evaluation, best: boolean) => void;
  /** Told when a step failed (no memory on the device, say) and the steps before it are saved. */
  onRescue?: (step: number) => void;
  /** Asked after every step; true saves and ends the run. */
  stopRequested?: () => boolean;
  /** Text files that the final checkpoint gets beside its own. */
  finalFiles?: (summary: RunSummary) => Record<string, string>;
}

/** How a run ended. */
export interface RunSummary {
  steps: number;
  /** False when it was stopped before its end. */
  finished: boolean;
  /** Stopped because evaluations no longer got better. */
  early: boolean;
  /** What the run took, over all its calls. */
  seconds: number;
  best?: { step: number; score: number };
  /** Folder of the final checkpoint, once finished. */
  checkpoint?: string;
}

/** Steps of a whole run. */
export function totalSteps(settings: TrainSettings, batchesPerEpoch: number): number {
  const steps = Math.max(1, Math.floor((settings.epochs * batchesPerEpoch) / settings.accumulation));
  return Math.min(steps, settings.max_steps ?? Number.POSITIVE_INFINITY);
}

/** Whether a step is one of the last ones, of which the final weights are the mean. */
function isSnapshot(step: number, steps: number, average: TrainSettings['average_last']): boolean {
  if (!average) return false;
  const before = steps - step;
  return before % average.every === 0 && before / average.every < average.snapshots;
}

/**
 * The weights that a run ends with: the mean of its snapshots, or the last step's; of these and other runs' the mean; with a share of
 * the start's mixed in. What is behind the encoder has no start worth keeping.
 */
export function finalWeights(
  last: FloatWeights,
  snapshots: { sums: ReadonlyMap<string, Float32Array>; count: number } | undefined,
  others: readonly FloatWeights[],
  start: FloatWeights,
  startShare: number,
): FloatWeights {
  const final = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, { shape, data }] of last) {
    const sum = snapshots?.sums.get(name);
    const own = sum && snapshots ? sum.map((value) => value / snapshots.count) : data;
    const theirs = others.map((weights) => weights.get(name)!.data);
    const trained = others.length
      ? own.map((value, i) => theirs.reduce((total, each) => total + each[i], value) / (others.length + 1))
      : own;
    const from = startShare > 0 && name.startsWith(ENCODER_PREFIX) ? start.get(name)!.data : undefined;
    final.set(name, { shape, data: from ? trained.map((value, i) => (1 - startShare) * value + startShare * from[i]) : trained });
  }
  return final;
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

/**
 * Trains until the steps are done, evaluations no longer get better, or a stop is requested.
 * @throws DataError when the loss is not finite (the batch is in `bad-batch.json`), or files cannot be written
 */
export async function train(request: RunRequest): Promise<RunSummary> {
  const { settings, start, dataset, sampler, output, identity, device } = request;
  const steps = totalSteps(settings, sampler.batchesPerEpoch);
  const began = performance.now();
  removeLeftovers(output);
  const saved = request.resume ? readNewestState(output, identity) : undefined;
  if (saved && saved.state.step > steps)
    throw new DataError(`${output}: the saved state is of step ${saved.state.step}, and the run has ${steps}: it is damaged`);
  if (!saved) clearRun(output);
  let state: RunState = saved?.state ?? { step: 0, identity, withoutGain: 0, snapshots: 0 };
  const before = state.seconds ?? 0;
  const secondsSoFar = () => before + (performance.now() - began) / 1000;
  const log = openRunLog(output, state.step);

  const loss = lossSettings(settings);
  const engine = await device.createTrainingEngine({ ...start, loss, dropout: settings.dropout });
  let teacher: Teacher | undefined;
  const snapshotSum = new Map<string, Float32Array>();
  if (saved) {
    await restore(engine, saved.weights, saved.arrays);
    for (const [name, { data }] of saved.arrays) if (name.startsWith('sum.')) snapshotSum.set(name.slice(4), data as Float32Array);
  }
  teacher = await openTeacher(request.teacher, device, dataset, settings);
  const groups = parameterGroups(engine.parameters.keys(), start.encoder.layers, settings.optimizer);
  const { optimizer } = settings;

  let calibration: Calibration = start.options.calibration;
  const content = (weights: FloatWeights): CheckpointContent => ({
    options: { ...start.options, calibration },
    encoder: start.encoderConfig,
    precision: 'fp32',
    weights,
    tokenizer: start.tokenizer,
    dtype: settings.dtype,
  });
  let savedStep = state.step;
  const save = async () => {
    await engine.download('parameters', 'moments');
    saveState(output, { ...state, seconds: secondsSoFar() }, content(engine.parameters), engine, snapshotSum, settings.keep);
    savedStep = state.step;
  };
  let updating = false;
  /** A step that fails before its update leaves weights and moments as they were: the steps before it are not lost. */
  const rescue = async () => {
    if (updating || state.step === savedStep) return;
    try {
      await save();
      request.onRescue?.(state.step);
    } catch {
      // What stopped the run says more than that it cannot be saved.
    }
  };

  /** Classifies with these weights as `glz predict` would, with shortlists of its own encoder. */
  const withClassifier = async <Result>(weights: FloatWeights, use: (classifier: Classifier) => Promise<Result>): Promise<Result> => {
    const graph = await device.createSession(inferenceFunction(start, weights));
    const embedder = () =>
      createSentenceEmbedder({
        encoder: start.encoder,
        weights: new Map([...weights].map(([name, tensor]) => [name.replace(ENCODER_PREFIX, ''), tensor])),
        tokenizer: start.tokenizer,
        createSession: device.createSession,
      });
    const classifier = await createClassifier(
      start.tokenizer,
      { ...start.options, calibration },
      createOnnxScorer(graph),
      'fp32',
      embedder,
    );
    try {
      return await use(classifier);
    } finally {
      await classifier.dispose();
    }
  };
  const evaluate = (weights: FloatWeights): Promise<Evaluation> => withClassifier(weights, request.evaluate!);

  const scoresOfExamples = async (weights: FloatWeights): Promise<LabelledLogits> => {
    const scorer = createOnnxScorer(await device.createSession(inferenceFunction(start, weights)));
    try {
      return await unseenScores(scorer, sampler, steps * settings.accumulation);
    } finally {
      await scorer.dispose();
    }
  };

  const calibrate = async (weights: FloatWeights): Promise<Calibration> => {
    const { share, score } = request.calibrationSets ?? { share: 0 };
    const parts: { part: LabelledLogits; share: number }[] = [];
    if (share < 1) parts.push({ part: await scoresOfExamples(weights), share: 1 - share });
    if (score && share > 0) parts.push({ part: await withClassifier(weights, score), share });
    return fitCalibration(mixedLogits(parts));
  };

  /** Gives the best checkpoint, which was written while the run went on, a temperature and bias of its own. */
  const calibrateBest = async (): Promise<void> => {
    const best = join(output, 'best');
    const weights = checkWeights(readCheckpointWeights(best), gliznetParameterShapes(start.encoder, start.options), best);
    const own = await calibrate(weights);
    writeCheckpoint(best, { ...content(weights), options: { ...start.options, calibration: own } });
  };

  let diverged = false;
  const badBatch = (sampled: SampledBatch, result: Partial<StepResult>): never => {
    diverged = true;
    const path = join(output, 'bad-batch.json');
    const examples = sampled.examples.map(({ source, row, labels, targets }) => ({
      source: dataset.sources[source].name,
      row,
      labels: labels.map((label) => shownLabel(dataset, label)),
      targets,
      text_ids: [...dataset.sources[source].texts.at(row)],
    }));
    writeFileAtomically(
      path,
      `${JSON.stringify({ step: state.step + 1, ...result, logits: [...(result.logits ?? [])], examples }, null, 1)}\n`,
    );
    const [saved] = savedSteps(output);
    const from = saved === undefined ? '' : ` from the last saved weights, --checkpoint ${stateFolder(output, saved)}`;
    throw new DataError(
      `step ${state.step + 1}: the loss or a gradient is not finite; its batch is in ${path}. Start again${from} with a lower learning rate and another --output`,
    );
  };

  const step = async (): Promise<StepReport> => {
    const mean: Omit<StepReport, 'step' | 'learningRate' | 'gradientNorm'> = { loss: 0, bce: 0, margin: 0, examples: 0, padding: 0 };
    let last: SampledBatch | undefined;
    for (let pass = 0; pass < settings.accumulation; pass++) {
      const passNumber = state.step * settings.accumulation + pass;
      let [tokens, paddedTokens] = [0, 0];
      for (const [part, sampled] of sampler.parts(passNumber).entries()) {
        const { batch } = sampled;
        // Each example counts the same, in whatever part it is.
        const share = batch.batch / sampler.batchSize / settings.accumulation;
        if (settings.dropout) batch.dropout = dropoutNumbers(start.encoder, settings.seed, passNumber, batch.batch, batch.length, part);
        if (teacher) batch.teacher = await teacher.distribution(sampled);
        const { logits, ...terms } = await engine.accumulate(batch, share);
        if (!Number.isFinite(terms.loss)) badBatch(sampled, { ...terms, logits });
        for (const [name, value] of Object.entries(terms)) {
          const field = name as 'loss';
          mean[field] = (mean[field] ?? 0) + value * share;
        }
        mean.examples += batch.batch;
        for (const one of batch.attentionMask) tokens += one;
        paddedTokens += batch.attentionMask.length;
        last = sampled;
      }
      mean.padding += (1 - tokens / paddedTokens) / settings.accumulation;
    }
    const gradientNorm = await engine.gradientNorm(groups);
    if (!Number.isFinite(gradientNorm)) badBatch(last!, mean);
    const number = state.step + 1;
    const learningRate = optimizer.learning_rate * rateFactor(number, steps, settings.schedule);
    updating = true;
    await engine.apply({
      learningRate,
      betas: [optimizer.beta1, optimizer.beta2],
      epsilon: optimizer.epsilon,
      weightDecay: optimizer.weight_decay,
      gradientScale: optimizer.clip_norm > 0 ? Math.min(1, optimizer.clip_norm / gradientNorm) : 1,
      step: number,
      groups,
    });
    updating = false;
    return { ...mean, step: number, learningRate, gradientNorm };
  };

  const isBetter = (score: number): boolean =>
    !state.best || (settings.dev?.metric === 'loss' ? score < state.best.score : score > state.best.score);

  const noFurtherGain = () => settings.dev?.patience !== undefined && state.withoutGain >= settings.dev.patience;
  // A run that was stopped early and killed before its end goes on with its end.
  let early = noFurtherGain();
  let stopped = false;
  try {
    while (state.step < steps && !early) {
      const stepBegan = performance.now();
      const report = await step();
      state = { ...state, step: report.step };
      log.append({ ...report });
      request.onStep?.(report, steps, (performance.now() - stepBegan) / 1000);
      if (isSnapshot(state.step, steps, settings.average_last)) {
        await engine.download('parameters');
        for (const [name, { data }] of engine.parameters) {
          const sum = snapshotSum.get(name) ?? new Float32Array(data.length);
          for (let i = 0; i < data.length; i++) sum[i] += data[i];
          snapshotSum.set(name, sum);
        }
        state.snapshots++;
      }
      if (request.evaluate && settings.dev && state.step % settings.dev.every === 0 && state.step < steps) {
        await engine.download('parameters');
        const evaluation = await evaluate(engine.parameters);
        const better = isBetter(evaluation.score);
        if (better) writeCheckpoint(join(output, 'best'), content(engine.parameters));
        state = {
          ...state,
          best: better ? { step: state.step, score: evaluation.score } : state.best,
          withoutGain: better ? 0 : state.withoutGain + 1,
        };
        log.append({ step: state.step, evaluation: evaluation.score, ...evaluation.details });
        request.onEvaluation?.(state.step, evaluation, better);
        early = noFurtherGain();
      }
      // Signals are delivered between events: ONNX Runtime computes on this thread.
      await new Promise((resolve) => setImmediate(resolve));
      stopped = request.stopRequested?.() ?? false;
      if (stopped || early || (state.step % settings.save_every === 0 && state.step < steps)) await save();
      if (stopped) break;
    }
    if (stopped && state.step < steps)
      return { steps: state.step, finished: false, early: false, seconds: secondsSoFar(), best: state.best };

    // What follows takes a while, and may fail: whatever happens to it, the steps are done.
    if (state.step !== savedStep) await save();
    await engine.download('parameters');
    const snapshots = state.snapshots > 1 && !early ? { sums: snapshotSum, count: state.snapshots } : undefined;
    const averaged = finalWeights(engine.parameters, snapshots, request.averageWith ?? [], start.weights, settings.start_share);
    request.onCalibration?.();
    calibration = await calibrate(averaged);
    if (request.evaluate) {
      const evaluation = await evaluate(averaged);
      // The last step's is the best already where a finished run makes its end again, with another calibration or mean.
      const better = isBetter(evaluation.score) || state.best?.step === state.step;
      if (better) {
        writeCheckpoint(join(output, 'best'), content(averaged));
        state = { ...state, best: { step: state.step, score: evaluation.score } };
      }
      log.append({ step: state.step, evaluation: evaluation.score, final: true, ...evaluation.details });
      request.onEvaluation?.(state.step, evaluation, better);
    }
    const checkpoint = join(output, 'final');
    const summary: RunSummary = { steps: state.step, finished: true, early, seconds: secondsSoFar(), best: state.best, checkpoint };
    writeCheckpoint(checkpoint, { ...content(averaged), files: request.finalFiles?.(summary) });
    if (state.best && state.best.step < state.step) await calibrateBest();
    if (!early) await save();
    return summary;
  } catch (error) {
    if (!diverged) await rescue();
    throw error;
  } finally {
    log.close();
    await teacher?.dispose();
    await engine.dispose();
  }
}
