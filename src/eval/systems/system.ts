/**
 * The one interface that GliZNet and every baseline are measured through. Knows nothing of metrics or files of sets.
 */
import { softmax } from '../../base/probability.ts';
import type { Precision } from '../../options/predict.ts';
import type { EvalSet } from '../sets/eval-set.ts';
import type { KindDescription, SystemSpec } from './system-spec.ts';

/** Scores of R texts by N labels, row-major. */
export interface ScoreMatrix {
  rows: number; // R
  columns: number; // N
  /** One label is right: probabilities over the labels, rows sum to 1. */
  choice: Float32Array; // [R, N]
  /** Any number is right: the score of each label by itself, a probability where the system gives one (cosines in -1 .. 1 else). */
  each: Float32Array; // [R, N]
  /** Rows that have no answer: all their scores are NaN, which counts as no prediction. NaN anywhere else is a failure of the system. */
  unanswered?: readonly number[];
}

/** How a call scores. */
export interface ScoreOptions {
  /** Sentence around a label (`This text is about {}.`); the system's own where absent. */
  template?: string;
  /** Told how much of this call is done, in parts that the system chooses; may be called any number of times, or never. */
  onPart?: (done: number, total: number) => void;
}

/** Something that scores labels. Calls do not overlap. */
export interface System {
  /** What the system did, for the report: model, template, device. */
  readonly notes: Readonly<Record<string, string | number>>;
  /** Called once before a set is scored, by systems that look at all its texts (Lbl2Vec), its examples (SmartShot) or its labels' counts (majority). */
  prepare?(set: EvalSet, options?: ScoreOptions): Promise<void>;
  score(texts: readonly string[], labels: readonly string[], options: ScoreOptions): Promise<ScoreMatrix>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** What a kind of system is given to make one. */
export interface SystemContext {
  spec: SystemSpec;
  /** The model's folder, fetched if it was a hub id; the name itself for models behind a server; empty where there is none. */
  model: string;
  /** Threads inside one operation; the runtime's choice where absent. */
  threads?: number;
  /** Numeric precision of GliZNet's own checkpoints. */
  precision?: Precision;
}

/** A kind of system: how it is named, found and made. */
export interface SystemKind extends KindDescription {
  /** Where its model lives; decides how it is found and how its content is hashed. */
  modelSource: 'folder' | 'server' | 'none';
  /** Options that name files or folders: their content is part of a result's identity. */
  fileOptions?: readonly string[];
  /** @throws UsageError for options that do not fit, DataError for files that cannot be read. */
  create(context: SystemContext): Promise<System>;
}

/** Rows of scores to probabilities that sum to 1. logits [R, N] -> [R, N] */
export function softmaxRows(logits: Float32Array, columns: number, scale = 1): Float32Array {
  const result = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += columns) result.set(softmax(logits.subarray(start, start + columns), scale), start);
  return result;
}

/** Puts a label into a template. */
export const fillTemplate = (template: string, label: string): string => template.replaceAll('{}', () => label);
