/** Answers to questions, a card each. */
import type { Answers, ChoiceAnswer, PredicateAnswer, Question, ScoreAnswer } from '../../classify/questions/questions.ts';
import { find, make } from './dom.ts';
import { shownAnswer } from './pure/result-columns.ts';
import { smallBar } from './small-bar.ts';

/** Options shown of a question with many. */
const MOST_SHOWN = 8;

function barsOfAnswer(question: Question, answer: ChoiceAnswer | PredicateAnswer | ScoreAnswer): [name: string, score: number][] {
  if ('probability' in answer)
    return [
      ['yes', answer.probability],
      ['no', 1 - answer.probability],
    ];
  if ('level' in answer) {
    const levels = 'levels' in question ? question.levels : [];
    return answer.scores.map((score, at) => [levelName(levels[at], at), score]);
  }
  return Object.entries(answer.scores)
    .sort(([, one], [, other]) => other - one)
    .slice(0, MOST_SHOWN);
}

const levelName = (level: string | { readonly label: string } | undefined, at: number): string =>
  typeof level === 'string' ? level : (level?.label ?? String(at));

/** Shows answers, or none. */
export function showAnswers(questions: Readonly<Record<string, Question>>, answers: Answers): void {
  find('answers').replaceChildren(
    ...Object.entries(answers).map(([name, answer]) => {
      const question = Object.getOwnPropertyDescriptor(questions, name)!.value as Question;
      const bars = barsOfAnswer(question, answer);
      const best = Math.max(...bars.map(([, score]) => score));
      return make(
        'article',
        { className: 'answer' },
        make(
          'h3',
          {},
          make('span', { className: 'question', textContent: name }),
          make('span', { className: 'said', textContent: shownAnswer(question, answer) || 'none' }),
        ),
        ...(question.instructions ? [make('p', { className: 'hint', textContent: question.instructions })] : []),
        make('ol', { className: 'bars small' }, ...bars.map(([option, score]) => smallBar(option, score, score === best))),
      );
    }),
  );
}
