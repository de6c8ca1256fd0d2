/** A few real steps that change nothing on disk: how long a run will take on this machine and how much memory it needs. */

import type { Dataset } from './data/dataset.ts';
import type { Sampler } from './data/sampling.ts';
import { dropoutNumbers } from './dropout-numbers.ts';
import type { TrainingDevice } from './engine/devices.ts';
import { lossSettings } from './settings.ts';
import type { TrainSettings } from './settings-schema.ts';
import type { StartModel } from './start.ts';
import { openTeacher, type TeacherModel } from './teacher.ts';

/** What the steps showed. */
export interface Trial {
  /** Steps that were measured. */
  steps: number;
  /** Seconds of one step of mean size: all its passes, and the optimizer. */
  secondsAStep: number;
  /** Seconds of one pass of mean size, forward and backward. */
  secondsAPass: number;
  /** Most memory that the process had, the largest batch included. Of a device's own memory nothing is known. */
  peakBytes: number;
}

/** What is tried out. */
export interface TrialRequest {
  settings: TrainSettings;
  start: StartModel;
  teacher?: TeacherModel;
  dataset: Dataset;
  sampler: Sampler;
  device: TrainingDevice;
  /** Batches to choose from: numbers 0 to `batches` - 1, of `meanTokens` padded tokens on average. */
  batches: number;
  meanTokens: number;
  /** The one with most tokens. */
  largest: number;
}

const MEASURED_STEPS = 5;
/** After so many seconds no further step is begun. */
const LONGEST = 60;

/** Runs one step to warm up, the largest batch, and a few that are measured; the model in training is thrown away. */
export async function tryOut(request: TrialRequest): Promise<Trial> {
  const { settings, start, dataset, sampler, device, batches } = request;
  const { optimizer } = settings;
  const engine = await device.createTrainingEngine({ ...start, loss: lossSettings(settings), dropout: settings.dropout });
  try {
    const teacher = await openTeacher(request.teacher, device, dataset, settings);
    try {
      /** Passes over one batch, and a step. Returns seconds of a pass, seconds of the optimizer, and tokens. */
      const step = async (number: number, index: number) => {
        const parts = sampler.parts(index);
        const began = performance.now();
        let tokens = 0;
        for (const [part, sampled] of parts.entries()) {
          const { batch } = sampled;
          if (settings.dropout) batch.dropout = dropoutNumbers(start.encoder, settings.seed, number, batch.batch, batch.length, part);
          await teacher?.teach(sampled);
          await engine.accumulate(batch, batch.batch / sampler.batchSize);
          tokens += batch.batch * batch.length;
        }
        const passed = performance.now();
        await engine.gradientNorm();
        await engine.apply({
          // So small that the weights stay what they are.
          learningRate: 1e-12,
          betas: [optimizer.beta1, optimizer.beta2],
          epsilon: optimizer.epsilon,
          weightDecay: 0,
          gradientScale: 1,
          step: number,
        });
        return { pass: (passed - began) / 1000, apply: (performance.now() - passed) / 1000, tokens };
      };
      const began = performance.now();
      await step(1, 0);
      await step(2, request.largest);
      const peakBytes = process.resourceUsage().maxRSS * 1024;
      const sums = { steps: 0, pass: 0, apply: 0, tokens: 0 };
      for (let i = 0; i < MEASURED_STEPS && (i === 0 || performance.now() - began < 1000 * LONGEST); i++) {
        const { pass, apply, tokens } = await step(3 + i, Math.floor(((i + 0.5) * batches) / MEASURED_STEPS));
        sums.steps++;
        sums.pass += pass;
        sums.apply += apply;
        sums.tokens += tokens;
      }
      const passOfMeanSize = (sums.pass / sums.tokens) * request.meanTokens;
      return {
        steps: sums.steps,
        secondsAStep: settings.accumulation * passOfMeanSize + sums.apply / sums.steps,
        secondsAPass: passOfMeanSize,
        peakBytes,
      };
    } finally {
      await teacher?.dispose();
    }
  } finally {
    await engine.dispose();
  }
}
