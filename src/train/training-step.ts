/** One step of a run: its passes, the loss, the gradient's norm, AdamW. */
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { type Dataset, shownLabel } from './data/dataset.ts';
import type { SampledBatch, Sampler } from './data/sampling.ts';
import { dropoutNumbers } from './dropout-numbers.ts';
import type { StepResult, TrainingEngine } from './engine/training-session.ts';
import { savedSteps, stateFolder } from './run/run-folder.ts';
import type { StepReport } from './run-events.ts';
import { parameterGroups, rateFactor } from './schedule.ts';
import type { TrainSettings } from './settings-schema.ts';
import type { StartModel } from './start.ts';
import type { Teacher } from './teacher.ts';

/** What steps are made with. */
export interface StepperRequest {
  settings: TrainSettings;
  start: StartModel;
  dataset: Dataset;
  sampler: Sampler;
  engine: TrainingEngine;
  teacher: Teacher | undefined;
  output: string;
  /** Steps of the whole run. */
  steps: number;
}

/** The loss or a gradient of a step is not finite: the weights are worth nothing, and are not saved. */
export class DivergedError extends DataError {}

/** Makes steps. */
export interface Stepper {
  /**
   * Step number `number`, from 1.
   * @throws DivergedError when the loss or a gradient is not finite; its batch is in `bad-batch.json`
   */
  step(number: number): Promise<StepReport>;
  /** Whether a step has begun to change the weights and has not ended. */
  readonly isUpdating: boolean;
}

/** Writes the batch of a step that went wrong. */
function badBatch({ dataset, output }: StepperRequest, number: number, sampled: SampledBatch, result: Partial<StepResult>): never {
  const path = join(output, 'bad-batch.json');
  const examples = sampled.examples.map(({ source, row, labels, targets }) => ({
    source: dataset.sources[source].name,
    row,
    labels: labels.map((label) => shownLabel(dataset, label)),
    targets,
    text_ids: [...dataset.sources[source].texts.at(row)],
  }));
  writeFileAtomically(path, `${JSON.stringify({ step: number, ...result, logits: [...(result.logits ?? [])], examples }, null, 1)}\n`);
  const [saved] = savedSteps(output);
  const from = saved === undefined ? '' : ` from the last saved weights, --checkpoint ${stateFolder(output, saved)}`;
  throw new DivergedError(
    `step ${number}: the loss or a gradient is not finite; its batch is in ${path}. Start again${from} with a lower learning rate and another --output`,
  );
}

/** Makes a stepper. */
export function createStepper(request: StepperRequest): Stepper {
  const { settings, start, sampler, engine, teacher, steps } = request;
  const { optimizer } = settings;
  const groups = parameterGroups(engine.parameters.keys(), start.encoder.layers, optimizer);
  let updating = false;
  return {
    get isUpdating() {
      return updating;
    },
    async step(number) {
      const mean: Omit<StepReport, 'step' | 'learningRate' | 'gradientNorm'> = { loss: 0, bce: 0, margin: 0, examples: 0, padding: 0 };
      let last: SampledBatch | undefined;
      for (let pass = 0; pass < settings.accumulation; pass++) {
        const passNumber = (number - 1) * settings.accumulation + pass;
        let [tokens, paddedTokens] = [0, 0];
        for (const [part, sampled] of sampler.parts(passNumber).entries()) {
          const { batch } = sampled;
          // Each example counts the same, in whatever part it is.
          const share = batch.batch / sampler.batchSize / settings.accumulation;
          if (settings.dropout) batch.dropout = dropoutNumbers(start.encoder, settings.seed, passNumber, batch.batch, batch.length, part);
          await teacher?.teach(sampled);
          const { logits, ...terms } = await engine.accumulate(batch, share);
          if (!Number.isFinite(terms.loss)) badBatch(request, number, sampled, { ...terms, logits });
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
      if (!Number.isFinite(gradientNorm)) badBatch(request, number, last!, mean);
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
    },
  };
}
