/** What a table has of results: columns to look at, to sort by and to download. */
import type { Answers, Question } from '../../../classify/questions/questions.ts';
import { type Bar, percent } from './bars.ts';
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

/** From here on a label that is scored by itself is taken to fit. */
const FITS = 0.5;

const fitting = (bars: readonly Bar[]): string[] => bars.filter(({ score }) => score >= FITS).map(({ label }) => label);

/** Columns of labels: the best and its score; where any number may fit, those that do, and each label's score. */
export function labelColumns(labels: readonly string[], isMultiLabel: boolean): ResultTable<readonly Bar[]> {
  const best = (bars: readonly Bar[]): number => bars[0]?.score ?? 0;
  if (!isMultiLabel)
    return {
      columns: [
        {
          name: 'label',
          isNumber: false,
          show: ([bar]) => bar?.label ?? '',
          cell: ([bar]) => bar?.label ?? '',
          key: ([bar]) => bar?.label,
        },
        { name: 'score', isNumber: true, show: (bars) => percent(best(bars)), cell: best, key: best },
      ],
      groups: ([bar]) => (bar ? [bar.label] : []),
    };
  const scoreOf = (bars: readonly Bar[], label: string): number => bars.find((bar) => bar.label === label)?.score ?? 0;
  return {
    columns: [
      {
        name: 'labels',
        isNumber: false,
        show: (bars) => fitting(bars).join(', ') || 'none',
        cell: (bars) => fitting(bars).join('; '),
        key: (bars) => fitting(bars).join(', ') || undefined,
      },
      { name: 'best score', isNumber: true, show: (bars) => percent(best(bars)), cell: best, key: best },
      ...labels.map((label): ResultColumn<readonly Bar[]> => {
        const score = (bars: readonly Bar[]) => scoreOf(bars, label);
        return { name: `score_${label}`, isNumber: true, cell: score, key: score };
      }),
    ],
    groups: (bars) => (fitting(bars).length > 0 ? fitting(bars) : ['none']),
  };
}

type Answer = Answers[string];

/** The answer in a word; of a choice with any number of options those that fit, '' where none does. */
export function answerText(question: Question, answer: Answer): string {
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
      const text = (answers: Answers) => answerText(question, of(answers, name));
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
      const text = first ? answerText(first[1], of(answers, first[0])) : '';
      return text === '' ? ['none'] : text.split('; ');
    },
  };
}
