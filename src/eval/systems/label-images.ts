/**
 * Pictures that stand for labels: found in a folder by name, decoded with sharp, made into CLIP's pixels as the image processor of
 * transformers does (bicubic as in Pillow, centre crop, normalisation).
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type sharp from 'sharp';
import { DataError, errorMessage } from '../../base/errors.ts';
import { optionalPackage } from '../../base/optional-package.ts';

/** A decoded picture: RGB, 8 bits, row by row. */
export interface Picture {
  width: number;
  height: number;
  /** [height, width, 3] */
  pixels: Uint8Array;
}

/** How pictures become the input of the image tower. */
export interface ImageSettings {
  /** Length of the shorter side after resizing. */
  shortestEdge: number;
  /** Side of the square that is cut out of the middle. */
  crop: number;
  mean: readonly number[]; // [3]
  deviation: readonly number[]; // [3]
}

const PICTURE = /\.(png|jpe?g|webp|gif|tiff?|avif)$/i;
/** Larger pictures are refused before they are decoded. */
const MOST_PIXELS = 64_000_000;

/** CLIP's settings from preprocessor_config.json. @throws DataError naming a field that is not as CLIP has it. */
export function imageSettings(config: Readonly<Record<string, unknown>> | undefined, side: number): ImageSettings {
  const edge = (value: unknown, field: string): number => {
    if (typeof value === 'number') return value;
    const found = (value as Record<string, unknown> | undefined)?.shortest_edge ?? (value as Record<string, unknown> | undefined)?.height;
    if (typeof found === 'number') return found;
    if (value === undefined) return side;
    throw new DataError(`preprocessor_config.json: field "${field}" is not a size`);
  };
  const three = (value: unknown, fallback: number[]): number[] =>
    Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === 'number') ? (value as number[]) : fallback;
  const settings = {
    shortestEdge: edge(config?.size, 'size'),
    crop: edge(config?.crop_size, 'crop_size'),
    mean: three(config?.image_mean, [0.48145466, 0.4578275, 0.40821073]),
    deviation: three(config?.image_std, [0.26862954, 0.26130258, 0.27577711]),
  };
  if (settings.crop !== side)
    throw new DataError(`preprocessor_config.json: the pictures are cut to ${settings.crop}, the model takes ${side}`);
  return settings;
}

/** Decodes a picture file; transparency is dropped. @throws DataError naming the file. */
export async function readPicture(path: string): Promise<Picture> {
  const open = optionalPackage<typeof sharp>('sharp', 'image labels');
  try {
    const image = open(path, { limitInputPixels: MOST_PIXELS, pages: 1 }).toColourspace('srgb').removeAlpha();
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
  } catch (error) {
    throw new DataError(`cannot read the picture ${path}: ${errorMessage(error)}`);
  }
}

/** Pillow's fixed point has 22 bits behind the point. */
const FIXED_ONE = 2 ** 22;

/** Keys' cubic with a = -0.5, as Pillow has it. */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2;
  return 0;
}

/** One axis of Pillow's bicubic resize, with antialiasing. lines of `from` pixels of 3 channels -> lines of `to` pixels. */
function resizeLines(source: Uint8Array, lines: number, from: number, to: number, step: number, lineStep: number): Uint8Array {
  // `step` and `lineStep` are the distances between neighbours along and across the axis; the result has lines next to each other.
  const result = new Uint8Array(lines * to * 3);
  const scale = from / to;
  const filterScale = Math.max(1, scale);
  const support = 2 * filterScale;
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_, i) => cubic((i + first - centre + 0.5) / filterScale));
    // In fixed point as Pillow has it: exact ties are frequent, and must fall on the same side.
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < weights.length; i++) weights[i] = Math.trunc((weights[i] / total) * FIXED_ONE + (weights[i] < 0 ? -0.5 : 0.5));
    for (let line = 0; line < lines; line++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * source[line * lineStep + (first + i) * step + channel];
        result[(line * to + x) * 3 + channel] = Math.min(255, Math.max(0, Math.floor((sum + FIXED_ONE / 2) / FIXED_ONE)));
      }
  }
  return result;
}

/** Bicubic resize as in Pillow: across, then down, rounded to 8 bits after each. */
export function resizePicture({ width, height, pixels }: Picture, toWidth: number, toHeight: number): Picture {
  const across = toWidth === width ? pixels : resizeLines(pixels, height, width, toWidth, 3, width * 3); // [height, toWidth, 3]
  if (toHeight === height) return { width: toWidth, height, pixels: across };
  const down = resizeLines(across, toWidth, height, toHeight, toWidth * 3, 3); // [toWidth, toHeight, 3]
  const turned = new Uint8Array(down.length);
  for (let x = 0; x < toWidth; x++)
    for (let y = 0; y < toHeight; y++) turned.set(down.subarray((x * toHeight + y) * 3, (x * toHeight + y) * 3 + 3), (y * toWidth + x) * 3);
  return { width: toWidth, height: toHeight, pixels: turned };
}

/** The image tower's pixels of a picture: [3, crop, crop]. */
export function clipPixels(picture: Picture, { shortestEdge, crop, mean, deviation }: ImageSettings): Float32Array {
  const { width, height } = picture;
  const [shorter, longer] = width <= height ? [width, height] : [height, width];
  const long = Math.trunc((shortestEdge * longer) / shorter);
  const resized = width <= height ? resizePicture(picture, shortestEdge, long) : resizePicture(picture, long, shortestEdge);
  const top = Math.floor((resized.height - crop) / 2);
  const left = Math.floor((resized.width - crop) / 2);
  const result = new Float32Array(3 * crop * crop);
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < crop; y++)
      for (let x = 0; x < crop; x++) {
        const inside = top + y >= 0 && top + y < resized.height && left + x >= 0 && left + x < resized.width;
        const value = inside ? resized.pixels[((top + y) * resized.width + left + x) * 3 + channel] : 0;
        result[(channel * crop + y) * crop + x] = (value / 255 - mean[channel]) / deviation[channel];
      }
  return result;
}

/** Label as a file may be called: characters that file names cannot hold become `_`. */
const imageName = (label: string): string => label.replace(/[/\\:*?"<>|]/g, '_');

/**
 * Pictures of each label: `<label>.png`, or all pictures of a folder `<label>/`.
 * @throws DataError naming the labels without one.
 */
export function findLabelImages(folder: string, labels: readonly string[]): string[][] {
  let entries: string[];
  try {
    entries = readdirSync(folder).sort();
  } catch (error) {
    throw new DataError(`cannot read the folder of label images ${folder}: ${errorMessage(error)}`);
  }
  const byName = new Map<string, string[]>();
  const add = (name: string, file: string) => byName.set(name.toLowerCase(), [...(byName.get(name.toLowerCase()) ?? []), file]);
  for (const entry of entries) {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) for (const file of readdirSync(path).sort()) PICTURE.test(file) && add(entry, join(path, file));
    else if (PICTURE.test(entry)) add(basename(entry, extname(entry)), path);
  }
  const missing = labels.filter((label) => !byName.has(imageName(label).toLowerCase()));
  if (missing.length)
    throw new DataError(
      `${folder} has no picture of ${missing
        .slice(0, 5)
        .map((label) => `"${label}"`)
        .join(
          ', ',
        )}${missing.length > 5 ? ` and ${missing.length - 5} more labels` : ''}: expected ${imageName(missing[0])}.png or a folder ${imageName(missing[0])}/`,
    );
  return labels.map((label) => (byName.get(imageName(label).toLowerCase()) as string[]).filter((file) => existsSync(file)));
}
