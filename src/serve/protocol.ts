/** What the server and its workers tell each other. Label sets are sent once and named by numbers after that. */
import type { ScoredRequest } from '../classify/classifier.ts';
import type { Explanation } from '../classify/library-types.ts';
import type { GliZNetOptions } from '../model/options.ts';
import type { Precision } from '../options/predict.ts';
import type { ReadLabel } from '../text/label-texts.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  checkpoint: string;
  precision?: Precision;
  threads: number;
}

/** How texts of a batch are read. */
export interface Reading {
  windows: number;
  mergeWindows: 'mean' | 'max';
}

/** A text with the number of its label set. */
export interface NumberedRequest {
  text: string;
  set: number;
}

/** A text whose labels are to be explained, with their numbers, and its logits. */
export interface NumberedExplanation extends NumberedRequest {
  chosen: readonly number[];
  logits: Float32Array;
}

/** To a worker. */
export type ToWorker =
  | { type: 'set'; set: number; labels: readonly ReadLabel[] }
  | { type: 'drop'; set: number }
  | { type: 'problem'; job: number; set: number }
  | { type: 'score'; job: number; requests: readonly NumberedRequest[]; reading: Reading }
  | { type: 'explain'; job: number; requests: readonly NumberedExplanation[]; reading: Reading }
  | { type: 'end' };

/** From a worker. An error says whose fault it is. */
export type FromWorker =
  | { type: 'ready'; options: GliZNetOptions; identity: string; precision: 'fp32' | 'int8' }
  | { type: 'failed'; message: string; isUsage: boolean }
  | { type: 'problem'; job: number; problem: string | undefined }
  | { type: 'scored'; job: number; results: ScoredRequest[] }
  | { type: 'explained'; job: number; results: Explanation[][] }
  | { type: 'error'; job: number; message: string; isRequest: boolean };
