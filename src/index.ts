/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The library: `import { GliZNet } from 'gliznet'`.
 *
 *     const model = await GliZNet.load();
 *     const [result] = await model.classify(['The parcel never came'], ['delivery', 'billing', 'praise']);
 *     result.labels[0]; // 'delivery'
 *     await model.dispose();
 */

import { UsageError } from './base/errors.ts';
import type { ScoredRequest } from './classify/classifier.ts';
import { balanceLogits, labelShares } from './classify/label-balance.ts';
import type { LabelScores, LoadSettings } from './classify/library-types.ts';
import { type LoadedClassifier, loadClassifier } from './classify/load-classifier.ts';
import { createAsker, readableText } from './classify/questions/decide.ts';
import { type Answers, askedQuestions, type JsonValue, type Questions } from './classify/questions/questions.ts';
import { checkLabels, rankLabels, scoringOptions } from './classify/records/predict-records.ts';
import { abstains, withFit } from './classify/tuning/label-fit.ts';
import type { Tuned } from './classify/tuning/tuned.ts';
import { checkOptions } from './options/check.ts';
import type { Given } from './options/declaration.ts';
import { CHECKPOINT, CLASSIFY_OPTIONS, LOGITS_OPTIONS } from './options/predict.ts';
import { SHIPPED_CHECKPOINT } from './options/shipped-checkpoint.ts';
import { cleanLabels } from './text/labels.ts';

export { DataError, UsageError } from './base/errors.ts';
export type { LabelingOptions, LabelScores, LoadSettings } from './classify/library-types.ts';
export type {
  AnswerOf,
  Answers,
  ChoiceAnswer,
  ChoiceQuestion,
  JsonValue,
  Option,
  Options,
  PredicateAnswer,
  PredicateQuestion,
  Question,
  Questions,
  ScoreAnswer,
  ScoreQuestion,
} from './classify/questions/questions.ts';
export type { GliZNetOptions } from './model/options.ts';
export type { Precision } from './options/predict.ts';

/** How {@link GliZNet.classify} labels; docs/options.md has the ranges. */
export type ClassifyOptions = Given<typeof CLASSIFY_OPTIONS>;

/** How {@link GliZNet.logits} reads texts. */
export type LogitsOptions = Given<typeof LOGITS_OPTIONS>;

/** Labels for each text: one list for all, or one list for each text. */
export type Candidates = readonly string[] | readonly (readonly string[])[];

const isPerText = (labels: Candidates): labels is readonly (readonly string[])[] => Array.isArray(labels[0]);

/**
 * A GliZNet model. Calls may overlap: each gets its own results. ONNX Runtime computes on the calling thread, so a call with many
 * texts keeps the event loop busy between batches.
 */
export class GliZNet {
  readonly #classifier: LoadedClassifier;
  /** The same, whose results say how likely any label fits. */
  readonly #fitting: LoadedClassifier;
  #disposed = false;

  private constructor(classifier: LoadedClassifier) {
    this.#classifier = classifier;
    this.#fitting = withFit(classifier);
  }

  /**
   * Loads a model.
   * @param checkpoint folder of a checkpoint; the one that comes with the package unless given
   * @throws DataError naming the file that is missing or broken; UsageError for a wrong setting
   */
  static async load(checkpoint: string = SHIPPED_CHECKPOINT, settings: LoadSettings = {}): Promise<GliZNet> {
    checkOptions({ checkpoint: CHECKPOINT }, { checkpoint }, 'load');
    return new GliZNet(await loadClassifier(checkpoint, settings));
  }

  /** Precision that the model computes with. */
  get precision(): 'fp32' | 'int8' {
    return this.#classifier.precision;
  }

  /** The labels that the checkpoint was trained on, where they are one set: candidates where no others are given. */
  get labels(): readonly string[] | undefined {
    return this.#classifier.labels;
  }

  /**
   * Labels texts: for each its labels, best first, and their scores. With one label right (the default) scores are a softmax over the
   * candidates and sum to 1; with `multiLabel` each is a probability of its own, as is the score of a single label.
   * With `abstain` a text that no label is likely to fit gets none.
   * @param labels candidates; those of `thresholds`, or the checkpoint's own {@link GliZNet.labels}, unless given
   * @throws UsageError for empty or duplicate labels, for an option that there is none of or out of its range and for a balance that does not fit; DataError for a
   *   label that is too long for the model or of which it reads nothing, for labels that are the same to it (`Refund`, `refund`), and for a
   *   model whose weights are damaged
   */
  async classify(texts: readonly string[], labels?: Candidates, options: ClassifyOptions = {}): Promise<LabelScores[]> {
    checkOptions(CLASSIFY_OPTIONS, options, 'classify');
    const tuned = await this.#tuned(options, labels);
    const candidates = this.#candidates(texts, labels ?? tuned?.labels ?? this.labels);
    const { calibration } = this.#classifier.options;
    const how = tuned ? { ...options, multiLabel: tuned.multiLabel } : options;
    const { balance = 0, multiLabel } = how;
    if (balance > 0 && (multiLabel || isPerText(labels ?? [])))
      throw new UsageError('balance is for one list of labels of which one is right');
    const results = await this.#score(texts, candidates, how, abstains(options) ? this.#fitting : this.#classifier);
    let logits = results.map((result) => result.logits);
    if (balance > 0 && texts.length > 0) {
      const shares = labelShares(logits);
      logits = logits.map((each) => balanceLogits(each, { shares, strength: balance }));
    }
    return results.map(({ unreadable, fit }, row) => {
      const unknownScript = this.#classifier.unknownScript(texts[row]);
      return {
        ...rankLabels(candidates[row], logits[row], calibration, how, { fit, tuned }),
        ...(unreadable ? { unreadable } : {}),
        ...(unknownScript !== undefined ? { unknownScript } : {}),
      };
    });
  }

  /**
   * Raw scores of the labels, in their order: logits [N] for each text; -Infinity for labels that are not on a text's shortlist.
   * @throws as {@link classify}
   */
  async logits(
    texts: readonly string[],
    labels: Candidates | undefined = this.labels,
    options: LogitsOptions = {},
  ): Promise<Float32Array[]> {
    checkOptions(LOGITS_OPTIONS, options, 'logits');
    const results = await this.#score(texts, this.#candidates(texts, labels), options);
    return results.map((result) => result.logits);
  }

  /**
   * Answers questions about a text: choices, statements, levels. A text is read once for all of them; JSON is read as lines `path: value`.
   *
   *     const { topic, urgent } = await model.decide('Charged twice, please fix this today', {
   *       topic: { type: 'choice', options: ['billing', 'delivery', 'praise'] },
   *       urgent: { type: 'predicate', instructions: 'urgent' },
   *     });
   *     topic.answer; // 'billing'
   *
   * @throws UsageError naming the question and field that cannot be asked, for a text that is no JSON, or two options that are the same to the model
   */
  async decide<const Q extends Questions>(text: string | JsonValue, questions: Q, options: LogitsOptions = {}): Promise<Answers<Q>> {
    const [answers] = await this.decideAll([text], questions, options);
    return answers;
  }

  /** The same for several texts, which are read in batches. @throws as {@link decide} */
  async decideAll<const Q extends Questions>(
    texts: readonly (string | JsonValue)[],
    questions: Q,
    options: LogitsOptions = {},
  ): Promise<Answers<Q>[]> {
    if (this.#disposed) throw new UsageError('the model is disposed');
    if (!Array.isArray(texts)) throw new UsageError('texts must be a list');
    checkOptions(LOGITS_OPTIONS, options, 'decide');
    const readable = texts.map((text, row) => readableText(text, `text ${row + 1}`));
    const asker = await createAsker(this.#classifier, askedQuestions(questions));
    return (await asker.answer(readable, scoringOptions(options))).map(({ answers }) => answers as Answers<Q>);
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

  async #tuned({ thresholds, multiLabel }: ClassifyOptions, labels: Candidates | undefined): Promise<Tuned | undefined> {
    if (thresholds === undefined) return undefined;
    if (Array.isArray(labels) && isPerText(labels)) throw new UsageError('thresholds are for one list of labels');
    const { tunedFor } = await import('./classify/tuning/thresholds-file.ts');
    const given = labels as readonly string[] | undefined;
    return tunedFor(thresholds, this.#classifier.hash, { labels: given && cleanLabels(given, 'labels'), multiLabel });
  }

  #candidates(texts: readonly string[], labels: Candidates | undefined): string[][] {
    if (this.#disposed) throw new UsageError('the model is disposed');
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) throw new UsageError('texts must be a list of strings');
    if (labels === undefined) throw new UsageError('labels are missing: the checkpoint was not trained on labels of its own');
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

  async #score(
    texts: readonly string[],
    candidates: readonly string[][],
    options: LogitsOptions,
    classifier: LoadedClassifier = this.#classifier,
  ): Promise<ScoredRequest[]> {
    for (const list of new Set(candidates)) await checkLabels(this.#classifier, list);
    const requests = texts.map((text, row) => ({ text, labels: candidates[row] }));
    return classifier.logits(requests, scoringOptions(options));
  }
}
