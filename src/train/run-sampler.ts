/** The sampler of a run: what its settings, start, data and teacher come to. */
import { layoutOf } from '../engine/classifier.ts';
import type { TrainingDevice } from '../engine/devices.ts';
import type { Dataset } from './dataset.ts';
import { compareLabels, type NearLabels, nearLabelsOf } from './near-labels.ts';
import { nearLabelsKey, readNearLabels, writeNearLabels } from './near-labels-file.ts';
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
  /** File that near labels are kept in; absent: they are compared each time. */
  nearLabelsFile?: string;
}

/** The near labels that the settings ask for: as they were kept, or compared now and kept. */
async function nearLabelsFor(
  { settings, dataset, device, nearLabelsFile: file, note = () => {} }: SamplerRequest,
  teacher: TeacherModel,
): Promise<NearLabels> {
  const { labels } = settings;
  const key = nearLabelsKey(dataset, teacher, settings);
  const kept = file === undefined ? undefined : readNearLabels(file, key, dataset, labels.max);
  if (kept) return nearLabelsOf(kept, dataset);
  const embedder = await createTeacherEmbedder(teacher, device, settings);
  try {
    const tables = await compareLabels(dataset, embedder, labels.max, note);
    if (file !== undefined) writeNearLabels(file, key, tables);
    return nearLabelsOf(tables, dataset);
  } finally {
    await embedder.dispose();
  }
}

/** Samples batches as the settings say; embeds labels if they ask for near negatives. @throws DataError when these cannot be kept */
export async function samplerOf(request: SamplerRequest): Promise<Sampler> {
  const { settings, start, teacher, dataset } = request;
  const { labels } = settings;
  const layout = await layoutOf(start.tokenizer, start.options);
  const near = labels.near_negatives > 0 ? await nearLabelsFor(request, teacher!) : undefined;
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
}
