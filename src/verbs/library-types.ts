/** Types of the library's verbs that callers see. Apart from what computes them, so that they compile where there are no types of Node. */
import type { EvaluationResult, SystemEvent } from '../eval/report/result-types.ts';
import type { GenerationFigures } from '../generate/figures.ts';
import type { WrittenGenerateSettings } from '../generate/written-settings.ts';
import type { Given, Signal } from '../options/declaration.ts';
import type { EVALUATE_OPTIONS } from '../options/eval.ts';
import type { EXPORT_OPTIONS } from '../options/export.ts';
import type { GENERATE_OPTIONS } from '../options/generate.ts';
import type { TRAIN_OPTIONS } from '../options/train.ts';
import type { Evaluation, RunSummary, StepReport } from '../train/run-events.ts';
import type { WrittenSettings } from '../train/written-settings.ts';

/** What is trained, on what and how; docs/options.md has the ranges. */
export interface TrainOptions extends Given<typeof TRAIN_OPTIONS> {
  output: string;
  /** Fields of the settings (docs/train.md), over those of `config`. */
  settings?: WrittenSettings;
  signal?: Signal;
  note?: (line: string) => void;
  /** `steps`: of the whole run. */
  onStart?: (run: { steps: number }) => void;
  /** `seconds`: how long the step took. */
  onStep?: (step: StepReport, steps: number, seconds: number) => void;
  onEvaluation?: (step: number, evaluation: Evaluation, best: boolean) => void;
  onCalibration?: () => void;
  onRescue?: (step: number) => void;
}

/** How a training run ended: not finished where it was stopped, and the same call with `resume` goes on. */
export interface TrainResult extends RunSummary {
  /** Folder of the checkpoint, once finished: of the best evaluation, or of the end where there was none. */
  checkpoint?: string;
  /** The labels that the checkpoint was trained on, where they are one set. */
  labels?: readonly string[];
}

/** What is measured, against what, on what; docs/options.md has the ranges. */
export interface EvaluateOptions extends Given<typeof EVALUATE_OPTIONS> {
  signal?: Signal;
  note?: (line: string) => void;
  onStart?: (names: { systems: readonly string[]; sets: readonly string[] }) => void;
  onEvent?: (system: string, event: SystemEvent) => void;
  /** `total`: bytes of the whole file. */
  onDownload?: (model: string, file: string, bytes: number, total: number) => void;
}

/** What is generated, and by which model; docs/options.md has the ranges. */
export interface GenerateOptions extends Given<typeof GENERATE_OPTIONS> {
  model: string;
  output: string;
  /** Fields of the settings (docs/generate.md), in place of those of `config`. */
  settings?: WrittenGenerateSettings;
  signal?: Signal;
  onStart?: (run: { kept: number; wanted: number }) => void;
  onProgress?: (progress: GenerateProgress) => void;
  onFailure?: (message: string) => void;
}

/** How far a generation run is. */
export interface GenerateProgress {
  /** Examples on disk, those of earlier runs included. */
  kept: number;
  /** Examples of answers that were not good enough. */
  dropped: number;
  /** Tokens of answers in this run. */
  tokens: number;
  /** Questions asked again. */
  retries: number;
  /** Questions that may be open at once now. */
  concurrency: number;
}

/** How a generation run ended. */
export interface GenerateResult {
  /** Examples on disk, those of earlier runs included. */
  kept: number;
  /** Examples that were asked for: where they are more, the same call goes on. */
  wanted: number;
  /** Questions that never had an answer. */
  failed: number;
  /** Figures of all examples. */
  figures: GenerationFigures;
}

/** What is exported, and where to; docs/options.md has the ranges. */
export interface ExportOptions extends Given<typeof EXPORT_OPTIONS> {
  output: string;
  note?: (line: string) => void;
  /** `place`: among all `graphs`, from 1. */
  onGraph?: (file: string, place: number, graphs: number) => void;
  /** So many of the products of an 8-bit graph were tried in 8 bits. */
  onProduct?: (done: number, products: number) => void;
  /** `bytes`: of the file; `seconds`: that it took. */
  onMade?: (file: string, bytes: number, seconds: number) => void;
}

export type { EvaluationResult };
