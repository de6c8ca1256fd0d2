/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The library: `import { GliZNet } from 'gliznet'`. What trains, evaluates, generates and exports is loaded when it is called.
 *
 *     const model = await GliZNet.load();
 *     const [result] = await model.classify(['The parcel never came'], ['delivery', 'billing', 'praise']);
 *     result.labels[0]; // 'delivery'
 *     await model.dispose();
 */

import { DataError, UsageError } from './base/errors.ts';
import { type ScoredRequest, textNotes } from './classify/classifier.ts';
import { explain, explainedLabels } from './classify/explain/explain.ts';
import { balanceLogits, labelExcess } from './classify/label-balance.ts';
import { scoringOfSets } from './classify/levels.ts';
import type { LabelScores, LoadSettings } from './classify/library-types.ts';
import { type LoadedClassifier, loadClassifier } from './classify/load-classifier.ts';
import { createAsker, readableText } from './classify/questions/decide.ts';
import { type Answers, askedQuestions, type JsonValue, type Questions } from './classify/questions/questions.ts';
import { rankSet } from './classify/rank-labels.ts';
import { scoringOptions } from './classify/records/predict-records.ts';
import { checkLabels } from './classify/records/prepared-record.ts';
import { abstains, withFit } from './classify/tuning/label-fit.ts';
import type { Tuned } from './classify/tuning/tuned.ts';
import { checkOptions, inOptions } from './options/check.ts';
import type { Declarations, Given } from './options/declaration.ts';
import { EVALUATE_OPTIONS } from './options/eval.ts';
import { EXPORT_OPTIONS } from './options/export.ts';
import { GENERATE_OPTIONS, GENERATE_SETTING_FLAGS } from './options/generate.ts';
import { CHECKPOINT, CLASSIFY_OPTIONS, LOGITS_OPTIONS } from './options/predict.ts';
import { SHIPPED_CHECKPOINT } from './options/shipped-checkpoint.ts';
import { TRAIN_OPTIONS, TRAIN_SETTING_FLAGS } from './options/train.ts';
import { type LabelInput, labelSet } from './text/described-labels.ts';
import type { LabelSet } from './text/label-texts.ts';
import type {
  EvaluateOptions,
  EvaluationResult,
  ExportOptions,
  GenerateOptions,
  GenerateResult,
  TrainOptions,
  TrainResult,
} from './verbs/library-types.ts';

export { DataError, UsageError } from './base/errors.ts';
export type { Explanation, LabelingOptions, LabelScores, LoadSettings, WordScore } from './classify/library-types.ts';
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
export type { Calibration, GliZNetOptions } from './model/options.ts';
export type { Precision } from './options/predict.ts';
export type { Label, LabelInput } from './text/described-labels.ts';
export type {
  EvaluateOptions,
  EvaluationResult,
  ExportOptions,
  GenerateOptions,
  GenerateProgress,
  GenerateResult,
  TrainOptions,
  TrainResult,
} from './verbs/library-types.ts';

/** How {@link GliZNet.classify} labels; docs/options.md has the ranges. */
export type ClassifyOptions = Given<typeof CLASSIFY_OPTIONS>;

/** How {@link GliZNet.logits} reads texts. */
export type LogitsOptions = Given<typeof LOGITS_OPTIONS>;

/** Labels for each text: one list for all, or one list for each text. */
export type Candidates = readonly LabelInput[] | readonly (readonly LabelInput[])[];

const isPerText = (labels: Candidates): labels is readonly (readonly LabelInput[])[] => Array.isArray(labels[0]);

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
   * @param labels candidates: names, or {@link Label}s with a description, examples, a parent or children; those of `thresholds`, or the checkpoint's own {@link GliZNet.labels}, unless given
   * @throws UsageError for empty or duplicate labels, for an option that there is none of or out of its range and for a balance that does not fit; DataError for a
   *   label that is too long for the model or of which it reads nothing, for labels that are the same to it (`Refund`, `refund`), and for a
   *   model whose weights are damaged
   */
  async classify(texts: readonly string[], labels?: Candidates, options: ClassifyOptions = {}): Promise<LabelScores[]> {
    checkOptions(CLASSIFY_OPTIONS, options, 'classify');
    const tuned = await this.#tuned(options, labels);
    const own: LabelSet | undefined = tuned && !labels ? { labels: tuned.labels } : undefined;
    const candidates = own ? this.#checked(texts).map(() => own) : this.#candidates(texts, labels ?? this.labels);
    const { calibration } = this.#classifier.options;
    const how = tuned ? { ...options, multiLabel: tuned.multiLabel } : options;
    const { balance = 0, multiLabel } = how;
    if (balance > 0 && (multiLabel || isPerText(labels ?? [])))
      throw new UsageError('balance is for one list of labels of which one is right');
    if (balance > 0 && candidates.some(({ parents }) => parents))
      throw new UsageError('balance is for one list of labels, not for labels in levels');
    const results = await this.#score(texts, candidates, how, abstains(how) ? this.#fitting : this.#classifier);
    let logits = results.map((result) => result.logits);
    if (balance > 0 && texts.length > 0) {
      const excess = labelExcess(logits);
      logits = logits.map((each) => balanceLogits(each, { excess, strength: balance }));
    }
    const ranked = results.map(({ fit }, row) => rankSet(candidates[row], logits[row], calibration, how, { fit, tuned }));
    const asked = (text: string, row: number) => ({
      ...{ text, labels: candidates[row].labels, logits: logits[row], ...explainedLabels(candidates[row], ranked[row], how) },
    });
    const explanations = options.explain ? await explain(this.#classifier, texts.map(asked), scoringOptions(how)) : undefined;
    return results.map((result, row) => ({
      ...ranked[row],
      ...(explanations ? { explanations: explanations[row] } : {}),
      ...textNotes(result),
    }));
  }

  /**
   * Raw scores of the labels, in the order in which they stand: logits [N] for each text; -Infinity for labels that are not on a text's shortlist.
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
    const set = labels && labelSet(labels as readonly LabelInput[], 'labels', UsageError);
    return tunedFor(thresholds, this.#classifier.identity, { labels: set, multiLabel });
  }

  #checked(texts: readonly string[]): readonly string[] {
    if (this.#disposed) throw new UsageError('the model is disposed');
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) throw new UsageError('texts must be a list of strings');
    return texts;
  }

  #candidates(texts: readonly string[], labels: Candidates | undefined): LabelSet[] {
    this.#checked(texts);
    if (labels === undefined) throw new UsageError('labels are missing: the checkpoint was not trained on labels of its own');
    if (!Array.isArray(labels)) throw new UsageError('labels must be a list');
    // No list for no text: a list of lists as well as an empty one.
    if (texts.length === 0 && labels.length === 0) return [];
    if (!isPerText(labels)) {
      const shared = labelSet(labels, 'labels', UsageError);
      return texts.map(() => shared);
    }
    if (labels.length !== texts.length) throw new UsageError(`${labels.length} label lists for ${texts.length} texts`);
    return labels.map((list, row) => labelSet(list, `labels of text ${row + 1}`, UsageError));
  }

  async #score(
    texts: readonly string[],
    candidates: readonly LabelSet[],
    options: LogitsOptions,
    classifier: LoadedClassifier = this.#classifier,
  ): Promise<ScoredRequest[]> {
    for (const list of new Set(candidates)) await checkLabels(this.#classifier, list);
    const requests = texts.map((text, row) => ({ text, labels: candidates[row].labels }));
    return classifier.logits(requests, scoringOfSets(candidates, scoringOptions(options)));
  }
}

/** Calls a verb with options that were checked. What it says of flags is said of options. */
async function called<Options, Result>(
  verb: (options: Options) => Promise<Result>,
  options: Options,
  declarations: Declarations,
  settingFlags?: Readonly<Record<string, { field: string }>>,
): Promise<Result> {
  try {
    return await verb(options);
  } catch (error) {
    if (error instanceof UsageError || error instanceof DataError) error.message = inOptions(error.message, declarations, settingFlags);
    throw error;
  }
}

/**
 * Trains: adapts a checkpoint to your labels, or makes a new model of an encoder. The folder `output` gets the run's states, log, report and
 * checkpoints; `resume` goes on with a run that was stopped, to the same numbers.
 *
 *     const { checkpoint } = await train({ data: ['train.jsonl'], output: 'runs/mine', settings: { epochs: 3 } });
 *     const model = await GliZNet.load(checkpoint);
 *
 * @returns how it ended; not finished where the signal was aborted
 * @throws UsageError for options and settings that are wrong and for a folder that holds another run; DataError for files that cannot be read
 *   or written, and for a loss that is not finite; the signal's reason where it is aborted before the first step
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkOptions(TRAIN_OPTIONS, options, 'train');
  const { trainWithSettings } = await import('./verbs/train.ts');
  return called(trainWithSettings, options, TRAIN_OPTIONS, TRAIN_SETTING_FLAGS);
}

/**
 * Measures checkpoints and what they are compared with: how good, how sure and how fast. Results of finished sets are kept, so that a call
 * that was ended goes on.
 *
 *     const { results } = await evaluate({ checkpoint: ['runs/mine'], data: ['test.jsonl'], baseline: ['random'] });
 *     results[0].metrics.macro_f1;
 *
 * @returns all figures, as `glz eval --json` writes them; a system that failed is in `failures`
 * @throws UsageError for options, names and suites that are wrong; DataError for sets that cannot be read; an AbortError where the signal is
 *   aborted
 */
export async function evaluate(options: EvaluateOptions = {}): Promise<EvaluationResult> {
  checkOptions(EVALUATE_OPTIONS, options, 'evaluate');
  const verb = await import('./verbs/evaluate.ts');
  return called(verb.evaluate, options, EVALUATE_OPTIONS);
}

/**
 * Makes training data with a language model: texts, labels and hard negatives. Every accepted example is in the file `output` before the next;
 * the same call goes on with a run that was ended. Needs the packages that docs/generate.md names.
 *
 *     await generate({ model: 'qwen2.5:7b', labelsFile: 'labels.txt', output: 'mine.jsonl', settings: { count: 400 } });
 *
 * @returns how it ended: with fewer examples than wanted where the signal was aborted or questions had no usable answer
 * @throws UsageError for options and settings that are wrong, and for a file that another run wrote; DataError where the run cannot go on: no
 *   server, no such model, a full disk
 */
export async function generate(options: GenerateOptions): Promise<GenerateResult> {
  checkOptions(GENERATE_OPTIONS, options, 'generate');
  const verb = await import('./verbs/generate.ts');
  return called(verb.generate, options, GENERATE_OPTIONS, GENERATE_SETTING_FLAGS);
}

/**
 * Writes a checkpoint as ONNX files with its tokenizer, an example and a README, for other runtimes. The folder is whole or not there.
 *
 *     await exportCheckpoint({ checkpoint: 'runs/mine', output: 'mine-onnx' });
 *
 * @throws UsageError for options that are wrong and for a folder that holds other files; DataError for a checkpoint that cannot be read
 */
export async function exportCheckpoint(options: ExportOptions): Promise<void> {
  checkOptions(EXPORT_OPTIONS, options, 'exportCheckpoint');
  const verb = await import('./verbs/export.ts');
  return called(verb.exportCheckpoint, options, EXPORT_OPTIONS);
}
