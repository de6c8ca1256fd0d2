/** What a run's weights score: its evaluations, and the temperature and bias that are fitted to what it has not trained on. */
import type { Classifier } from '../classify/classifier.ts';
import { inferenceFunction } from '../classify/gliznet-graph.ts';
import { openClassifier } from '../classify/open-classifier.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import { fitCalibration, type LabelCalibration, type LabelledLogits, mixedLogits } from './calibration.ts';
import type { Sampler } from './data/sampling.ts';
import type { TrainingDevice } from './engine/devices.ts';
import type { Evaluation } from './run-events.ts';
import type { StartModel } from './start.ts';
import { unseenScores } from './unseen-scores.ts';

/** What a run is scored with. */
export interface RunScoresRequest {
  start: StartModel;
  device: TrainingDevice;
  sampler: Sampler;
  /** Batches of the whole run: those behind them are unseen. */
  batches: number;
  evaluate?: (classifier: Classifier) => Promise<Evaluation>;
  /** What the calibration is fitted to beside training examples behind the last step, and its share of the fit. */
  calibrationSets?: { score: (classifier: Classifier) => Promise<LabelledLogits>; share: number };
}

/** Scores of a run's weights. */
export interface RunScores {
  /** The run's evaluation. */
  evaluate(weights: FloatWeights, calibration: LabelCalibration): Promise<Evaluation>;
  /** The temperature and bias that suit these weights. */
  calibrate(weights: FloatWeights): Promise<LabelCalibration>;
}

/** Scores weights on the run's device. */
export function runScores({ start, device, sampler, batches, evaluate, calibrationSets }: RunScoresRequest): RunScores {
  /** Classifies with these weights as `glz predict` would. */
  async function withClassifier<Result>(
    weights: FloatWeights,
    calibration: LabelCalibration,
    use: (classifier: Classifier) => Promise<Result>,
  ): Promise<Result> {
    const model = { ...start, options: { ...start.options, calibration: { ...start.options.calibration, ...calibration } } };
    const classifier = await openClassifier(model, weights, (pass) => device.createSession(pass));
    try {
      return await use(classifier);
    } finally {
      await classifier.dispose();
    }
  }

  async function scoresOfExamples(weights: FloatWeights): Promise<LabelledLogits> {
    const session = await device.createSession(inferenceFunction(start, weights));
    try {
      return await unseenScores(session, sampler, batches);
    } finally {
      await session.dispose();
    }
  }

  return {
    evaluate: (weights, calibration) => withClassifier(weights, calibration, evaluate!),
    async calibrate(weights) {
      const { share, score } = calibrationSets ?? { share: 0 };
      const parts: { part: LabelledLogits; share: number }[] = [];
      if (share < 1) parts.push({ part: await scoresOfExamples(weights), share: 1 - share });
      if (score && share > 0) parts.push({ part: await withClassifier(weights, start.options.calibration, score), share });
      return fitCalibration(mixedLogits(parts));
    },
  };
}
