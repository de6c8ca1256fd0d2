/** The sampler of a run: what its settings, start, data and teacher come to. */
import { layoutOf } from '../engine/classifier.ts';
import type { TrainingDevice } from '../engine/devices.ts';
import type { Dataset } from './dataset.ts';
import { nearLabels } from './near-labels.ts';
import { createSampler, type Sampler } from './sampling.ts';
import type { TrainSettings } from './settings.ts';
import type { StartModel } from './start.ts';
import { createTeacherEmbedder, type TeacherModel } from './teacher.ts';

/** What the batches of a run are made of. */
export interface SamplerRequest {
  settings: TrainSettings;
  start: StartModel;
  /** Needed if the settings ask for near negatives. */
  teacher?: TeacherModel;
  dataset: Dataset;
  /** Where labels are embedded. */
  device: TrainingDevice;
  /** Told before labels are embedded, which may take minutes. */
  note?: (line: string) => void;
}

/** Samples batches as the settings say; embeds labels if they ask for near negatives. */
export async function samplerOf({ settings, start, teacher, dataset, device, note = () => {} }: SamplerRequest): Promise<Sampler> {
  const { labels } = settings;
  const layout = await layoutOf(start.tokenizer, start.options);
  const embedder = labels.near_negatives > 0 ? await createTeacherEmbedder(teacher!, device, settings) : undefined;
  try {
    const near = embedder && (await nearLabels(dataset, embedder, labels.max, note));
    const sampling = {
      seed: settings.seed,
      batchSize: settings.batch_size,
      mixingTemperature: settings.mixing_temperature,
      minLabels: labels.min,
      maxLabels: labels.max,
      hardNegatives: labels.hard_negatives,
      noneShare: labels.none_share,
      labelDropout: labels.label_dropout,
      nearNegatives: labels.near_negatives,
      unrelatedNegatives: labels.unrelated_negatives,
      negatedShare: labels.negated_share,
      maxPassTokens: settings.max_pass_tokens,
    };
    return createSampler(dataset, layout, sampling, near);
  } finally {
    await embedder?.dispose();
  }
}
