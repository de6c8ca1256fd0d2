/** Questions as they are pasted or dropped: YAML or JSON. Checked here by what the server checks with, so that mistakes show while one types. */
import { UsageError } from '../../../base/errors.ts';
import { parseYaml } from '../../../base/yaml.ts';
import { askedQuestions, type Question } from '../../../classify/questions/questions.ts';

/** The questions by name. @throws UsageError that says what is wrong, and where */
export function questionsOf(text: string): Record<string, Question> {
  if (text.trim() === '') throw new UsageError('no questions yet');
  const questions = text.trim().startsWith('{') ? ofJson(text) : parseYaml(text, 'questions');
  askedQuestions(questions);
  return questions as Record<string, Question>;
}

/** Whether a file's text, YAML or JSON, is meant for questions and not for labels: objects by name, of which any has a type. What cannot be read is, so that it is shown with what is wrong. */
export function areQuestions(text: string): boolean {
  if (text.trim().startsWith('[')) return false;
  let value: unknown;
  try {
    value = ofJson(text);
  } catch {
    return true;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).some((each) => typeof each === 'object' && each !== null && Object.hasOwn(each, 'type'));
}

/** YAML reads JSON too, but has a bound that large lists of options are beyond. */
function ofJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseYaml(text, 'questions');
  }
}

/** An example of every kind. */
export const EXAMPLE_QUESTIONS = `topic:
  type: choice
  options: [billing, delivery, praise, technical problem]
angry:
  type: predicate
  instructions: the customer is angry
urgency:
  type: score
  levels: [can wait, soon, at once]
`;
