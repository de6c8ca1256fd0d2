/**
 * CLIP as a text classifier (CLIPText, Qin et al. 2023): the text in CLIP's text tower against label prompts in the same tower, or against
 * pictures of the labels in the image tower. Prompt-CLIPText adds a task word to the text and averages several prompts of a label.
 * Long-CLIP is the same with 248 positions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../errors.ts';
import { readWeightFolder } from '../../weights/weight-files.ts';
import { fillTemplate, type System, type SystemContext, type SystemKind, softmaxRows } from '../system.ts';
import { modelWeights, readConfig, readJsonObject } from './model-folder.ts';
import { cosines, rememberVectors, toUnitLength } from './sentence-embeddings.ts';

/** CLIP's own prompt. */
const CLIP_TEMPLATE = 'a photo of {}.';

/** Prompts of Prompt-CLIPText where the user lists none. */
export const DEFAULT_PROMPTS: readonly string[] = [
  '{}',
  'a photo of {}.',
  'a text about {}.',
  'an article about {}.',
  'the topic is {}.',
  'this is about {}.',
];

function readPrompts(path: string): string[] {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    throw new DataError(`cannot read the prompts ${path}: ${errorMessage(error)}`);
  }
  const prompts = lines.map((line) => line.trim()).filter((line) => line !== '');
  const bad = prompts.find((prompt) => !prompt.includes('{}'));
  if (bad !== undefined) throw new DataError(`${path}: the prompt "${bad}" has no {} where the label goes`);
  if (!prompts.length) throw new DataError(`${path} holds no prompts: one a line, with {} for the label`);
  return prompts;
}

/** CLIP's temperature: the factor on cosines before the softmax. */
function logitScale(folder: string): number {
  const tensor = readWeightFolder(folder, (name) => name === 'logit_scale').get('logit_scale');
  return tensor?.data.length === 1 ? Math.exp(tensor.data[0]) : 100;
}

/** The config with as many text positions as the weights have: those of stretched models (Long-CLIP) often still name 77. */
function withStoredPositions(config: Record<string, unknown>, folder: string): Record<string, unknown> {
  const name = 'text_model.embeddings.position_embedding.weight';
  const positions = readWeightFolder(folder, (each) => each === name).get(name)?.shape[0];
  return positions ? { ...config, text_config: { ...(config.text_config as object), max_position_embeddings: positions } } : config;
}

async function create({ spec, model: folder, threads }: SystemContext, defaultPrompts: readonly string[]): Promise<System> {
  // Listed prompts are what Prompt-CLIPText is: a suite's single template does not replace them.
  const templated = defaultPrompts.length === 1 && spec.options.prompts === undefined;
  const [{ createClipImage, createClipText }, { createClipImageEmbedder, createClipTextEmbedder }, { loadTokenizer }] = await Promise.all([
    import('../../model/encoders/clip.ts'),
    import('../../engine/clip-embedder.ts'),
    import('../../text/tokenizer.ts'),
  ]);
  const { images, prompts, prefix = '' } = spec.options;
  if (images && prompts) throw new UsageError(`"${spec.name}": give label images or prompts, not both`);
  const config = readConfig(folder);
  if (config.model_type !== 'clip')
    throw new DataError(`${folder}: config.json has the model type ${JSON.stringify(config.model_type)}, not "clip"`);
  const text = createClipText(withStoredPositions(config, folder));
  const tower = await createClipTextEmbedder(text, modelWeights(folder, text.parameterShapes()), await loadTokenizer(folder), { threads });
  const scale = logitScale(folder);
  const listed = prompts ? readPrompts(prompts) : defaultPrompts;

  /** The mean of a label's prompts, of unit length. */
  const promptVectors = (labels: readonly string[], templates: readonly string[]): Promise<Float32Array[]> =>
    Promise.all(
      labels.map(async (label) => {
        const vectors = await remembered(templates.map((template) => fillTemplate(template, label)));
        const mean = new Float32Array(text.dimensions);
        for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] += vector[i] / vectors.length;
        return toUnitLength(mean);
      }),
    );
  const remembered = rememberVectors((texts) => tower.embed(texts));

  let imageVectors: ((labels: readonly string[]) => Promise<Float32Array[]>) | undefined;
  let disposeImages = async () => {};
  if (images) {
    const { clipPixels, findLabelImages, imageSettings, readPicture } = await import('./label-images.ts');
    const image = createClipImage(config);
    const settings = imageSettings(readJsonObject(join(folder, 'preprocessor_config.json'), true), image.imageSize);
    const imageTower = await createClipImageEmbedder(image, modelWeights(folder, image.parameterShapes()), { threads });
    disposeImages = () => imageTower.dispose();
    const known = rememberVectors(async (labels) => {
      const files = findLabelImages(images, labels);
      const result: Float32Array[] = [];
      for (const paths of files) {
        const pixels: Float32Array[] = [];
        for (const path of paths) pixels.push(clipPixels(await readPicture(path), settings));
        const vectors = await imageTower.embed(pixels);
        const mean = new Float32Array(image.patches ? vectors[0].length : 0);
        for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i] += vector[i] / vectors.length;
        result.push(toUnitLength(mean));
      }
      return result;
    });
    imageVectors = known;
  }
  return {
    notes: {
      'longest input': text.maxLength,
      labels: images ? `pictures in ${images}` : listed.join(' | '),
      ...(prefix ? { prefix } : {}),
    },
    async score(texts, labels, { template }) {
      const labelVectors = imageVectors
        ? await imageVectors(labels)
        : await promptVectors(labels, template && templated ? [template] : listed);
      const each = cosines(await tower.embed(texts.map((each) => prefix + each)), labelVectors); // [R, N]
      return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, scale) };
    },
    async dispose() {
      await tower.dispose();
      await disposeImages();
    },
  };
}

const OPTIONS = {
  images: 'folder of label pictures (<label>.png or <label>/*.jpg): texts are held against those',
  prompts: 'file of prompts, one a line with {} for the label; a label is the mean of its prompts',
  prefix: 'put in front of every text, the task prompt of Prompt-CLIPText (topic: )',
};
const FILES = ['images', 'prompts'];

/** CLIPText. */
export const CLIP: SystemKind = {
  description: 'CLIPText: texts against label prompts in CLIP, or against label pictures (,images=FOLDER)',
  defaultModel: 'openai/clip-vit-base-patch32',
  takesModel: true,
  modelSource: 'folder',
  options: OPTIONS,
  fileOptions: FILES,
  create: (context) => create(context, [CLIP_TEMPLATE]),
};

/** Prompt-CLIPText with listed prompts. */
export const PROMPT_CLIP: SystemKind = {
  description: 'Prompt-CLIPText: CLIPText with the mean of several prompts a label (listed, not learned) and a task prompt before the text',
  defaultModel: 'openai/clip-vit-base-patch32',
  takesModel: true,
  modelSource: 'folder',
  options: OPTIONS,
  fileOptions: FILES,
  create: (context) => create(context, DEFAULT_PROMPTS),
};

/** Long-CLIP: a CLIP with 248 text positions. */
export const LONG_CLIP: SystemKind = {
  description: 'Long-CLIP: CLIPText with 248 positions (any CLIP in transformers layout works)',
  defaultModel: 'zer0int/LongCLIP-GmP-ViT-L-14',
  takesModel: true,
  modelSource: 'folder',
  options: OPTIONS,
  fileOptions: FILES,
  create: (context) => create(context, [CLIP_TEMPLATE]),
};
