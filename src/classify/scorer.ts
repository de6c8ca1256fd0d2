/**
 * What prediction and evaluation need of an engine: logits of joint batches. Implemented by the ONNX Runtime sessions.
 */
import { DataError } from '../base/errors.ts';
import type { JointBatch } from '../text/joint-sequence.ts';

/** There are no scores, whatever a text says: those of a broken model are no numbers, or labels find no room. Leaving a text out does not help. */
export class NoScoresError extends DataError {}

/** Scores joint batches. Calls may overlap; they are queued. */
export interface Scorer {
  /** What is named where its scores are no numbers: the checkpoint. */
  source: string;
  /** Tokens in a batch, padding included, with which it is fastest. */
  batchTokens: number;
  /** Logits [B, N], row-major; entries beyond a row's own label count are 0 and mean nothing. */
  score(batch: JointBatch): Promise<Float32Array>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}
