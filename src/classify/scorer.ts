/**
 * What prediction and evaluation need of an engine: logits of joint batches. Implemented by the ONNX Runtime sessions.
 */
import { DataError } from '../base/errors.ts';
import type { JointBatch } from '../text/joint-sequence.ts';

/** A model whose scores are no numbers: no text can be labelled with it, so that leaving one out does not help. */
export class BrokenModelError extends DataError {}

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
