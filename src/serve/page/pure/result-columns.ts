/** What a table has of results: columns to look at, to sort by and to download. */
import type { Answers, Question } from '../../../classify/questions/questions.ts';
import { FITS, isNone, type LabelResult, percent, type Taking, takenBars } from './bars.ts';
import type { LabelPaths } from './label-paths.ts';
import type { SortKey } from './row-order.ts';

/** A column of results. */
export interface ResultColumn<Result> {
  /** Its name in the CSV. */
  name: string;
  isNumber: boolean;
  /** What the table shows; absent: only the CSV has it. */
  show?(result: Result): string;
  /** What the CSV has. */
  cell(result: Result): string | number;
  key(result: Result): SortKey;
}

/** Results as columns, and what they are grouped by. */
export interface ResultTable<Result> {
  columns: ResultColumn<Result>[];
  groups(result: Result): string[];
}

/** How labels are asked. */
export interface LabelColumnsOptions extends LabelPaths, Omit<Taking, 'level'> {
  /** Whether a text may get none; the level as it stands, below which it does: it can be moved while results are there. */
  level?: () => number;
}

/** Columns of labels: the best and its score, its path where there are levels; where any number may fit, those that do, and each label's score. */
export function labelColumns({ names, paths, isMultiLabel, thresholds, level }: LabelColumnsOptions): ResultTable<LabelResult> {
  const hasNone = (result: LabelResult): boolean => result.bars.length === 0 || isNone(result, level?.());
  const best = (result: LabelResult): number | undefined => (hasNone(result) ? undefined : result.bars[0].score);
  const taken = (result: LabelResult): string[] =>
    takenBars(result, { isMultiLabel, thresholds, level: level?.() }).map(({ label }) => label);
  const shown = (label: string): string => paths?.get(label)?.join(' > ') ?? label;
  const numbers = (name: string, value: (result: LabelResult) => number | undefined): ResultColumn<LabelResult> => ({
    ...{ name, isNumber: true, cell: (result) => value(result) ?? '', key: value },
    show(result) {
      const number = value(result);
      return number === undefined ? '' : percent(number);
    },
  });
  const inFile = (name: string, value: (result: LabelResult) => string): ResultColumn<LabelResult> => ({
    ...{ name, isNumber: false, cell: value, key: value },
  });
  return {
    columns: [
      {
        name: isMultiLabel ? 'labels' : 'label',
        isNumber: false,
        show: (result) => taken(result).map(shown).join(', ') || 'none',
        cell: (result) => taken(result).join('; '),
        key: (result) => taken(result).map(shown).join(', ') || undefined,
      },
      numbers(isMultiLabel ? 'best score' : 'score', best),
      ...(level ? [numbers('fit', ({ fit }) => fit)] : []),
      ...(paths && !isMultiLabel
        ? [
            inFile('path', (result) => (hasNone(result) ? '' : (result.path ?? []).map(({ name }) => name).join(' > '))),
            inFile('path_scores', (result) => (hasNone(result) ? '' : (result.path ?? []).map(({ score }) => score).join('; '))),
          ]
        : []),
      ...(isMultiLabel ? names : []).map((label): ResultColumn<LabelResult> => {
        const score = ({ bars }: LabelResult) => bars.find((bar) => bar.label === label)?.score ?? 0;
        return { name: `score_${label}`, isNumber: true, cell: score, key: score };
      }),
    ],
    groups: (result) => (taken(result).length > 0 ? taken(result) : ['none']),
  };
}

type Answer = Answers[string];

/** The answer in a word; of a choice with any number of options those that fit, '' where none does. */
export function shownAnswer(question: Question, answer: Answer): string {
  if ('probability' in answer) return answer.answer ? 'yes' : 'no';
  if ('level' in answer) return answer.level;
  if ('multiple' in question && question.multiple)
    return Object.entries(answer.scores)
      .filter(([, score]) => score >= FITS)
      .map(([option]) => option)
      .join('; ');
  return answer.answer;
}

/** Columns of answers: two for each question, what was answered and the figure that tells most of it. */
export function answerColumns(questions: Readonly<Record<string, Question>>): ResultTable<Answers> {
  const entries = Object.entries(questions);
  const of = (answers: Answers, name: string): Answer => Object.getOwnPropertyDescriptor(answers, name)!.value as Answer;
  return {
    columns: entries.flatMap(([name, question]): ResultColumn<Answers>[] => {
      const text = (answers: Answers) => shownAnswer(question, of(answers, name));
      const figure = (answers: Answers): number => {
        const answer = of(answers, name);
        return 'probability' in answer ? answer.probability : 'value' in answer ? answer.value : answer.confidence;
      };
      const figureName = question.type === 'choice' ? 'confidence' : question.type === 'score' ? 'value' : 'probability';
      // A scale and a statement are sorted by their figure: level names have no order of their own.
      const key = question.type === 'choice' ? (answers: Answers) => text(answers) || undefined : figure;
      return [
        { name, isNumber: false, show: text, cell: text, key },
        { name: `${name}_${figureName}`, isNumber: true, cell: figure, key: figure },
      ];
    }),
    groups(answers) {
      const [first] = entries;
      const text = first ? shownAnswer(first[1], of(answers, first[0])) : '';
      return text === '' ? ['none'] : text.split('; ');
    },
  };
}
