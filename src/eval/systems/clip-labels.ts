/** What stands for a label in CLIP's space: the mean of its prompts, the mean of its pictures, or what the tower makes of it behind a learned context. */
import { join } from 'node:path';
import { seededRandom } from '../../base/random.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import type { FloatWeights } from '../../weights/checkpoint.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { ClipFolder } from './clip-folder.ts';
import { type Example, examplesOf, fewShots } from './few-shot-examples.ts';
import { learnPrompts, type PromptLearning, startContext } from './learned-prompts.ts';
import { optionalSettings } from './model-folder.ts';
import type { ClipText } from './models/clip.ts';
import type { Embedder } from './models/clip-embedder.ts';
import type { PromptTrainer } from './models/prompt-training.ts';
import { meanDirection, rememberVectors } from './sentence-embeddings.ts';
import { fillTemplate, type ScoreOptions } from './system.ts';

/** Unit vectors of labels, in order; remembered. */
export type PromptVectors = (labels: readonly string[]) => Promise<Float32Array[]>;

/** CLIP's text tower and what it is made of. */
export interface TextTower extends Pick<Embedder<string>, 'embed'> {
  model: ClipText;
  weights: FloatWeights;
  tokenizer: Tokenizer;
  /** Factor on cosines before the softmax. */
  scale: number;
  threads: number | undefined;
}

/** Labels by their prompts: the label in each template. */
export function createPromptVectors({ embed }: Pick<TextTower, 'embed'>) {
  const remembered = rememberVectors((texts) => embed(texts));
  return (labels: readonly string[], templates: readonly string[]): Promise<Float32Array[]> =>
    Promise.all(labels.map(async (label) => meanDirection(await remembered(templates.map((template) => fillTemplate(template, label))))));
}

/**
 * Labels by their pictures, in the image tower.
 * @param images folder of pictures
 * @throws DataError for settings that are not CLIP's; calls throw it for a label without pictures
 */
export async function createImageVectors(
  folder: string,
  images: string,
  { config, weights }: ClipFolder,
  threads: number | undefined,
): Promise<{ vectors: PromptVectors; dispose(): Promise<void> }> {
  const [{ createClipImage }, { createClipImageEmbedder }, { clipPixels, findLabelImages, imageSettings, readPicture }] = await Promise.all(
    [import('./models/clip.ts'), import('./models/clip-embedder.ts'), import('./label-images.ts')],
  );
  const image = createClipImage(config);
  const settings = imageSettings(optionalSettings(join(folder, 'preprocessor_config.json')), image.imageSize);
  const tower = await createClipImageEmbedder(image, weights(image.parameterShapes()), { threads });
  const vectors = rememberVectors(async (labels) => {
    const found: Float32Array[] = [];
    for (const paths of findLabelImages(images, labels)) {
      const pixels: Float32Array[] = [];
      for (const path of paths) pixels.push(clipPixels(await readPicture(path), settings));
      found.push(meanDirection(await tower.embed(pixels)));
    }
    return found;
  });
  return { vectors, dispose: () => tower.dispose() };
}

/** Labels behind a context that is learned for each set. */
export interface LearnedVectors {
  /** Learns the context of a set; says how it went. */
  learn(set: EvalSet, onPart: ScoreOptions['onPart']): Promise<string>;
  /** Undefined before a context is learned. */
  readonly vectors: PromptVectors | undefined;
  dispose(): Promise<void>;
}

/**
 * Makes a learner.
 * @param examples to learn from; those of the set where they are undefined
 * @param prefix put in front of every text
 */
export function createLearnedVectors(
  { embed, model, weights, tokenizer, scale, threads }: TextTower,
  settings: PromptLearning,
  examples: readonly Example[] | undefined,
  prefix: string,
): LearnedVectors {
  let trainer: PromptTrainer | undefined;
  let vectors: PromptVectors | undefined;
  return {
    get vectors() {
      return vectors;
    },
    async learn(set, onPart) {
      await trainer?.dispose();
      trainer = undefined;
      vectors = undefined;
      const chosen = fewShots(examplesOf(set, examples, 'a learned prompt'), settings.shots);
      const random = seededRandom(settings.seed);
      const { createPromptTrainer } = await import('./models/prompt-training.ts');
      const context = startContext(settings, model.hiddenSize, random);
      const learner = await createPromptTrainer({ model, weights, tokenizer, context, scale, session: { threads } });
      trainer = learner;
      const texts = await embed(chosen.map((each) => prefix + each.text));
      const loss = await learnPrompts(learner, chosen, texts, set.labels, settings, random, onPart);
      vectors = rememberVectors((labels) => learner.embedLabels(labels));
      return `learned from ${chosen.length} texts in ${settings.epochs} epochs, last loss ${loss.toPrecision(3)}`;
    },
    dispose: async () => trainer?.dispose(),
  };
}
