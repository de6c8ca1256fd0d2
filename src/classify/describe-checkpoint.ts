/** What a checkpoint is, in figures that its files say without being loaded. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '../base/yaml.ts';
import type { GliZNetOptions } from '../model/options.ts';
import { type FasterPrecision, hasKeptPrecisions, keptPrecision } from '../runtime/faster-precision.ts';
import { knownScripts } from '../text/tokenizer/unknown-script.ts';
import { checkpointFolder, checkpointHash, readCheckpointConfig, WEIGHTS } from '../weights/checkpoint.ts';
import { loadCheckpointTokenizer } from '../weights/checkpoint-tokenizer.ts';
import { safetensorsSize } from '../weights/formats/safetensors.ts';

/** A checkpoint in short. */
export interface CheckpointFacts {
  /** Its own folder. */
  folder: string;
  crossAttention: GliZNetOptions['crossAttention'];
  /** Layers in which labels read the text (late checkpoints). */
  upperLayers: number;
  /** Family and size of the encoder. */
  encoder: { family: string; layers?: number; width?: number };
  parameters: number;
  /** How weights are stored: `F16`. */
  stored: string;
  /** Size of the weights' file. */
  bytes: number;
  /** What it computes with unless told otherwise. */
  precision: 'fp32' | 'int8';
  /** What `--precision auto` takes on this processor; null where that was not measured. */
  fasterPrecision: FasterPrecision | null;
  /** Longest sequence, in tokens. */
  maxLength: number;
  /** The labels that it was trained on, if it knows them. */
  labels?: readonly string[];
  /** What its card (README.md) says. */
  languages?: string[];
  /** Scripts that its vocabulary has words of. */
  scripts: string[];
}

const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---\r?\n/;

/** `language` of a card's front matter. */
function cardLanguages(folder: string): string[] | undefined {
  const path = join(folder, 'README.md');
  const matter = existsSync(path) ? FRONT_MATTER.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  try {
    const { language } = (matter === undefined ? {} : parseYaml(matter, path)) as { language?: unknown };
    const named = [language].flat().filter((each): each is string => typeof each === 'string');
    return named.length > 0 ? named : undefined;
  } catch {
    // A card that is no YAML says nothing.
    return undefined;
  }
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/**
 * Describes a checkpoint.
 * @param path its folder, or the output folder of a run
 * @throws DataError when there is none, or its files cannot be read
 */
export async function describeCheckpoint(path: string): Promise<CheckpointFacts> {
  const folder = checkpointFolder(path);
  const config = readCheckpointConfig(folder);
  const { options, encoder, precision, labels } = config;
  const weights = join(folder, WEIGHTS);
  const { elements, types } = safetensorsSize(weights);
  const { json, byteLevel } = await loadCheckpointTokenizer(folder, config);
  const isLatin = (json.match(/"[^"]*[a-z]{2}[^"]*"/g)?.length ?? 0) > 1000;
  return {
    folder,
    crossAttention: options.crossAttention,
    upperLayers: options.upperLayers,
    encoder: {
      family: String(encoder.model_type),
      layers: numberOf(encoder.num_hidden_layers ?? encoder.n_layers),
      width: numberOf(encoder.hidden_size ?? encoder.dim),
    },
    parameters: elements,
    stored: types.join(', '),
    bytes: statSync(weights).size,
    precision,
    // Without the memory of hashes: a look writes nothing.
    fasterPrecision: (hasKeptPrecisions() && keptPrecision(checkpointHash(folder, config, undefined))) || null,
    maxLength: options.maxLength,
    ...(labels ? { labels } : {}),
    languages: cardLanguages(folder),
    scripts: [...(isLatin ? ['Latin'] : []), ...knownScripts(json, byteLevel)],
  };
}
