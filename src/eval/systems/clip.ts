/**
 * CLIP as a text classifier (CLIPText, Qin et al. 2023): the text in CLIP's text tower against label prompts in the same tower, or against
 * pictures of the labels in the image tower. Prompt-CLIPText adds a task word to the text and averages several prompts of a label.
 * Long-CLIP is the same with 248 positions.
 */
import { readFileSync } from 'node:fs';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import { readClipFolder } from './clip-folder.ts';
import { createImageVectors, createLearnedVectors, createPromptVectors } from './clip-labels.ts';
import { readExampleFile } from './few-shot-examples.ts';
import type { PromptLearning } from './learned-prompts.ts';
import { cosines } from './sentence-embeddings.ts';
import { type ScoreOptions, type System, type SystemContext, type SystemKind, softmaxRows } from './system.ts';
import { numberOption, type SystemSpec, wholeOption } from './system-spec.ts';

/** CLIP's own prompt. */
const CLIP_TEMPLATE = 'a photo of {}.';

/** Prompts of Prompt-CLIPText where the user lists none. */
const DEFAULT_PROMPTS: readonly string[] = [
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

/** How prompts are learned; the defaults are CoOp's for 16 examples of a label. */
const promptLearning = (spec: SystemSpec): PromptLearning => ({
  context: wholeOption(spec, 'learn', 16),
  shots: wholeOption(spec, 'shots', 16),
  epochs: wholeOption(spec, 'epochs', 50),
  batch: wholeOption(spec, 'batch', 32),
  rate: numberOption(spec, 'rate', 0.002, 0, 1),
  seed: wholeOption(spec, 'seed', 1, 0),
});

/** @throws UsageError for options that exclude each other */
function checkOptions({ name, options: { images, prompts, learn } }: SystemSpec): void {
  if (images && prompts) throw new UsageError(`"${name}": give label images or prompts, not both`);
  if (learn !== undefined && (images || prompts))
    throw new UsageError(`"${name}": learned prompts take the place of ${images ? 'label images' : 'listed prompts'}: give one of them`);
}

async function create({ spec, model: folder, threads }: SystemContext, defaultPrompts: readonly string[]): Promise<System> {
  // Listed prompts are what Prompt-CLIPText is: a suite's single template does not replace them.
  const templated = defaultPrompts.length === 1 && spec.options.prompts === undefined;
  const [{ createClipText }, { createClipTextEmbedder }, { loadTokenizer }] = await Promise.all([
    import('./models/clip.ts'),
    import('./models/clip-embedder.ts'),
    import('../../text/tokenizer/tokenizer.ts'),
  ]);
  checkOptions(spec);
  const { images, prompts, prefix = '', learn } = spec.options;
  const learning = learn === undefined ? undefined : promptLearning(spec);
  const examples = learning && spec.options.examples ? await readExampleFile(spec.options.examples) : undefined;
  const clip = readClipFolder(folder, images !== undefined);
  const { scale } = clip;
  const model = createClipText(clip.config);
  const weights = clip.weights(model.parameterShapes());
  const tokenizer = await loadTokenizer(folder);
  const tower = await createClipTextEmbedder(model, weights, tokenizer, { threads });
  const { embed } = tower;
  const listed = prompts ? readPrompts(prompts) : defaultPrompts;
  const promptVectors = createPromptVectors(tower);
  const pictures = images ? await createImageVectors(folder, images, clip, threads) : undefined;
  const learned = learning && createLearnedVectors({ embed, model, weights, tokenizer, scale, threads }, learning, examples, prefix);
  const notes: Record<string, string | number> = {
    'longest input': model.maxLength,
    labels: images ? `pictures in ${images}` : learning ? `behind ${learning.context} learned vectors` : listed.join(' | '),
    ...(prefix ? { prefix } : {}),
  };
  return {
    notes,
    ...(learned
      ? {
          prepare: async (set: EvalSet, options?: ScoreOptions) => {
            notes[set.name] = await learned.learn(set, options?.onPart);
          },
        }
      : {}),
    async score(texts, labels, { template }) {
      if (learned && !learned.vectors) throw new Error('learned prompts score after prepare()');
      const ofLabels = learned?.vectors ?? pictures?.vectors;
      const labelVectors = ofLabels ? await ofLabels(labels) : await promptVectors(labels, template && templated ? [template] : listed);
      const each = cosines(await embed(texts.map((text) => prefix + text)), labelVectors); // [R, N]
      return { rows: texts.length, columns: labels.length, each, choice: softmaxRows(each, labels.length, scale) };
    },
    async dispose() {
      await tower.dispose();
      await pictures?.dispose();
      await learned?.dispose();
    },
  };
}

const OPTIONS = {
  images: 'folder of label pictures (<label>.png or <label>/*.jpg): texts are held against those',
  prompts: 'file of prompts, one a line with {} for the label; a label is the mean of its prompts',
  prefix: 'put in front of every text, the task prompt of Prompt-CLIPText (topic: )',
};
const FILES = ['images', 'prompts'];
const LEARNING_OPTIONS = {
  learn: 'number of vectors of a learned prompt in front of every label (16, as CoOp); needs a few labelled texts',
  examples: 'file of labelled records to learn from (default: train.jsonl of each set)',
  shots: 'examples of each label (default 16)',
  epochs: 'passes over the examples (default 50)',
  batch: 'examples a step (default 32)',
  rate: 'learning rate (default 0.002)',
  seed: 'seed of start values and order (default 1)',
};

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
  description:
    'Prompt-CLIPText: CLIPText with a task prompt before the text (,prefix=) and several prompts a label, listed or learned (,learn=16)',
  defaultModel: 'openai/clip-vit-base-patch32',
  takesModel: true,
  modelSource: 'folder',
  options: { ...OPTIONS, ...LEARNING_OPTIONS },
  fileOptions: [...FILES, 'examples'],
  create: (context) => create(context, DEFAULT_PROMPTS),
};

/** Long-CLIP: a CLIP with 248 text positions. */
export const LONG_CLIP: SystemKind = {
  description:
    "Long-CLIP: CLIPText with 248 positions; any CLIP in the layout of transformers, or a folder with the authors' .pt file and CLIP's tokenizer",
  defaultModel: 'zer0int/LongCLIP-GmP-ViT-L-14',
  takesModel: true,
  modelSource: 'folder',
  options: OPTIONS,
  fileOptions: FILES,
  create: (context) => create(context, [CLIP_TEMPLATE]),
};
