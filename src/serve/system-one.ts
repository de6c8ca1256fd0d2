/** `POST /v1/systemone`: named questions about a state, as the TypeSafe client (npm @typesafe-ai/sdk 0.6) sends and reads them. */
import { z } from 'zod';
import { readableText } from '../classify/questions/decide.ts';
import type { Answers, ChoiceAnswer, PredicateAnswer, Question, ScoreAnswer } from '../classify/questions/questions.ts';
import { named } from '../options/zod-fields.ts';
import { json } from './bodies.ts';

const entry = z.union([z.string(), z.record(z.string(), json), z.array(json), z.null()]);
type Entry = z.infer<typeof entry>;

const question = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('noul'),
    instructions: entry.optional(),
    criteria: z.looseObject({ true: entry.optional(), false: entry.optional() }).nullish(),
  }),
  z.looseObject({ type: z.literal('choice'), instructions: entry.optional(), criteria: named(entry) }),
  z.looseObject({ type: z.literal('score'), instructions: entry.optional(), criteria: z.array(entry).min(2) }),
]);
type SystemOneQuestion = z.infer<typeof question>;

/** Body of a request. Fields that nobody knows are left alone, as the client forwards what it is given. */
export const systemOneBody = z.looseObject({
  state: entry,
  questions: named(question),
  model: z.string().optional(),
});
type SystemOneBody = z.infer<typeof systemOneBody>;

/** An entry as text; undefined where it says nothing. */
const textOf = (value: Entry | undefined, where: string): string | undefined =>
  value === null || value === undefined ? undefined : readableText(value, where) || undefined;

function asked(name: string, each: SystemOneQuestion): Question {
  const where = `questions.${name}`;
  const instructions = textOf(each.instructions, `${where}.instructions`);
  if (each.type === 'noul') {
    const [yes, no] = [each.criteria?.true, each.criteria?.false].map((value) => textOf(value, `${where}.criteria`));
    return { type: 'predicate', instructions, criteria: { true: yes, false: no } };
  }
  if (each.type === 'score') {
    // A level without a description is its number.
    const levels = each.criteria.map((value, level) => ({
      label: String(level),
      description: textOf(value, `${where}.criteria.${level}`),
    }));
    return { type: 'score', instructions, levels };
  }
  const options = Object.entries(each.criteria).map(([label, value]) => ({
    label,
    description: textOf(value, `${where}.criteria.${label}`),
  }));
  return { type: 'choice', instructions, options };
}

/** The text and the questions of a request. */
export function systemOneQuestions({ state, questions }: SystemOneBody): { text: string; questions: Record<string, Question> } {
  return {
    text: readableText(state ?? '', 'state'),
    questions: Object.fromEntries(Object.entries(questions).map(([name, each]) => [name, asked(name, each)])),
  };
}

const byIndex = <Value>(values: readonly Value[]): Record<string, Value> =>
  Object.fromEntries(values.map((value, at) => [String(at), value]));

/** Answers as the client reads them. */
export function systemOneAnswers({ questions }: SystemOneBody, answers: Answers): object {
  return Object.fromEntries(
    Object.entries(questions).map(([name, each]): [string, object] => {
      const answer = Object.getOwnPropertyDescriptor(answers, name)!.value as ChoiceAnswer | PredicateAnswer | ScoreAnswer;
      if (each.type === 'noul') return [name, { type: 'noul', noul: (answer as PredicateAnswer).probability }];
      if (each.type === 'choice') {
        const { answer: choice, confidence, scores } = answer as ChoiceAnswer;
        return [name, { type: 'choice', choice, confidence, probabilities: scores }];
      }
      const { value, confidence, scores } = answer as ScoreAnswer;
      return [name, { type: 'score', score: value, confidence, legend: byIndex(each.criteria), probabilities: byIndex(scores) }];
    }),
  );
}
