/**
 * Typed questions about a text: a choice among options, a statement that is true or not, a level of an ordered scale. What they look like, in the
 * library and in a file, and what is wrong with one that cannot be asked. Knows no model.
 */

import { UsageError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { quoted } from '../../base/printable.ts';
import { readLabel } from '../../text/described-labels.ts';
import type { ReadLabel } from '../../text/label-texts.ts';

/** A value of JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** An option or a level: its name, or with what it means, which is then read with it. */
export type Option = string | { readonly label: string; readonly description?: string | null };

/** Options: a list, or names with what they mean (null: the name says it). */
export type Options = readonly Option[] | Readonly<Record<string, string | null>>;

/** One of the options, or with `multiple` each by itself. */
export interface ChoiceQuestion<O extends Options = Options> {
  /** Tells kinds of questions apart. */
  readonly type: 'choice';
  /** What is chosen among: two and more. */
  readonly options: O;
  /** The question in words. */
  readonly instructions?: string | null;
  /** Whether any number of options may fit. */
  readonly multiple?: boolean;
}

/** Whether a statement is true of the text. */
export interface PredicateQuestion {
  /** Tells kinds of questions apart; both names mean the same. */
  readonly type: 'predicate' | 'noul';
  /** The statement; a question is taken for the statement that it asks of. */
  readonly instructions?: string | null;
  /** What yes and no mean, in words. Yes is read in place of the statement; with no the likelier of the two is the answer. */
  readonly criteria?: { readonly true?: string | null; readonly false?: string | null } | null;
}

/** A level of an ordered scale, the lowest first. */
export interface ScoreQuestion {
  /** Tells kinds of questions apart. */
  readonly type: 'score';
  /** Two and more, the lowest first. */
  readonly levels: readonly Option[];
  /** The question in words. */
  readonly instructions?: string | null;
}

/** A question about a text. */
export type Question = ChoiceQuestion | PredicateQuestion | ScoreQuestion;

/** Questions by the names of their answers. */
export type Questions = Readonly<Record<string, Question>>;

type OptionName<O extends Options> = O extends readonly (infer Each)[]
  ? Each extends string
    ? Each
    : Each extends { readonly label: infer L extends string }
      ? L
      : string
  : keyof O & string;

/** Answer to a choice. */
export interface ChoiceAnswer<O extends Options = Options> {
  /** The likeliest option. */
  answer: OptionName<O>;
  /** Probability of each option, in their order; they sum to 1 unless any number may fit. */
  scores: Record<OptionName<O>, number>;
  /** From 0 (all options alike) to 1: (n x peak - 1) / (n - 1); with any number of options how far the likeliest is from a half, doubled. */
  confidence: number;
}

/** Answer to a statement. */
export interface PredicateAnswer {
  /** Whether it is rather true than not. */
  answer: boolean;
  /** Probability that it is true. */
  probability: number;
  /** |2 x probability - 1| */
  confidence: number;
}

/** Answer to a scale. */
export interface ScoreAnswer {
  /** The likeliest level's name. */
  level: string;
  /** Expected level, from 0 to n - 1. */
  value: number;
  /** Probability of each level, the lowest first. */
  scores: number[];
  /** From 0 (all levels alike) to 1: (n x peak - 1) / (n - 1) */
  confidence: number;
}

/** Answer to a question. */
export type AnswerOf<Q extends Question> = Q extends { readonly options: infer O extends Options }
  ? ChoiceAnswer<O>
  : Q extends { readonly levels: unknown }
    ? ScoreAnswer
    : PredicateAnswer;

/** Answers by the names of their questions. */
export type Answers<Q extends Questions = Questions> = { [Name in keyof Q]: AnswerOf<Q[Name]> };

/** A question as it is asked: every kind chooses among texts that a model reads. */
export interface AskedQuestion {
  readonly type: 'choice' | 'predicate' | 'score';
  readonly multiple: boolean;
  readonly names: readonly string[];
  /** What the model reads for each name; of a statement without criteria for no only the statement. */
  readonly readings: readonly ReadLabel[];
}

/** Questions that are asked of one text at most: a bound for what others send. */
const MOST_QUESTIONS = 256;
/** Options of one question at most. */
export const MOST_OPTIONS = 10_000;

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  choice: ['type', 'options', 'instructions', 'multiple'],
  predicate: ['type', 'instructions', 'criteria'],
  noul: ['type', 'instructions', 'criteria'],
  score: ['type', 'levels', 'instructions'],
};

type Fields = Readonly<Record<string, unknown>>;
/** Text that may be absent. @throws UsageError naming the field */
function textOrNone(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new UsageError(`${where} must be text`);
  return value.trim() || undefined;
}

/** Options or levels with what is read for each. @throws UsageError naming the field */
function namedReadings(value: unknown, where: string): Pick<AskedQuestion, 'names' | 'readings'> {
  const entries: unknown[] = Array.isArray(value)
    ? value
    : isObject(value)
      ? Object.entries(value).map(([label, description]) => ({ label, description }))
      : [];
  if (!Array.isArray(value) && !isObject(value)) throw new UsageError(`${where} must be a list, or an object of names and what they mean`);
  if (entries.length < 2) throw new UsageError(`${where}: ${entries.length} given, a question needs at least 2`);
  if (entries.length > MOST_OPTIONS) throw new UsageError(`${where}: ${entries.length} given, ${MOST_OPTIONS} at most`);
  const names: string[] = [];
  const readings: ReadLabel[] = [];
  const seen = new Set<string>();
  for (const [at, entry] of entries.entries()) {
    const fields: Fields = typeof entry === 'string' ? { label: entry } : isObject(entry) ? entry : {};
    const spot = `${where}, number ${at + 1}`;
    const label = typeof fields.label === 'string' ? fields.label.trim() : '';
    if (label === '') throw new UsageError(`${spot} must be text that is not empty, or an object with "label"`);
    const unknown = Object.keys(fields).find((name) => name !== 'label' && name !== 'description');
    if (unknown !== undefined) throw new UsageError(`${spot}: there is no field ${quoted(unknown)}; there are label and description`);
    if (seen.has(label)) throw new UsageError(`${where}: ${quoted(label)} is given twice`);
    seen.add(label);
    names.push(label);
    readings.push(readLabel(label, textOrNone(fields.description, `${spot}, field "description"`)));
  }
  return { names, readings };
}

function predicateReadings(fields: Fields, where: string): readonly string[] {
  const statement = textOrNone(fields.instructions, `${where}, field "instructions"`);
  const { criteria } = fields;
  if (criteria !== undefined && criteria !== null && !isObject(criteria))
    throw new UsageError(`${where}, field "criteria" must be an object with "true" and "false"`);
  const unknown = Object.keys(criteria ?? {}).find((name) => name !== 'true' && name !== 'false');
  if (unknown !== undefined)
    throw new UsageError(`${where}, field "criteria": there is no field ${quoted(unknown)}; there are true and false`);
  const yes = textOrNone(criteria?.true, `${where}, field "criteria.true"`) ?? statement;
  const no = textOrNone(criteria?.false, `${where}, field "criteria.false"`);
  if (yes === undefined)
    throw new UsageError(`${where}: field "instructions" says no statement, and field "criteria" says not what yes means`);
  // By itself a statement ranks texts better than beside its negation (docs/questions.md).
  return no === undefined ? [yes] : [yes, no];
}

/** Checks one question. @throws UsageError naming the field */
function askedQuestion(question: unknown, where: string): AskedQuestion {
  if (!isObject(question)) throw new UsageError(`${where} must be an object with "type": choice, predicate or score`);
  const { type } = question;
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type))
    throw new UsageError(`${where}, field "type" must be choice, predicate (or noul) or score`);
  const unknown = Object.keys(question).find((name) => !FIELDS[type].includes(name));
  if (unknown !== undefined)
    throw new UsageError(`${where}: a ${type} has no field ${quoted(unknown)}; there are ${FIELDS[type].join(', ')}`);
  if (type === 'predicate' || type === 'noul')
    return { type: 'predicate', multiple: false, names: ['true', 'false'], readings: predicateReadings(question, where) };
  textOrNone(question.instructions, `${where}, field "instructions"`);
  if (type === 'score') return { type, multiple: false, ...namedReadings(question.levels, `${where}, field "levels"`) };
  const { multiple = false } = question;
  if (typeof multiple !== 'boolean') throw new UsageError(`${where}, field "multiple" must be true or false`);
  return { type: 'choice', multiple, ...namedReadings(question.options, `${where}, field "options"`) };
}

/** Checks questions. By name, in their order. @throws UsageError naming the question and field */
export function askedQuestions(questions: unknown, where = 'questions'): Map<string, AskedQuestion> {
  if (!isObject(questions)) throw new UsageError(`${where} must be an object: the name of each answer with its question`);
  const entries = Object.entries(questions);
  if (entries.length === 0) throw new UsageError(`${where}: there are none`);
  if (entries.length > MOST_QUESTIONS) throw new UsageError(`${where}: ${entries.length} given, ${MOST_QUESTIONS} at most`);
  return new Map(entries.map(([name, question]) => [name, askedQuestion(question, `${where}, ${quoted(name)}`)]));
}
