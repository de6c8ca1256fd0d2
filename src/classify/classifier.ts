/**
 * GliZNet as a function of texts and labels: tokenizes, packs labels into groups and long texts into windows, batches joint sequences of
 * like length, and merges the logits. Works over any Scorer; knows nothing of files, records or devices.
 */
import { type GliZNetOptions, hasBlocks } from '../model/options.ts';
import { SCORING_OPTIONS, type ScoringOptions } from '../options/predict.ts';
import { lengthBatches } from '../runtime/length-batches.ts';
import { type JointLayout, padBatch, prepareLayout } from '../text/joint-sequence.ts';
import type { ReadLabel } from '../text/label-texts.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import { withSafeDisposal } from './disposal.ts';
import type { PartsOptions, PartsRequest, WordParts } from './explain/word-parts.ts';
import { createReadyLabels } from './joint/prepared-labels.ts';
import { requestSequences, type Work } from './joint/request-sequences.ts';
import { createShortlister } from './joint/shortlister.ts';
import { createResults } from './merged-results.ts';
import type { Scorer } from './scorer.ts';
import type { SentenceEmbedder } from './session-embedder.ts';

/** One text and its candidate labels. Requests that share one label array share its preparation. */
export interface ScoreRequest {
  text: string;
  labels: readonly ReadLabel[];
}

/** What {@link Classifier.logits} gives for one request. */
export interface ScoredRequest {
  /** One logit a label, in the order of the request's labels; -Infinity for labels that are not on the text's shortlist. */
  logits: Float32Array;
  /** Text tokens that no window held; of a text that is very long, at least so many. */
  cutTokens: number;
  /** The model reads nothing of the text, which is empty or of characters that it does not know: the logits say nothing of it. */
  unreadable?: true;
  /** The script that the text is in, where the vocabulary knows little of it: the logits mean little. Classifiers of a checkpoint say so. */
  unknownScript?: string;
  /** The signal ended the call before this request was read whole: its logits mean nothing. */
  unfinished?: boolean;
  /** Probability that any of the labels fits, where that was asked for (tuning/label-fit.ts). */
  fit?: number;
}

/** Of a result what it says of its text, where it says something: for results that users get. */
export const textNotes = ({ unreadable, unknownScript }: Pick<ScoredRequest, 'unreadable' | 'unknownScript'>) => ({
  ...(unreadable ? { unreadable } : {}),
  ...(unknownScript !== undefined ? { unknownScript } : {}),
});

/** How requests are scored. */
export interface ClassifierOptions extends ScoringOptions {
  /** Tokens a batch at most, padding included, but for a sequence that alone is longer. As suits the scorer unless given. */
  batchTokens?: number;
  /** Most labels in one joint sequence; as the model's options say unless given. */
  maxLabelsPerGroup?: number;
  /** How a label's logits of several windows become one: their mean (default), or the best window. */
  mergeWindows?: 'mean' | 'max';
  /** Called after each batch with the number of requests that are done. */
  onProgress?: (done: number) => void;
  /** Ends the call after the batch that runs; requests that are not done by then are marked `unfinished`. */
  signal?: AbortSignal;
}

/** Scores texts against labels. */
export interface Classifier {
  readonly options: GliZNetOptions;
  readonly layout: JointLayout;
  /** Precision of the scorer. */
  readonly precision: 'fp32' | 'int8';
  /**
   * Logits of every request, in order. Calls may overlap. Labels with a {@link labelProblem} are scored as any others.
   * @throws DataError for a label without tokens or longer than the layout's limit; NoScoresError where a logit is no number; UsageError once
   * it is disposed of
   */
  logits(requests: readonly ScoreRequest[], options?: ClassifierOptions): Promise<ScoredRequest[]>;
  /**
   * Which of these labels the model cannot read or tell apart, as a message; undefined where there are none.
   * @throws DataError for a label without tokens or longer than the layout's limit
   */
  labelProblem(labels: readonly ReadLabel[]): Promise<string | undefined>;
  /** What each word adds to logits, where they are sums over words: with what the model adds whatever a text says they are the logits. @throws as logits */
  wordParts?(requests: readonly PartsRequest[], options?: PartsOptions): Promise<WordParts[]>;
  /** Releases native memory, after the calls that run; later ones are refused. Safe to call twice. */
  dispose(): Promise<void>;
}

/** Lays out sequences as GliZNet's options say. @throws UsageError where the tokenizer lacks the marker or positions. */
export const layoutOf = (tokenizer: Tokenizer, options: GliZNetOptions): Promise<JointLayout> =>
  prepareLayout(tokenizer, {
    labelStyle: options.labelStyle,
    token: options.labelStyle === 'marker' ? options.marker : options.separator,
    labelMaskOn: options.labelPooling === 'marker' ? 'marker' : 'label',
    blocks: hasBlocks(options),
    maxLength: Math.min(options.maxLength, tokenizer.modelMaxLength),
  });

const lengthOf = ({ sequence }: Work): number => sequence.inputIds.length;

/** Sequences in the order of batches: by length, then by labels, of which a batch has as many as its largest. */
const longestFirst = (work: readonly Work[]): Work[] =>
  [...work].sort((a, b) => lengthOf(b) - lengthOf(a) || b.sequence.labels - a.sequence.labels || a.request - b.request);

/** Makes a classifier of a tokenizer and a scorer, which it owns; `makeEmbedder` is called when a shortlist is first needed. @throws UsageError where the options do not suit the tokenizer. */
export async function createClassifier(
  tokenizer: Tokenizer,
  options: GliZNetOptions,
  scorer: Scorer,
  precision: 'fp32' | 'int8' = 'fp32',
  makeEmbedder?: () => Promise<SentenceEmbedder>,
): Promise<Classifier> {
  const layout = await layoutOf(tokenizer, options);
  const isOneWay = options.crossAttention === 'one-way';
  const readyLabels = createReadyLabels(tokenizer, layout);
  const shortlister = makeEmbedder && createShortlister(makeEmbedder, isOneWay);
  const maker = { tokenizer, layout, isOneWay, readyLabels, shortlister };
  return withSafeDisposal({
    options,
    layout,
    precision,
    labelProblem: async (labels) => (await readyLabels(labels)).problem(),
    async logits(
      requests,
      {
        batchSize = SCORING_OPTIONS.batchSize.default,
        batchTokens = scorer.batchTokens,
        maxLabelsPerGroup = options.labelsPerGroup ?? undefined,
        shortlist,
        windows = SCORING_OPTIONS.windows.default,
        mergeWindows = 'mean',
        onProgress,
        signal,
      } = {},
    ) {
      const { work, listed, unreadable } = await requestSequences(maker, requests, { maxLabelsPerGroup, shortlist, windows, signal });
      const results = createResults(requests, work, mergeWindows, scorer.source);
      if (signal?.aborted) return results.unfinished();
      let scored = 0;
      for (const batch of lengthBatches(longestFirst(work), lengthOf, { tokens: batchTokens, rows: batchSize })) {
        if (signal?.aborted) break;
        const joint = padBatch(
          batch.map(({ sequence }) => sequence),
          layout.special.pad,
        );
        const logits = await scorer.score(joint); // [B, N]
        for (const [row, each] of batch.entries())
          results.add(each, logits.subarray(row * joint.labels, (row + 1) * joint.labels), each.group);
        scored += batch.length;
        onProgress?.(Math.floor((scored / work.length) * requests.length));
      }
      return results.finish(unreadable, listed);
    },
    async dispose() {
      await scorer.dispose();
      await shortlister?.dispose();
    },
  });
}
