/**
 * The teacher of distillation: the embedding similarity of a text and its labels under an encoder that is not trained (the start
 * encoder, or `loss.teacher`), as a distribution over the labels of an example. Keeps fine-tuning from forgetting what the encoder
 * knew. Label embeddings are computed once. The same encoder says which labels are near to each other (near-labels.ts).
 */

import { createSentenceEmbedder, type SentenceEmbedder } from '../classify/sentence-embedder.ts';
import type { Encoder } from '../model/encoders/encoder.ts';
import { ENCODER_PREFIX } from '../model/gliznet.ts';
import { loadTokenizer, type Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { FloatWeights } from '../weights/checkpoint.ts';
import { readEncoderFolder } from '../weights/encoder-weights.ts';
import { resolveModelFolder } from '../weights/hub/hub.ts';
import { type SentencePooling, sentencePooling } from '../weights/sentence-pooling.ts';
import type { Dataset } from './data/dataset.ts';
import type { SampledBatch } from './data/sampling.ts';
import type { TrainingDevice } from './engine/devices.ts';
import type { TrainSettings } from './settings-schema.ts';
import type { StartModel } from './start.ts';

/** An encoder that teaches. */
export interface TeacherModel {
  encoder: Encoder;
  /** Under their Hugging Face names. */
  weights: FloatWeights;
  tokenizer: Tokenizer;
  pooling: SentencePooling;
  /** Its vocabulary is not the trained model's: texts and labels are tokenized for it once more. */
  ownIds: boolean;
}

/** What a tokenizer does to text, as one string: equal for two tokenizers that give the same ids. */
const tokenization = ({ json }: Tokenizer): string => {
  const { model, normalizer, pre_tokenizer } = JSON.parse(json) as Record<string, unknown>;
  return JSON.stringify([model, normalizer, pre_tokenizer]);
};

/**
 * The teacher that the settings ask for, or undefined where they neither distil nor draw near negatives.
 * @throws UsageError / DataError naming the folder or file that is wrong
 */
export async function loadTeacherModel(
  { loss, labels }: TrainSettings,
  start: StartModel,
  note: (line: string) => void,
): Promise<TeacherModel | undefined> {
  if (loss.distill_weight === 0 && labels.near_negatives === 0) return undefined;
  if (loss.teacher === undefined) {
    const weights = new Map([...start.weights].map(([name, tensor]) => [name.replace(ENCODER_PREFIX, ''), tensor]));
    return { encoder: start.encoder, weights, tokenizer: start.tokenizer, pooling: 'mean', ownIds: false };
  }
  const folder = await resolveModelFolder(loss.teacher, { note });
  const { encoder, weights } = readEncoderFolder(folder);
  const tokenizer = await loadTokenizer(folder);
  const ownIds = tokenization(tokenizer) !== tokenization(start.tokenizer);
  return { encoder, weights, tokenizer, pooling: sentencePooling(folder), ownIds };
}

/** Puts a teacher on the device; its vectors have `encoder.hiddenSize` elements. */
export const createTeacherEmbedder = (
  model: TeacherModel,
  device: TrainingDevice,
  { max_text_tokens }: TrainSettings,
): Promise<SentenceEmbedder> => createSentenceEmbedder({ ...model, createSession: device.createSession, maxLength: max_text_tokens + 2 });

/** What a teacher knows of a batch's labels. */
export interface Teacher {
  /**
   * Gives a batch the teacher's distribution [B, N]; rows of sources without distillation, and of a label with its negation, are 0. Of the labels
   * that a text chooses among, those of other examples that are as near to it as its true ones are taken out: they may be true.
   */
  teach(sampled: SampledBatch): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes a teacher; owns the embedder, whose vectors have `width` elements. `scale` multiplies the cosine before the softmax. */
export function createTeacher(embedder: SentenceEmbedder, width: number, dataset: Dataset, scale: number): Teacher {
  const labelIds = dataset.teacherLabelIds ?? dataset.labelIds;
  const known = new Uint8Array(dataset.labelNames.length);
  const vectors = new Float32Array(dataset.labelNames.length * width);
  return {
    async teach({ batch, examples, columns }) {
      const taught = [...examples.keys()].filter((row) => dataset.sources[examples[row].source].distill && !examples[row].negated);
      /** Columns that an example chooses among, with their labels. */
      const chosen = (row: number) =>
        [...columns[row].entries()].filter(([column]) => !batch.choice || batch.choice[row * batch.labels + column] === 1);
      const missing = [...new Set(taught.flatMap((row) => chosen(row).map(([, label]) => label)))].filter((label) => !known[label]);
      const embedded = await embedder.embedIds(missing.map((label) => labelIds.at(label)));
      for (const [at, label] of missing.entries()) {
        vectors.set(embedded[at], label * width);
        known[label] = 1;
      }
      const ids = taught.map((row) => {
        const { texts, teacherTexts } = dataset.sources[examples[row].source];
        return (teacherTexts ?? texts).at(examples[row].row);
      });
      const texts = await embedder.embedIds(ids);
      const result = new Float32Array(batch.batch * batch.labels); // [B, N]
      for (const [at, row] of taught.entries()) {
        const text = texts[at];
        const cosineOf = (label: number): number => {
          let cosine = 0;
          for (let i = 0; i < width; i++) cosine += text[i] * vectors[label * width + i];
          return cosine;
        };
        const start = row * batch.labels;
        let scores = chosen(row).map(([column, label]) => ({ column, cosine: cosineOf(label) }));
        if (batch.choice) {
          const { labels, targets } = examples[row];
          const own = new Set(labels.map((label) => columns[row].indexOf(label)));
          const truth = new Set(labels.filter((_, k) => targets[k] === 1).map((label) => columns[row].indexOf(label)));
          const nearest = Math.max(...scores.filter(({ column }) => truth.has(column)).map(({ cosine }) => cosine));
          const isKept = ({ column, cosine }: { column: number; cosine: number }) => own.has(column) || cosine < nearest;
          for (const each of scores) if (!isKept(each)) batch.choice[start + each.column] = 0;
          scores = scores.filter(isKept);
        }
        const shares = scores.map(({ cosine }) => Math.exp(scale * (cosine - 1)));
        const sum = shares.reduce((a, b) => a + b, 0);
        for (const [k, { column }] of scores.entries()) result[start + column] = shares[k] / sum;
      }
      batch.teacher = result;
    },
    dispose: () => embedder.dispose(),
  };
}

/** The teacher of a run or a trial on the device; undefined where the settings do not distil. */
export async function openTeacher(
  model: TeacherModel | undefined,
  device: TrainingDevice,
  dataset: Dataset,
  settings: TrainSettings,
): Promise<Teacher | undefined> {
  if (!model || settings.loss.distill_weight === 0) return undefined;
  return createTeacher(
    await createTeacherEmbedder(model, device, settings),
    model.encoder.hiddenSize,
    dataset,
    settings.loss.distill_scale,
  );
}
