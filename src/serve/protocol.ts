/** What the server and its workers tell each other. Label sets are sent once and named by numbers after that. */
import type { ScoredRequest } from '../classify/classifier.ts';
import type { GliZNetOptions } from '../model/options.ts';
import type { Precision } from '../options/predict.ts';

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

/** To a worker. */
export type ToWorker =
  | { type: 'set'; set: number; labels: readonly string[] }
  | { type: 'drop'; set: number }
  | { type: 'problem'; job: number; set: number }
  | { type: 'score'; job: number; requests: readonly NumberedRequest[]; reading: Reading }
  | { type: 'end' };

/** From a worker. An error says whose fault it is. */
export type FromWorker =
  | { type: 'ready'; options: GliZNetOptions; hash: string; precision: 'fp32' | 'int8' }
  | { type: 'failed'; message: string; isUsage: boolean }
  | { type: 'problem'; job: number; problem: string | undefined }
  | { type: 'scored'; job: number; results: ScoredRequest[] }
  | { type: 'error'; job: number; message: string; isRequest: boolean };
