/**
 * The joint sequence of a text and its labels: `[CLS] text [SEP] label_1 ; label_2 ; ... [SEP]` (article, section 3.1).
 * This file will hold the builder; the types are shared with the engine and the trainer.
 */

/** How labels are laid out in the joint sequence and which tokens stand for a label. */
export interface SequenceLayout {
  /**
   * `separator`: labels are joined by the separator text (`;`), as in the article.
   * `marker`: each label is preceded by the marker token (`[unused0]`), no separator.
   */
  labelStyle: 'separator' | 'marker';
  /** The separator's text or the marker token's text. */
  token: string;
  /** Which tokens get the label's number in lmask: the label's own tokens, or only the marker in front of it. */
  lmaskOn: 'label' | 'marker';
  /** Longest joint sequence in tokens. */
  maxLength: number;
}

/** One text with one group of labels, ready for the encoder. */
export interface JointSequence {
  inputIds: Int32Array; // [T]
  /** k for the tokens of label k (from 1), else 0. */
  lmask: Int32Array; // [T]
  /** The text's tokens are inputIds[textStart .. textEnd). */
  textStart: number;
  textEnd: number;
  /** How many labels the sequence holds. */
  labels: number;
  /** How many text tokens were cut. */
  cutTokens: number;
}

/** A padded batch of joint sequences; all arrays row-major. */
export interface JointBatch {
  batch: number; // B
  length: number; // T
  labels: number; // N, the largest number of labels of a row
  inputIds: Int32Array; // [B, T]
  attentionMask: Int32Array; // [B, T]
  /** k for the tokens of label k (from 1), else 0. */
  lmask: Int32Array; // [B, T]
  /** 1 for the text's own tokens, else 0. */
  textMask: Int32Array; // [B, T]
  /** Labels in each row. */
  labelCounts: Int32Array; // [B]
}
