/** The page: what is asked on the left, what is found on the right, many texts beneath. */

import { decidingWords } from '../../classify/explain/deciding-words.ts';
import type { LabelScores } from '../../classify/library-types.ts';
import type { Answers, Question } from '../../classify/questions/questions.ts';
import { ABSTAIN_BELOW } from '../../classify/tuning/abstain-level.ts';
import { showAnswers } from './answer-view.ts';
import { createBarList } from './bar-list.ts';
import { find, make, onChosenFile } from './dom.ts';
import { onDroppedFile } from './dropped-files.ts';
import type { Asking } from './file-labelling.ts';
import { createFileView } from './file-view.ts';
import { askForKey } from './key-dialog.ts';
import { createLabelField } from './label-field.ts';
import { isNone, type LabelResult, resultOf, spokenResult } from './pure/bars.ts';
import { AnswerError, createClient } from './pure/client.ts';
import { EXAMPLES } from './pure/examples.ts';
import { type LabelPaths, labelPaths } from './pure/label-paths.ts';
import { labelsOfFile } from './pure/label-text.ts';
import { createLatest } from './pure/latest.ts';
import { areQuestions, EXAMPLE_QUESTIONS, questionsOf } from './pure/question-text.ts';
import { answerColumns, answerText, labelColumns } from './pure/result-columns.ts';
import { decodeText, textTable } from './pure/text-table.ts';
import { startTheme } from './theme.ts';
import { showVerdict } from './verdict-view.ts';
import { showWords } from './word-view.ts';

const client = createClient(askForKey);
const text = find<HTMLTextAreaElement>('text');
const multi = find<HTMLInputElement>('multi');
const abstain = find<HTMLInputElement>('abstain');
const abstainBelow = find<HTMLInputElement>('abstain-below');
const questionText = find<HTMLTextAreaElement>('questions');
const problem = find('problem');
const result = document.querySelector<HTMLElement>('.result')!;

const isQuestions = (): boolean => document.querySelector<HTMLInputElement>('input[name=mode]:checked')!.value === 'questions';

/** The fit below which no label is taken; undefined: one always is. */
const level = (): number | undefined => (abstain.checked ? abstainBelow.valueAsNumber / 100 : undefined);

/** How labels are asked: where there may be none, labels come whatever the fit is, so that the level can be moved without asking again. */
const labelAsking = () => ({ multiLabel: multi.checked, ...(abstain.checked ? { abstainBelow: 0 } : {}) });

/** What the single text was found to be; the words of one label are shown. */
type Found =
  | {
      kind: 'labels';
      text: string;
      result: LabelResult;
      paths: LabelPaths['paths'];
      explanations: LabelScores['explanations'];
      isMultiLabel: boolean;
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
    const { result, paths, explanations = [], isMultiLabel } = found;
    const explained = new Set(explanations.map(({ label }) => label));
    // A label that somebody chose stays while it is explained. Labels in levels do not all compete.
    const deciding = decidingWords(explanations, { isChoice: !isMultiLabel && !paths, chosen });
    showVerdict(result, isMultiLabel, level());
    barList.show(result.bars, { explained, chosen: deciding?.label, paths, isNone: isNone(result, level()) });
    showWords(found.text, deciding);
  } else {
    showVerdict(undefined, false, undefined);
    barList.show([], { explained: new Set() });
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
        ? spokenResult(found.result, { isMultiLabel: found.isMultiLabel, level: level() })
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
  const { labels } = labelField;
  if (labels.length === 0 || written.trim() === '') return { kind: 'nothing' };
  const { paths } = labelPaths(labels);
  const how = labelAsking();
  const [scores] = await client.classify({ texts: [written], labels, ...how, explain: true }, signal);
  const ms = performance.now() - began;
  const { explanations } = scores;
  return { kind: 'labels', text: written, result: resultOf(scores), paths, explanations, isMultiLabel: how.multiLabel, ms };
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
  const { labels, problem: wrong } = labelField;
  if (wrong !== '') throw new Error(wrong);
  if (labels.length === 0) throw new Error('Add labels above, then label all.');
  const how = labelAsking();
  return {
    table: labelColumns({
      ...labelPaths(labels),
      isMultiLabel: how.multiLabel,
      ...(abstain.checked ? { level: () => abstainBelow.valueAsNumber / 100 } : {}),
    }),
    mark: JSON.stringify([labels, how]),
    ask: async (texts, signal) =>
      (await client.classify({ texts, labels, ...how, ...(how.multiLabel ? {} : { topK: 1 }) }, signal)).map(resultOf),
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

/** The level that is set, shown and told. */
function showLevel(): void {
  const said = `${abstainBelow.value}%`;
  find('abstain-said').textContent = said;
  abstainBelow.setAttribute('aria-valuetext', said);
  find('abstain-level').hidden = find('abstain-hint').hidden = !abstain.checked;
}

text.addEventListener('input', () => latest.changed());
const asksAgain = (): void => {
  showLevel();
  latest.now();
  fileView.changed();
};
multi.addEventListener('change', asksAgain);
abstain.addEventListener('change', asksAgain);
abstainBelow.addEventListener('input', () => {
  showLevel();
  show();
  speak();
  fileView.changed();
});
questionText.addEventListener('input', changed);
for (const input of document.querySelectorAll<HTMLInputElement>('input[name=mode]'))
  input.addEventListener('change', () => setMode(input.value as 'labels' | 'questions'));
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
abstainBelow.value = String(100 * ABSTAIN_BELOW);
showLevel();
questionText.value = EXAMPLE_QUESTIONS;
text.value = EXAMPLES[0].text;
labelField.set(EXAMPLES[0].labels);
client.model().then(
  (name) => {
    find('model').textContent = name;
  },
  () => {},
);
