/** The page: what is asked on the left, what is found on the right, many texts beneath. */

import { decidingWords } from '../../classify/explain/deciding-words.ts';
import type { LabelScores } from '../../classify/library-types.ts';
import type { Answers, Question } from '../../classify/questions/questions.ts';
import { showAnswers } from './answer-view.ts';
import { createBarList } from './bar-list.ts';
import { find, make, onChosenFile } from './dom.ts';
import { onDroppedFile } from './dropped-files.ts';
import type { Asking } from './file-labelling.ts';
import { createFileView } from './file-view.ts';
import { askForKey } from './key-dialog.ts';
import { createLabelField } from './label-field.ts';
import { type AskedLabels, createLabelQuestion } from './label-question.ts';
import { isNone, type LabelResult, resultOf, spokenResult, takenBars } from './pure/bars.ts';
import { AnswerError, createClient } from './pure/client.ts';
import { EXAMPLES } from './pure/examples.ts';
import { labelsOfFile } from './pure/label-text.ts';
import { createLatest } from './pure/latest.ts';
import { areQuestions, EXAMPLE_QUESTIONS, questionsOf } from './pure/question-text.ts';
import { answerColumns, labelColumns, shownAnswer } from './pure/result-columns.ts';
import { decodeText, textTable } from './pure/text-table.ts';
import { startTheme } from './theme.ts';
import { showVerdict } from './verdict-view.ts';
import { showWords } from './word-view.ts';

const client = createClient(askForKey);
const text = find<HTMLTextAreaElement>('text');
const questionText = find<HTMLTextAreaElement>('questions');
const problem = find('problem');
const result = document.querySelector<HTMLElement>('.result')!;

type Mode = 'fitted' | 'labels' | 'questions';
const modeNow = (): Mode => document.querySelector<HTMLInputElement>('input[name=mode]:checked')!.value as Mode;

/** What the single text was found to be; the words of one label are shown. */
type Found =
  | {
      kind: 'labels';
      text: string;
      result: LabelResult;
      asked: AskedLabels;
      explanations: LabelScores['explanations'];
      ms: number;
    }
  | { kind: 'answers'; questions: Readonly<Record<string, Question>>; answers: Answers; ms: number }
  | { kind: 'nothing' };

let found: Found = { kind: 'nothing' };
let chosen: string | undefined;

const barList = createBarList((label) => {
  chosen = label;
  show();
});

function show(): void {
  const isLabels = found.kind === 'labels';
  find('bars').hidden = !isLabels;
  find('empty').hidden = found.kind !== 'nothing' || problem.textContent !== '';
  if (found.kind === 'labels') {
    const { result, explanations = [], asked } = found;
    const { paths, taking } = asked;
    const { level } = labelQuestion;
    const explained = new Set(explanations.map(({ label }) => label));
    // A label that somebody chose stays while it is explained. Labels in levels do not all compete.
    const deciding = decidingWords(explanations, { isChoice: !taking.isMultiLabel && !paths, chosen });
    const taken = new Set(takenBars(result, { ...taking, level }).map(({ label }) => label));
    showVerdict(result, taking.isMultiLabel, level);
    const look = { explained, chosen: deciding?.label, paths, taken, isNone: isNone(result, level), thresholds: taking.thresholds };
    barList.show(result.bars, look);
    showWords(found.text, result.unreadable ? undefined : deciding);
  } else {
    showVerdict(undefined, false, undefined);
    barList.show([], { explained: new Set(), taken: new Set() });
    showWords('', undefined);
  }
  if (found.kind === 'answers') showAnswers(found.questions, found.answers);
  else find('answers').replaceChildren();
  find('timing').textContent = found.kind === 'nothing' ? '' : `${Math.round(found.ms)} ms`;
}

let speaking: ReturnType<typeof setTimeout> | undefined;
/** Tells those who listen, once they rest from typing. */
function speak(): void {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    find('spoken').textContent =
      found.kind === 'labels'
        ? spokenResult(found.result, { ...found.asked.taking, level: labelQuestion.level })
        : found.kind === 'answers'
          ? Object.entries(found.answers)
              .map(
                ([name, answer]) =>
                  `${name}: ${shownAnswer((found as { questions: Record<string, Question> }).questions[name], answer) || 'none'}.`,
              )
              .join(' ')
          : '';
  }, 900);
}

/** Questions that can be asked; shows what is wrong with those that cannot. */
function checkedQuestions(): Record<string, Question> | undefined {
  try {
    const questions = questionsOf(questionText.value);
    find('questions-problem').textContent = '';
    return questions;
  } catch (error) {
    find('questions-problem').textContent = (error as Error).message;
    return undefined;
  }
}

async function askOne(signal: AbortSignal): Promise<Found> {
  const written = text.value;
  const began = performance.now();
  if (modeNow() === 'questions') {
    const questions = checkedQuestions();
    if (!questions || written.trim() === '') return { kind: 'nothing' };
    const [answers] = await client.decide([written], questions, signal);
    return { kind: 'answers', questions, answers, ms: performance.now() - began };
  }
  const asked = written.trim() === '' ? undefined : labelQuestion.asked();
  if (!asked) return { kind: 'nothing' };
  const [scores] = await client.classify({ texts: [written], ...asked.request, explain: true }, signal);
  const ms = performance.now() - began;
  return { kind: 'labels', text: written, result: resultOf(scores), asked, explanations: scores.explanations, ms };
}

const latest = createLatest<Found>({
  ask: askOne,
  onResult(next) {
    found = next;
    problem.textContent = '';
    show();
    speak();
  },
  onError(error) {
    problem.textContent = error instanceof AnswerError ? error.message : `Something went wrong: ${(error as Error).message}`;
    if (!(error instanceof AnswerError)) console.error(error);
    found = { kind: 'nothing' };
    show();
  },
  onBusy: (isBusy) => result.setAttribute('aria-busy', String(isBusy)),
});

/** What the texts of a file are asked. */
function asking(): Asking<unknown> {
  const mode = modeNow();
  if (mode === 'questions') {
    const questions = questionsOf(questionText.value);
    return {
      table: answerColumns(questions),
      mark: JSON.stringify(questions),
      ask: (texts, signal) => client.decide(texts, questions, signal),
    } as Asking<Answers> as Asking<unknown>;
  }
  if (mode === 'labels' && labelField.problem !== '') throw new Error(labelField.problem);
  const asked = labelQuestion.asked();
  if (!asked) throw new Error('Add labels above, then label all.');
  const { names, paths, request, taking } = asked;
  const { level } = labelQuestion;
  return {
    table: labelColumns({ names, paths, ...taking, ...(level === undefined ? {} : { level: () => labelQuestion.level ?? level }) }),
    mark: JSON.stringify(request),
    ask: async (texts, signal) =>
      (await client.classify({ texts, ...request, ...(taking.isMultiLabel ? {} : { topK: 1 }) }, signal)).map(resultOf),
  } as Asking<LabelResult> as Asking<unknown>;
}

const fileView = createFileView(asking, (opened) => {
  text.value = opened;
  latest.now();
  text.scrollIntoView({ block: 'center', behavior: 'smooth' });
  text.focus({ preventScroll: true });
});

const changed = (): void => {
  latest.changed();
  fileView.changed();
};
const labelField = createLabelField(() => {
  // Labels change before the field is there: at the first example.
  queueMicrotask(changed);
});

const asksAgain = (): void => {
  latest.now();
  fileView.changed();
};
const labelQuestion = createLabelQuestion(labelField, asksAgain, () => {
  show();
  speak();
  fileView.changed();
});

function setMode(mode: Mode): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]')) input.checked = input.value === mode;
  find('labels-panel').hidden = mode === 'questions';
  find('questions-panel').hidden = mode !== 'questions';
  labelQuestion.isFitted = mode === 'fitted';
  changed();
}

/** A file of questions or labels, or of texts. */
async function read(file: File): Promise<void> {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!/\.(ya?ml|json)$/i.test(file.name)) return fileView.open(file.name, textTable(file.name, bytes));
    const content = decodeText(bytes);
    if (!areQuestions(content)) {
      labelField.set(labelsOfFile(file.name, content));
      return setMode('labels');
    }
    questionText.value = content;
    setMode('questions');
  } catch (error) {
    fileView.fail(`${file.name}: ${(error as Error).message}`);
  }
}

/** A file of labels, in whichever form. */
async function readLabels(file: File): Promise<void> {
  try {
    labelField.set(labelsOfFile(file.name, decodeText(new Uint8Array(await file.arrayBuffer()))));
  } catch (error) {
    find('label-problem').textContent = `${file.name}: ${(error as Error).message}`;
  }
}

text.addEventListener('input', () => latest.changed());
questionText.addEventListener('input', changed);
for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]'))
  input.addEventListener('change', () => setMode(input.value as Mode));
onChosenFile(find('open-questions'), find('questions-file'), (file) => void read(file));
onChosenFile(find('open-labels'), find('labels-file'), (file) => void readLabels(file));
onChosenFile(find('open-texts'), find('texts-file'), (file) => void read(file));
onDroppedFile((file) => void read(file));
find('examples').append(
  ...EXAMPLES.flatMap((example, at) => {
    const button = make('button', { type: 'button', className: 'link', textContent: example.name });
    button.addEventListener('click', () => {
      text.value = example.text;
      labelField.set(example.labels);
      setMode('labels');
    });
    return at === 0 ? [' ', button] : [' \u00b7 ', button];
  }),
);

startTheme();
const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);
find('place').textContent = isLocal ? 'Runs on this machine; nothing leaves it' : `Texts go to ${location.hostname} and nowhere else`;
questionText.value = EXAMPLE_QUESTIONS;
text.value = EXAMPLES[0].text;
labelField.set(EXAMPLES[0].labels);
client.model().then(
  (name) => {
    find('model').textContent = name;
  },
  () => {},
);
client.fitted().then(
  (fitted) => {
    if (!fitted) return;
    labelQuestion.offer(fitted);
    // What the server is there for, unless somebody has begun with something else.
    const isUntouched = text.value === EXAMPLES[0].text && labelField.labels.join() === EXAMPLES[0].labels.join();
    if (isUntouched && modeNow() === 'labels') setMode('fitted');
  },
  () => {},
);
