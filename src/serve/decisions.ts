/** `POST /v1/decisions`: a list of questions about a conversation, as the OpenAI client (npm openai 7, `client.decisions.create`) sends and reads them. */
import { z } from 'zod';
import { readableText } from '../classify/questions/decide.ts';
import type { Answers, ChoiceAnswer, PredicateAnswer, Question, ScoreAnswer } from '../classify/questions/questions.ts';
import { json } from './bodies.ts';
import { RequestError } from './failures.ts';

const part = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(part)]);
const item = z.looseObject({ type: z.string().optional(), role: z.string().optional() });
const instructions = content;

const question = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('predicate'), instructions, name: z.string().nullish() }),
  z.looseObject({
    type: z.literal('choice'),
    instructions,
    name: z.string().nullish(),
    choices: z.array(z.looseObject({ value: z.union([z.string(), z.boolean()]), description: z.string().nullish() })),
  }),
  z.looseObject({
    type: z.literal('score'),
    instructions,
    name: z.string().nullish(),
    levels: z.array(z.looseObject({ label: z.string(), description: z.string().nullish() })),
  }),
]);

/** Body of a request. */
export const decisionsBody = z.looseObject({
  input: z.union([z.string(), z.array(item).min(1)]),
  model: z.string(),
  questions: z.array(question).min(1),
});
type DecisionsBody = z.infer<typeof decisionsBody>;

const textField = z.string();

/** Text of a part. @throws RequestError 400 for images, 422 for what is none of the parts */
function partText(each: z.infer<typeof part>, where: string): string {
  if (each.type === 'input_image')
    throw new RequestError(400, `${where}: this model reads text only, no images`, [
      { path: [where], message: 'images are not supported' },
    ]);
  if (each.type === 'input_json') return readableText(json.parse(each.data ?? null), where);
  const field = each.type === 'refusal' ? each.refusal : each.text;
  const text = textField.safeParse(field);
  if (!['input_text', 'output_text', 'refusal', 'text'].includes(each.type) || !text.success)
    throw new RequestError(422, `${where}: a part of type "${each.type}" is none that this server reads`, [
      { path: [where], message: 'unknown part' },
    ]);
  return text.data;
}

const contentText = (value: z.infer<typeof content>, where: string): string =>
  typeof value === 'string' ? value : value.map((each) => partText(each, where)).join('\n');

/** A message, or a tool's call or output, as text with who says it. */
function itemText(each: z.infer<typeof item>, at: number): { who: string; text: string } {
  const where = `input.${at}`;
  const { type = 'message' } = each;
  const called = { function_call: each.arguments, custom_tool_call: each.input }[type];
  if (called !== undefined) return { who: `call of ${String(each.name)}`, text: String(called) };
  const value = type === 'message' ? each.content : type.endsWith('_call_output') ? each.output : undefined;
  const checked = content.safeParse(value);
  if (!checked.success)
    throw new RequestError(422, `field "${where}" is no message that this server reads`, [
      { path: ['input', at], message: 'unknown item' },
    ]);
  return { who: type === 'message' ? (each.role ?? 'user') : 'result', text: contentText(checked.data, where) };
}

/** Name that a question is asked under: by its place, as names may be missing or equal. */
const placeName = (at: number): string => `question ${at + 1}`;

/** The text and the questions of a request. One message is its text; several are lines with who speaks in front. */
export function decisionsQuestions({ input, questions }: DecisionsBody): { text: string; questions: Record<string, Question> } {
  const items = typeof input === 'string' ? [{ who: 'user', text: input }] : input.map(itemText);
  return {
    text: items.length === 1 ? items[0].text : items.map(({ who, text }) => `${who}: ${text}`).join('\n'),
    questions: Object.fromEntries(
      questions.map((each, at): [string, Question] => {
        const words = contentText(each.instructions, `questions.${at}.instructions`);
        if (each.type === 'predicate') return [placeName(at), { type: 'predicate', instructions: words }];
        if (each.type === 'score')
          return [
            placeName(at),
            { type: 'score', instructions: words, levels: each.levels.map(({ label, description }) => ({ label, description })) },
          ];
        return [
          placeName(at),
          {
            type: 'choice',
            instructions: words,
            options: each.choices.map(({ value, description }) => ({ label: String(value), description })),
          },
        ];
      }),
    ),
  };
}

/** Answers as the client reads them, in the order of the questions. */
export function decisionsAnswers({ questions }: DecisionsBody, answers: Answers): object[] {
  return questions.map((each, at) => {
    const name = each.name ?? null;
    const answer = answers[placeName(at)] as ChoiceAnswer | PredicateAnswer | ScoreAnswer;
    if (each.type === 'predicate') return { type: 'predicate', name, probability: (answer as PredicateAnswer).probability };
    if (each.type === 'score') {
      const { value, confidence, scores } = answer as ScoreAnswer;
      const probabilities = each.levels.map(({ label }, level) => ({ label, value: level, probability: scores[level] }));
      return { type: 'score', name, score: value, confidence, probabilities };
    }
    const { answer: chosen, confidence, scores } = answer as ChoiceAnswer;
    const choice = each.choices.find(({ value }) => String(value).trim() === chosen)!.value;
    const probabilities = each.choices.map(({ value }) => ({
      value,
      probability: Object.getOwnPropertyDescriptor(scores, String(value).trim())!.value as number,
    }));
    return { type: 'choice', name, choice, confidence, probabilities };
  });
}
