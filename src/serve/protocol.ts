/** What the server and its workers tell each other. Label sets are sent once and named by numbers after that. */
import type { ScoredRequest } from '../classify/classifier.ts';
import type { Explanation } from '../classify/library-types.ts';
import type { GliZNetOptions } from '../model/options.ts';
import type { Precision } from '../options/predict.ts';
import type { ReadLabel } from '../text/label-texts.ts';

/** A worker died: the server is about to end. */
export class WorkerGoneError extends Error {}

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
  /** What the result calls them. */
  names?: readonly string[];
  logits: Float32Array;
}

/** Results of a batch with one array for all logits: many small ones take longer to be sent than to be computed. */
export interface PackedScores {
  /** Logits of all requests, one behind the other. */
  logits: Float32Array<ArrayBuffer>;
  /** All else of each request, and how many logits are its. */
  requests: (Omit<ScoredRequest, 'logits'> & { labels: number })[];
}

/** Packs results to be sent. */
export function packScores(results: readonly ScoredRequest[]): PackedScores {
  const logits = new Float32Array(results.reduce((sum, result) => sum + result.logits.length, 0));
  let first = 0;
  const requests = results.map(({ logits: own, ...rest }) => {
    logits.set(own, first);
    first += own.length;
    return { ...rest, labels: own.length };
  });
  return { logits, requests };
}

/** What was packed; logits are views of one array. */
export function unpackScores({ logits, requests }: PackedScores): ScoredRequest[] {
  let first = 0;
  return requests.map(({ labels, ...rest }) => {
    const own = logits.subarray(first, first + labels);
    first += labels;
    return { ...rest, logits: own };
  });
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
  | { type: 'scored'; job: number; results: PackedScores }
  | { type: 'explained'; job: number; results: Explanation[][] }
  | { type: 'error'; job: number; message: string; isRequest: boolean };
