/** CLIP's towers, tokenizer and image processor against transformers, on tiny random models with 40 and with 248 positions. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { readJsonObject } from '../../../src/base/json.ts';
import { systemIdentity } from '../../../src/eval/run/system-identity.ts';
import type { EvalSet } from '../../../src/eval/sets/eval-set.ts';
import { CLIP, LONG_CLIP, PROMPT_CLIP } from '../../../src/eval/systems/clip.ts';
import { readClipFolder } from '../../../src/eval/systems/clip-folder.ts';
import { clipPixels, findLabelImages, imageSettings, readPicture, resizePicture } from '../../../src/eval/systems/label-images.ts';
import { createClipText } from '../../../src/eval/systems/models/clip.ts';
import { createClipTextEmbedder } from '../../../src/eval/systems/models/clip-embedder.ts';
import { createPromptTrainer } from '../../../src/eval/systems/models/prompt-training.ts';
import type { System, SystemKind } from '../../../src/eval/systems/system.ts';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { largestDifference, modelFolder } from './model-folders.ts';

interface Golden {
  tokenizer?: string;
  texts: string[];
  labels: string[];
  scale: number;
  ids: number[][];
  cosines: number[];
  long: { text: string; tokens: number; cosines: number[] };
  image_cosines?: number[];
  pixel_means?: number[];
}

interface LearnedGolden {
  context: number[];
  targets: number[];
  rate: number;
  steps: { loss: number; gradient: number[] }[];
  after: number[];
}

const load = (kind: SystemKind, folder: string, options: Record<string, string> = {}): Promise<System> =>
  kind.create({ spec: { name: 'clip', kind: 'clip', model: folder, options }, model: folder, threads: 1 });
const template = 'a photo of {}';

describe.each([
  ['clip', CLIP, 40],
  ['long-clip', LONG_CLIP, 248],
] as const)('%s', (name, kind, positions) => {
  const { folder, golden } = modelFolder<Golden>(name);
  let system: System;
  beforeAll(async () => {
    system = await load(kind, folder);
  });
  afterAll(async () => {
    await system.dispose();
    rmSync(folder, { recursive: true });
  });

  it('tokenizes as transformers', async () => {
    const tokenizer = await loadTokenizer(folder);
    const { cls, sep, pad } = tokenizer.special;
    const texts = [...golden.texts, ...golden.labels.map((label) => `a photo of ${label}`)];
    const longest = golden.ids[0].length;
    for (const [at, text] of texts.entries()) {
      const ids = [cls, ...(await tokenizer.encode(text)).subarray(0, positions - 2), sep];
      expect([...ids, ...Array(longest - ids.length).fill(pad)]).toEqual(golden.ids[at]);
    }
  });

  it('has the cosines and probabilities of transformers', async () => {
    const { each, choice } = await system.score(golden.texts, golden.labels, { template });
    expect(largestDifference(each, golden.cosines)).toBeLessThan(1e-5);
    const row = golden.cosines.slice(0, 3).map((cosine) => Math.exp(golden.scale * cosine));
    const sum = row.reduce((a, b) => a + b, 0);
    expect(
      largestDifference(
        choice.subarray(0, 3),
        row.map((value) => value / sum),
      ),
    ).toBeLessThan(1e-4);
  });

  it('cuts a long text to its positions', async () => {
    expect(golden.long.tokens).toBe(positions);
    const { each } = await system.score([golden.long.text], golden.labels, { template });
    expect(largestDifference(each, golden.long.cosines)).toBeLessThan(1e-5);
  });
});

it('has the positions of its weights, whatever config and tokenizer say', async () => {
  const { folder, golden } = modelFolder<Golden>('long-clip');
  const edit = (name: string, change: (value: Record<string, unknown>) => void) => {
    const value = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
    change(value);
    writeFileSync(join(folder, name), JSON.stringify(value));
  };
  edit('config.json', (config) => Object.assign(config.text_config as object, { max_position_embeddings: 77 }));
  edit('tokenizer_config.json', (config) => Object.assign(config, { model_max_length: 77 }));
  const system = await load(LONG_CLIP, folder);
  try {
    const { each } = await system.score([golden.long.text], golden.labels, { template });
    expect(largestDifference(each, golden.long.cosines)).toBeLessThan(1e-5);
  } finally {
    await system.dispose();
    rmSync(folder, { recursive: true });
  }
});

describe('a .pt file of Long-CLIP', () => {
  const { folder, golden } = modelFolder<Golden>('long-clip-pt');
  const images = join(modelFolder<Golden>('clip').folder, 'images');
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
    cpSync(fileURLToPath(new URL(`../../fixtures/eval/models/long-clip/${name}`, import.meta.url)), join(folder, name));
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(join(images, '..'), { recursive: true });
  });

  it("has the cosines of the authors' code, of texts and of pictures", async () => {
    const system = await load(LONG_CLIP, folder);
    const seeing = await load(LONG_CLIP, folder, { images });
    try {
      const { each } = await system.score(golden.texts, golden.labels, { template });
      expect(largestDifference(each, golden.cosines)).toBeLessThan(1e-5);
      const long = await system.score([golden.long.text], golden.labels, { template });
      expect(golden.long.tokens).toBe(248);
      expect(largestDifference(long.each, golden.long.cosines)).toBeLessThan(1e-5);
      const pictures = await seeing.score(golden.texts, golden.labels, {});
      expect(largestDifference(pictures.each, golden.image_cosines as number[])).toBeLessThan(1e-4);
    } finally {
      await system.dispose();
      await seeing.dispose();
    }
  });

  it('is part of what a result is kept under, and is said to be none where it is none', async () => {
    const spec = { name: 'l', kind: 'long-clip', model: folder, options: {} };
    const before = systemIdentity(spec, LONG_CLIP, folder);
    const other = fileURLToPath(new URL('../../fixtures/weights/every-type.bin', import.meta.url));
    cpSync(other, join(folder, 'longclip-tiny.pt'));
    expect(systemIdentity(spec, LONG_CLIP, folder)).not.toBe(before);
    await expect(load(LONG_CLIP, folder)).rejects.toThrow(/longclip-tiny\.pt is no CLIP in the layout of OpenAI's code/);
    cpSync(other, join(folder, 'second.pt'));
    await expect(load(LONG_CLIP, folder)).rejects.toThrow(/several \.pt files and no config\.json/);
  });
});

describe('label images', () => {
  const { folder, golden } = modelFolder<Golden>('clip');
  const images = join(folder, 'images');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('become the pixels of the CLIP image processor', async () => {
    const settings = imageSettings(readJsonObject(join(folder, 'preprocessor_config.json')), 32);
    const means: number[] = [];
    for (const [path] of findLabelImages(images, golden.labels)) {
      const pixels = clipPixels(await readPicture(path), settings);
      for (let channel = 0; channel < 3; channel++) {
        const plane = pixels.subarray(channel * 1024, (channel + 1) * 1024);
        means.push(plane.reduce((sum, value) => sum + value, 0) / plane.length);
      }
    }
    expect(largestDifference(means, golden.pixel_means as number[])).toBeLessThan(1e-6);
  });

  it('are held against texts with the cosines of transformers', async () => {
    const system = await load(CLIP, folder, { images });
    try {
      const { each } = await system.score(golden.texts, golden.labels, {});
      expect(largestDifference(each, golden.image_cosines as number[])).toBeLessThan(1e-4);
      await expect(system.score(golden.texts, ['sports', 'weather'], {})).rejects.toThrow(/no picture of "weather": expected weather\.png/);
    } finally {
      await system.dispose();
    }
  });

  it('are averaged over a folder of a label, in any format and size', async () => {
    const many = join(folder, 'many');
    mkdirSync(join(many, 'Red'), { recursive: true });
    const solid = (colour: string, width: number, height: number) => sharp({ create: { width, height, channels: 3, background: colour } });
    await solid('#ff0000', 40, 33)
      .jpeg({ quality: 100 })
      .toFile(join(many, 'Red', 'a.jpg'));
    await solid('#ff0000', 90, 20)
      .png()
      .toFile(join(many, 'Red', 'b.png'));
    cpSync(join(images, 'sports.png'), join(many, 'sports.png'));
    writeFileSync(join(many, 'broken.png'), 'no picture');
    expect(findLabelImages(many, ['red', 'sports']).map((files) => files.length)).toEqual([2, 1]);
    const system = await load(CLIP, folder, { images: many });
    try {
      const { each } = await system.score(['a text'], ['red', 'sports'], {});
      expect(each.every((value) => value >= -1 && value <= 1)).toBe(true);
      await expect(system.score(['a text'], ['broken'], {})).rejects.toThrow(/cannot read the picture .*broken\.png/);
    } finally {
      await system.dispose();
    }
  });

  it('keep one colour when resized', () => {
    const picture = { width: 5, height: 3, pixels: new Uint8Array(45).fill(77) };
    for (const [width, height] of [
      [2, 2],
      [16, 9],
      [5, 3],
    ])
      expect(new Set(resizePicture(picture, width, height).pixels)).toEqual(new Set([77]));
  });
});

describe('a learned prompt', () => {
  const { folder, golden } = modelFolder<Golden & { learned: LearnedGolden }>('long-clip-pt');
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
    cpSync(fileURLToPath(new URL(`../../fixtures/eval/models/long-clip/${name}`, import.meta.url)), join(folder, name));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has the losses, gradients and steps of CoOp over OpenAI's code", async () => {
    const { config, weights, scale } = readClipFolder(folder, false);
    const model = createClipText(config);
    const tokenizer = await loadTokenizer(folder);
    const textWeights = weights(model.parameterShapes());
    const tower = await createClipTextEmbedder(model, textWeights, tokenizer, { threads: 1 });
    const vectors = await tower.embed(golden.texts);
    await tower.dispose();
    const { context, targets, rate, steps, after } = golden.learned;
    const trainer = await createPromptTrainer({
      model,
      weights: textWeights,
      tokenizer,
      context: Float32Array.from(context),
      scale,
      session: { threads: 1 },
    });
    try {
      const truth = new Float32Array(9);
      for (const [row, label] of targets.entries()) truth[row * 3 + label] = 1;
      for (const { loss, gradient } of steps) {
        const found = await trainer.gradient(golden.labels, vectors, truth);
        expect(found.loss).toBeCloseTo(loss, 4);
        const largest = Math.max(...gradient.map(Math.abs));
        expect(largestDifference(found.gradient, gradient) / largest).toBeLessThan(1e-4);
        expect(await trainer.step(golden.labels, vectors, truth, rate)).toBe(found.loss);
      }
      expect(largestDifference(trainer.context, after)).toBeLessThan(1e-4);
      // A label's vector does not hang on which labels it is embedded with.
      const [alone] = await trainer.embedLabels([golden.labels[1]]);
      const [, together] = await trainer.embedLabels(golden.labels);
      expect(largestDifference(alone, [...together])).toBeLessThan(1e-5);
    } finally {
      await trainer.dispose();
    }
  });

  const examples = golden.texts.map((text, at) => ({ text, labels: [golden.labels[(at + 1) % 3]] }));
  const set: EvalSet = {
    name: 'toy',
    texts: golden.texts,
    truth: examples.map(({ labels }) => labels),
    labels: golden.labels,
    multiLabel: false,
    examples,
    hash: '',
    available: 3,
  };
  const rightOf = async (system: System): Promise<number> => {
    const { choice } = await system.score(set.texts, set.labels, {});
    return set.truth.filter(([label], row) => {
      const scores = [...choice.subarray(row * 3, row * 3 + 3)];
      return set.labels[scores.indexOf(Math.max(...scores))] === label;
    }).length;
  };

  it('learns whatever its examples say, and says from how many', async () => {
    const listed = await load(PROMPT_CLIP, folder);
    const learned = await load(PROMPT_CLIP, folder, { learn: '4', epochs: '25', rate: '0.5' });
    try {
      const told: number[] = [];
      await learned.prepare?.(set, { onPart: (done) => told.push(done) });
      expect(told).toHaveLength(25);
      expect(await rightOf(listed)).toBeLessThan(3);
      expect(await rightOf(learned)).toBe(3);
      expect(learned.notes.toy).toMatch(/^learned from 3 texts in 25 epochs, last loss 0\.\d/);
    } finally {
      await listed.dispose();
      await learned.dispose();
    }
  });

  it('takes more labels than a step looks at', async () => {
    const learned = await load(PROMPT_CLIP, folder, { learn: '2', epochs: '2' });
    try {
      const many = [...golden.labels, ...Array.from({ length: 80 }, (_, i) => `label ${i}`)];
      await learned.prepare?.({ ...set, name: 'many', labels: many });
      const { each } = await learned.score(set.texts, many, {});
      expect(each).toHaveLength(3 * 83);
      expect(each.every((cosine) => cosine >= -1.00001 && cosine <= 1.00001)).toBe(true);
    } finally {
      await learned.dispose();
    }
  });

  it('needs examples, and takes the place of other prompts', async () => {
    const learned = await load(PROMPT_CLIP, folder, { learn: '2' });
    await expect(learned.prepare?.({ ...set, examples: undefined })).rejects.toThrow(/no labelled examples of toy: a learned prompt needs/);
    await learned.dispose();
    await expect(load(PROMPT_CLIP, folder, { learn: '2', images: folder })).rejects.toThrow(/take the place of label images: give one/);
    await expect(load(PROMPT_CLIP, folder, { learn: 'many' })).rejects.toThrow(/learn must be a whole number from 1 on, not "many"/);
  });
});

it('averages the listed prompts of a label', async () => {
  const { folder, golden } = modelFolder<Golden>('clip');
  const file = join(folder, 'prompts.txt');
  writeFileSync(file, 'a photo of {}\n\na photo of {}\n');
  const system = await load(PROMPT_CLIP, folder, { prompts: file });
  try {
    const { each } = await system.score(golden.texts, golden.labels, {});
    expect(largestDifference(each, golden.cosines)).toBeLessThan(1e-5);
  } finally {
    await system.dispose();
  }
  writeFileSync(file, 'a photo\n');
  await expect(load(PROMPT_CLIP, folder, { prompts: file })).rejects.toThrow(/the prompt "a photo" has no \{\}/);
  await expect(load(PROMPT_CLIP, folder, { prompts: file, images: folder })).rejects.toThrow(/label images or prompts, not both/);
  rmSync(folder, { recursive: true });
});
