/**
 * Typed reading of an encoder's config.json: every field is checked before anything is built from it, and an error names the field, what it
 * should be and what it is. Knows no model family.
 */

import { UsageError } from '../../base/errors.ts';
import { excerpt } from '../../base/printable.ts';
import type { Activation } from '../ops.ts';

/** A parsed config.json, not checked yet. */
export type RawConfig = Readonly<Record<string, unknown>>;

/** No published encoder comes near these; a larger size is a damaged or hostile file. */
const LARGEST_SIZE = 1 << 24;
const MOST_LAYERS = 1024;

/** Characters of a value that a message shows. */
const LONGEST_SHOWN = 60;

const ACTIVATIONS: readonly Activation[] = ['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu', 'tanh'];

/** The error for a field: what it should be and what it is. */
export function wrongField(config: RawConfig, field: string, expected: string): UsageError {
  const family = typeof config.model_type === 'string' ? `${config.model_type} ` : '';
  const value = config[field];
  return new UsageError(
    value === undefined || value === null
      ? `${family}encoder config: field "${field}" is missing; expected ${expected}`
      : `${family}encoder config: field "${field}" is ${excerpt(JSON.stringify(value), LONGEST_SHOWN)}; expected ${expected}`,
  );
}

/** Whether a field is not there, or null. */
export const isAbsent = (config: RawConfig, field: string): boolean => config[field] === undefined || config[field] === null;

/** An integer of at least `least` (1 unless said). Throws UsageError unless there is one or the field is absent and has a default. */
export function integerField(config: RawConfig, field: string, fallback?: number, least = 1, most = LARGEST_SIZE): number {
  if (isAbsent(config, field) && fallback !== undefined) return fallback;
  const value = config[field];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw wrongField(config, field, `an integer from ${least} to ${most}`);
  return value;
}

/** Number of layers. Throws UsageError as {@link integerField}. */
export function layerCountField(config: RawConfig, field: string, fallback?: number): number {
  return integerField(config, field, fallback, 1, MOST_LAYERS);
}

/** A positive finite number. Throws UsageError as {@link integerField}. */
export function positiveField(config: RawConfig, field: string, fallback?: number): number {
  if (isAbsent(config, field) && fallback !== undefined) return fallback;
  const value = config[field];
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) throw wrongField(config, field, 'a number above 0');
  return value;
}

/** true or false. Throws UsageError as {@link integerField}. */
export function booleanField(config: RawConfig, field: string, fallback?: boolean): boolean {
  if (isAbsent(config, field) && fallback !== undefined) return fallback;
  const value = config[field];
  if (typeof value !== 'boolean') throw wrongField(config, field, 'true or false');
  return value;
}

/** One of some words, numbers or truth values. Throws UsageError as {@link integerField}. */
export function wordField<const Word extends string | number | boolean>(
  config: RawConfig,
  field: string,
  words: readonly Word[],
  fallback?: Word,
): Word {
  if (isAbsent(config, field) && fallback !== undefined) return fallback;
  const value = config[field];
  const word = words.find((candidate) => candidate === value);
  if (word === undefined)
    throw wrongField(
      config,
      field,
      words.length === 1 ? `${excerpt(JSON.stringify(words[0]), LONGEST_SHOWN)}, the only one supported` : `one of ${words.join(', ')}`,
    );
  return word;
}

/** A list of some words, also as one string with `|` between them (DeBERTa's hub files). Throws UsageError as {@link integerField}. */
export function wordsField<Word extends string>(config: RawConfig, field: string, words: readonly Word[], fallback?: Word[]): Word[] {
  if (isAbsent(config, field) && fallback !== undefined) return fallback;
  const value = config[field];
  const list: unknown = typeof value === 'string' ? value.split('|').map((part) => part.trim()) : value;
  const known = (candidate: unknown): candidate is Word => words.some((word) => word === candidate);
  if (!Array.isArray(list) || !list.every(known)) throw wrongField(config, field, `a list of ${words.join(', ')}`);
  return list;
}

/** The activation function. Throws UsageError for one that ops.ts does not have. */
export function activationField(config: RawConfig, field: string, fallback: Activation): Activation {
  return wordField(config, field, ACTIVATIONS, fallback);
}

/**
 * Number of attention heads, which must divide the hidden size into heads whose size is a multiple of `multiple` (rotary
 * positions need pairs). Throws UsageError.
 */
export function headsField(config: RawConfig, field: string, hiddenSize: number, multiple = 1, fallback?: number): number {
  const heads = integerField(config, field, fallback);
  if (hiddenSize % (heads * multiple) !== 0)
    throw wrongField(
      config,
      field,
      `a divisor of the hidden size ${hiddenSize}${multiple > 1 ? ` with heads of a size divisible by ${multiple}` : ''}`,
    );
  return heads;
}

/** A padding id, which must be a row of the embedding table. Throws UsageError. */
export function paddingIdField(config: RawConfig, fallback: number, vocabularySize: number): number {
  const id = integerField(config, 'pad_token_id', fallback, 0);
  if (id >= vocabularySize) throw wrongField(config, 'pad_token_id', `an id below the vocabulary size ${vocabularySize}`);
  return id;
}

/** Tokens that fit where positions start after the padding id (RoBERTa, MPNet). Throws UsageError if none does. */
export function positionsAfterPadding(config: RawConfig, positions: number, paddingId: number): number {
  const usable = positions - paddingId - 1;
  if (usable < 1) throw wrongField(config, 'max_position_embeddings', `more than ${paddingId + 1}: positions start after the padding id`);
  return usable;
}

/** Groups of layers that share parameters (ALBERT): at most one a layer. Throws UsageError. */
export function groupCountField(config: RawConfig, layers: number): number {
  const groups = integerField(config, 'num_hidden_groups', 1);
  if (groups > layers) throw wrongField(config, 'num_hidden_groups', `at most the ${layers} layers`);
  return groups;
}
