/** What words of texts add to logits, as classifiers give it. */
import type { Place } from '../../text/words.ts';
import type { ClassifierOptions, ScoreRequest } from '../classifier.ts';

/** A text, and the labels whose logits are to be taken apart. */
export interface PartsRequest extends ScoreRequest {
  /** Numbers of those labels, in `labels`. */
  chosen: readonly number[];
}

/** What the words of one text add. */
export interface WordParts {
  /** What is told apart, in order: words, or pieces of several words. What no window holds is not among them. */
  words: Place[];
  /** For each label that was chosen what each word adds to its logit. */
  parts: Float64Array[];
}

/** How texts are read: as they were for the logits. */
export type PartsOptions = Pick<ClassifierOptions, 'batchSize' | 'windows' | 'mergeWindows'>;
