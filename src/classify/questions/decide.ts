/**
 * Answers typed questions: every question chooses among texts that the model reads as labels. Where labels do not see one another, a text is read once
 * for all of its questions.
 */

import { UsageError } from '../../base/errors.ts';
import { isNestedTooDeep } from '../../base/json.ts';
import { rounded } from '../../base/probability.ts';
import type { Calibration } from '../../model/options.ts';
import type { ReadLabel } from '../../text/label-texts.ts';
import { type Classifier, type ClassifierOptions, type ScoredRequest, textNotes } from '../classifier.ts';
import { choiceProbabilities, labelProbability } from '../probabilities.ts';
import type { Answers, AskedQuestion, ChoiceAnswer, PredicateAnswer, ScoreAnswer } from './questions.ts';

/** Lines `path: value` of a JSON value, for a model that reads text. @throws UsageError where it is no JSON or nested too deep */
export function readableText(value: unknown, where = 'text'): string {
  if (typeof value === 'string') return value;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Circular, or nested deeper than the stack.
  }
  if (json === undefined || isNestedTooDeep(json)) throw new UsageError(`${where} must be text or JSON that is not nested too deep`);
  const lines: string[] = [];
  const write = (each: unknown, path: string): void => {
    if (each === null || each === undefined || each === '') return;
    if (Array.isArray(each)) {
      if (each.every((one) => typeof one !== 'object')) lines.push(`${path ? `${path}: ` : ''}${each.join(', ')}`);
      else for (const one of each) write(one, path);
    } else if (typeof each === 'object') for (const [name, one] of Object.entries(each)) write(one, path ? `${path}.${name}` : name);
    else lines.push(path ? `${path}: ${String(each)}` : String(each));
  };
  write(JSON.parse(json), '');
  return lines.join('\n');
}

/** (n x peak - 1) / (n - 1): 0 where all are alike, 1 where one has all. */
const confidenceOf = (probabilities: Float64Array): number =>
  (probabilities.length * Math.max(...probabilities) - 1) / (probabilities.length - 1);

/** Logits of a question's readings [N] to its answer. */
function answerOf(question: AskedQuestion, logits: Float32Array, calibration: Calibration): ChoiceAnswer | PredicateAnswer | ScoreAnswer {
  const { type, names, multiple } = question;
  const probabilities =
    multiple || logits.length === 1
      ? Float64Array.from(logits, (logit) => labelProbability(logit, calibration))
      : choiceProbabilities(logits, calibration);
  if (type === 'predicate') {
    const [probability] = probabilities;
    return { answer: probability >= 0.5, probability: rounded(probability), confidence: rounded(Math.abs(2 * probability - 1)) };
  }
  let best = 0;
  for (const [at, probability] of probabilities.entries()) if (probability > probabilities[best]) best = at;
  const confidence = rounded(multiple ? Math.abs(2 * probabilities[best] - 1) : confidenceOf(probabilities));
  const scores = Array.from(probabilities, rounded);
  if (type === 'score') {
    const value = rounded(probabilities.reduce((sum, probability, level) => sum + level * probability, 0));
    return { level: names[best], value, scores, confidence };
  }
  // fromEntries gives names such as `__proto__` a member of their own.
  return { answer: names[best], scores: Object.fromEntries(names.map((name, at) => [name, scores[at]])), confidence };
}

/** Whether a label's logit is the same whatever labels are beside it. */
const labelsAreApart = ({ options }: Pick<Classifier, 'options'>): boolean =>
  options.crossAttention === 'late' && !(options.upperLayers > 0 && options.setAttention);

/** What is said of one text. */
export interface AnsweredText extends Omit<ScoredRequest, 'logits'> {
  answers: Answers;
}

/** What questions are asked with. Made once for all texts: their readings are read once. */
export interface Asker {
  /** Answers of each text, in order. @throws as Classifier.logits */
  answer(texts: readonly string[], options?: ClassifierOptions): Promise<AnsweredText[]>;
}

/** Makes questions ready. @throws DataError for an option of which the model reads nothing, or two that are the same to it */
export async function createAsker(
  classifier: Pick<Classifier, 'options' | 'labelProblem' | 'logits'>,
  questions: ReadonlyMap<string, AskedQuestion>,
): Promise<Asker> {
  const { calibration } = classifier.options;
  for (const [name, { readings }] of questions) {
    const problem = await classifier.labelProblem(readings);
    if (problem !== undefined) throw new UsageError(`question "${name}": ${problem}`);
  }
  // Each is read once, whichever questions have it.
  const numbers = new Map<string, number>();
  const all: ReadLabel[] = [];
  const rows = [...questions.values()].map(({ readings }) =>
    readings.map((reading) => {
      const key = JSON.stringify(reading);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, all.length);
      return all.push(reading) - 1;
    }),
  );
  const asked = [...questions];
  return {
    async answer(texts, options) {
      const answersOf = (logitsOf: (question: number) => Float32Array): Answers =>
        Object.fromEntries(asked.map(([name, question], at) => [name, answerOf(question, logitsOf(at), calibration)]));
      if (labelsAreApart(classifier)) {
        const requests = texts.map((text) => ({ text, labels: all }));
        return (await classifier.logits(requests, options)).map(({ logits, ...read }) => ({
          ...{ ...read, answers: answersOf((question) => Float32Array.from(rows[question], (number) => logits[number])) },
        }));
      }
      const requests = texts.flatMap((text) => asked.map(([, { readings }]) => ({ text, labels: readings })));
      const onProgress = options?.onProgress && ((done: number) => options.onProgress!(Math.floor(done / asked.length)));
      const results = await classifier.logits(requests, { ...options, shortlist: 0, onProgress });
      return texts.map((_, row) => {
        const own = results.slice(row * asked.length, (row + 1) * asked.length);
        return {
          answers: answersOf((question) => own[question].logits),
          cutTokens: Math.max(...own.map(({ cutTokens }) => cutTokens)),
          ...textNotes(own[0]),
          ...(own.some(({ unfinished }) => unfinished) ? { unfinished: true } : {}),
        };
      });
    },
  };
}
