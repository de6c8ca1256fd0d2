/**
 * The library: `import { GliZNet } from 'gliznet'`.
 *
 *     const model = await GliZNet.load();
 *     const [result] = await model.classify(['The parcel never came'], ['delivery', 'billing', 'praise']);
 *     result.labels[0]; // 'delivery'
 *     await model.dispose();
 */

import { UsageError } from './base/errors.ts';
import type { Classifier } from './classify/classifier.ts';
import { balanceLogits, labelShares } from './classify/label-balance.ts';
import { type LoadSettings, loadClassifier } from './classify/load-classifier.ts';
import { type LabelingOptions, type LabelScores, rankLabels, scoringOptions } from './classify/predict-records.ts';
import { SHIPPED_CHECKPOINT } from './classify/shipped-checkpoint.ts';
import { cleanLabels } from './text/labels.ts';

export { DataError, UsageError } from './base/errors.ts';
export type { LoadSettings } from './classify/load-classifier.ts';
export type { LabelingOptions, LabelScores } from './classify/predict-records.ts';
export type { Precision } from './classify/scorer.ts';
export type { GliZNetOptions } from './model/options.ts';

/** How {@link GliZNet.classify} labels. */
export interface ClassifyOptions extends LabelingOptions {
  /** Most joint sequences in one batch, 32 unless given; long ones make smaller batches. */
  batchSize?: number;
  /** Of a larger label set only so many labels nearest to the text are read; 0: all. Half of more than 50, 50 to 100, unless given. */
  shortlist?: number;
  /**
   * Overlapping windows in which a text is read that is longer than one; what they do not reach is cut. 4 unless given. Scores are the
   * windows' mean, with `multiLabel` those of the best window.
   */
  windows?: number;
  /**
   * Holds back labels that win too often over the texts of this call, with this strength from 0 (not at all) to 1; 0.7 is a good one.
   * For one list of labels that are about equally frequent, and some hundred texts. Not with `multiLabel`.
   */
  balance?: number;
}

/** Labels for each text: one list for all, or one list for each text. */
export type Candidates = readonly string[] | readonly (readonly string[])[];

type ScoringSettings = Pick<ClassifyOptions, 'batchSize' | 'shortlist' | 'windows'>;

function requireWhole(name: string, value: unknown, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least))
    throw new UsageError(`${name} must be a whole number from ${least}`);
}

function requireShare(name: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= 1))
    throw new UsageError(`${name} must be a number from 0 to 1`);
}

/** The ranges of `glz predict`. @throws UsageError naming the option */
function checkScoring({ batchSize, shortlist, windows }: ScoringSettings): void {
  requireWhole('batchSize', batchSize, 1);
  requireWhole('shortlist', shortlist, 0);
  requireWhole('windows', windows, 1);
}

const isPerText = (labels: Candidates): labels is readonly (readonly string[])[] => Array.isArray(labels[0]);

/**
 * A GliZNet model. Calls may overlap: each gets its own results. ONNX Runtime computes on the calling thread, so a call with many
 * texts keeps the event loop busy between batches.
 */
export class GliZNet {
  readonly #classifier: Classifier;
  #disposed = false;

  private constructor(classifier: Classifier) {
    this.#classifier = classifier;
  }

  /**
   * Loads a model.
   * @param checkpoint folder of a checkpoint; the one that comes with the package unless given
   * @throws DataError naming the file that is missing or broken; UsageError for a wrong setting
   */
  static async load(checkpoint: string = SHIPPED_CHECKPOINT, settings: LoadSettings = {}): Promise<GliZNet> {
    return new GliZNet(await loadClassifier(checkpoint, settings));
  }

  /** Precision that the model computes with. */
  get precision(): 'fp32' | 'int8' {
    return this.#classifier.precision;
  }

  /**
   * Labels texts: for each its labels, best first, and their scores. With one label right (the default) scores are a softmax over the
   * candidates and sum to 1; with `multiLabel` each is a probability of its own.
   * @throws UsageError for empty or duplicate labels, for an option out of its range and for a balance that does not fit; DataError for a
   *   label that is too long for the model
   */
  async classify(texts: readonly string[], labels: Candidates, options: ClassifyOptions = {}): Promise<LabelScores[]> {
    const candidates = this.#candidates(texts, labels);
    const { calibration } = this.#classifier.options;
    const { balance = 0, multiLabel, threshold, topK } = options;
    requireShare('balance', balance);
    requireShare('threshold', threshold);
    requireWhole('topK', topK, 1);
    if (balance > 0 && (multiLabel || isPerText(labels))) throw new UsageError('balance is for one list of labels of which one is right');
    let results = await this.#score(texts, candidates, options);
    if (balance > 0 && texts.length > 0) {
      const shares = labelShares(results);
      results = results.map((logits) => balanceLogits(logits, { shares, strength: balance }));
    }
    return results.map((logits, row) => rankLabels(candidates[row], logits, calibration, options));
  }

  /**
   * Raw scores of the labels, in their order: logits [N] for each text; -Infinity for labels that are not on a text's shortlist.
   * @throws as {@link classify}
   */
  async logits(texts: readonly string[], labels: Candidates, options: ScoringSettings = {}): Promise<Float32Array[]> {
    return this.#score(texts, this.#candidates(texts, labels), options);
  }

  /** Releases native memory. Safe to call twice. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#classifier.dispose();
  }

  /** Same as {@link dispose}: `await using model = await GliZNet.load()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #candidates(texts: readonly string[], labels: Candidates): string[][] {
    if (this.#disposed) throw new UsageError('the model is disposed');
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) throw new UsageError('texts must be a list of strings');
    if (!Array.isArray(labels)) throw new UsageError('labels must be a list');
    // No list for no text: a list of lists as well as an empty one.
    if (texts.length === 0 && labels.length === 0) return [];
    if (!isPerText(labels)) {
      const shared = cleanLabels(labels, 'labels');
      return texts.map(() => shared);
    }
    if (labels.length !== texts.length) throw new UsageError(`${labels.length} label lists for ${texts.length} texts`);
    return labels.map((list, row) => cleanLabels(list, `labels of text ${row + 1}`));
  }

  async #score(texts: readonly string[], candidates: readonly string[][], options: ClassifyOptions): Promise<Float32Array[]> {
    checkScoring(options);
    const requests = texts.map((text, row) => ({ text, labels: candidates[row] }));
    const results = await this.#classifier.logits(requests, scoringOptions(options));
    return results.map(({ logits }) => logits);
  }
}
