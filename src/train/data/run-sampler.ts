/** The sampler of a run: what its settings, start, data and teacher come to. */
import { layoutOf } from '../../classify/classifier.ts';
import type { TrainingDevice } from '../engine/devices.ts';
import type { TrainSettings } from '../settings-schema.ts';
import type { StartModel } from '../start.ts';
import { createTeacherEmbedder, type TeacherModel } from '../teacher.ts';
import type { Dataset } from './dataset.ts';
import { compareLabels, type NearLabels, type NearTables, nearLabelsOf } from './near-labels.ts';
import { nearLabelsKey, readNearLabels, writeNearLabels } from './near-labels-file.ts';
import { createSampler, type Sampler } from './sampling.ts';

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
  const { max } = settings.labels;
  const compare = async (): Promise<NearTables> => {
    const embedder = await createTeacherEmbedder(teacher, device, settings);
    try {
      return await compareLabels(dataset, embedder, max, note);
    } finally {
      await embedder.dispose();
    }
  };
  if (file === undefined) return nearLabelsOf(await compare(), dataset);
  const key = nearLabelsKey(dataset, teacher, settings);
  let tables = readNearLabels(file, key, dataset, max);
  if (!tables) {
    tables = await compare();
    writeNearLabels(file, key, tables);
  }
  return nearLabelsOf(tables, dataset);
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
    ...(start.options.crossAttention === 'late'
      ? {
          late: {
            upperLayers: start.options.upperLayers > 0,
            inBatch: labels.in_batch_negatives ?? false,
            maxLabelTokens: labels.max_tokens ?? layout.labelLimit,
            readsBlocks: start.encoder.readsBlocks ?? false,
          },
        }
      : {}),
  };
  return createSampler(dataset, layout, sampling, near);
}
