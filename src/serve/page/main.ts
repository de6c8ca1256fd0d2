/** The page: what is asked on the left, what is found on the right, many texts beneath. */

import { decidingWords } from '../../classify/explain/deciding-words.ts';
import type { LabelScores } from '../../classify/library-types.ts';
import type { Answers, Question } from '../../classify/questions/questions.ts';
import { showAnswers } from './answer-view.ts';
import { createBarList } from './bar-list.ts';
import { find, make, onChosenFile } from './dom.ts';
import { onDroppedFile } from './dropped-files.ts';
import { type Asking, createFileView } from './file-view.ts';
import { askForKey } from './key-dialog.ts';
import { createLabelField } from './label-field.ts';
import { type Bar, barsOf, spokenResult } from './pure/bars.ts';
import { AnswerError, createClient } from './pure/client.ts';
import { EXAMPLES } from './pure/examples.ts';
import { labelNames } from './pure/label-names.ts';
import { createLatest } from './pure/latest.ts';
import { EXAMPLE_QUESTIONS, questionsOf } from './pure/question-text.ts';
import { answerColumns, answerText, labelColumns } from './pure/result-columns.ts';
import { decodeText, textTable } from './pure/text-table.ts';
import { startTheme } from './theme.ts';
import { showWords } from './word-view.ts';

const client = createClient(askForKey);
const text = find<HTMLTextAreaElement>('text');
const multi = find<HTMLInputElement>('multi');
const questionText = find<HTMLTextAreaElement>('questions');
const problem = find('problem');
const result = document.querySelector<HTMLElement>('.result')!;

const isQuestions = (): boolean => document.querySelector<HTMLInputElement>('input[name=mode]:checked')!.value === 'questions';

/** What the single text was found to be; the words of one label are shown. */
type Found =
  | { kind: 'labels'; text: string; bars: Bar[]; explanations: LabelScores['explanations']; isMultiLabel: boolean; ms: number }
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
    const { bars, explanations = [] } = found;
    const explained = new Set(explanations.map(({ label }) => label));
    // A label that somebody chose stays while it is explained.
    const deciding = decidingWords(explanations, { isChoice: !found.isMultiLabel, chosen });
    barList.show(bars, explained, deciding?.label);
    showWords(found.text, deciding);
  } else {
    barList.show([], new Set(), undefined);
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
        ? spokenResult(found.bars, found.isMultiLabel)
        : found.kind === 'answers'
          ? Object.entries(found.answers)
              .map(
                ([name, answer]) =>
                  `${name}: ${answerText((found as { questions: Record<string, Question> }).questions[name], answer) || 'none'}.`,
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
  if (isQuestions()) {
    const questions = checkedQuestions();
    if (!questions || written.trim() === '') return { kind: 'nothing' };
    const [answers] = await client.decide([written], questions, signal);
    return { kind: 'answers', questions, answers, ms: performance.now() - began };
  }
  const isMultiLabel = multi.checked;
  const labels = [...labelField.labels];
  if (labels.length === 0 || written.trim() === '') return { kind: 'nothing' };
  const [{ labels: ranked, scores, explanations }] = await client.classify(
    { texts: [written], labels, multiLabel: isMultiLabel, explain: true },
    signal,
  );
  return { kind: 'labels', text: written, bars: barsOf(ranked, scores), explanations, isMultiLabel, ms: performance.now() - began };
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
  if (isQuestions()) {
    const questions = questionsOf(questionText.value);
    return {
      table: answerColumns(questions),
      mark: JSON.stringify(questions),
      ask: (texts, signal) => client.decide(texts, questions, signal),
    } as Asking<Answers> as Asking<unknown>;
  }
  const labels = [...labelField.labels];
  const multiLabel = multi.checked;
  if (labels.length === 0) throw new Error('Add labels above, then label all.');
  return {
    table: labelColumns(labels, multiLabel),
    mark: JSON.stringify([labels, multiLabel]),
    ask: async (texts, signal) =>
      (await client.classify({ texts, labels, multiLabel, ...(multiLabel ? {} : { topK: 1 }) }, signal)).map(({ labels: ranked, scores }) =>
        barsOf(ranked, scores),
      ),
  } as Asking<readonly Bar[]> as Asking<unknown>;
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

function setMode(mode: 'labels' | 'questions'): void {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]')) input.checked = input.value === mode;
  find('labels-panel').hidden = mode !== 'labels';
  find('questions-panel').hidden = mode !== 'questions';
  changed();
}

/** A file of questions or labels, or of texts. */
async function read(file: File): Promise<void> {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!/\.(ya?ml|json)$/i.test(file.name)) return fileView.open(file.name, textTable(file.name, bytes));
    const content = decodeText(bytes);
    if (content.trim().startsWith('[')) {
      labelField.set(labelNames(content));
      return setMode('labels');
    }
    questionText.value = content;
    setMode('questions');
  } catch (error) {
    fileView.fail(`${file.name}: ${(error as Error).message}`);
  }
}

text.addEventListener('input', () => latest.changed());
multi.addEventListener('change', () => {
  latest.now();
  fileView.changed();
});
questionText.addEventListener('input', changed);
for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]'))
  input.addEventListener('change', () => setMode(input.value as 'labels' | 'questions'));
onChosenFile(find('open-questions'), find('questions-file'), (file) => void read(file));
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
