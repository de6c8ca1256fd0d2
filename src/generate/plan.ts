/** What each request of a run asks for: a pure function of the settings, the seed and the request's number. */
import { randomInteger, randomStream, shuffle } from '../base/random.ts';
import type { GenerateSettings } from './settings.ts';
import { TASKS, type TaskName } from './tasks.ts';

/** What one request asks for. */
export interface PlannedRequest {
  number: number;
  domain: string;
  topic: string;
  subtopic?: string;
  task: TaskName;
  style: string;
  length: string;
  language: string;
  persona: string;
  difficulty: string;
  examples: number;
  labels: number;
  notLabels: number;
  /** Seed for the model's own sampling. */
  seed: number;
}

interface Subject {
  domain: string;
  topic: string;
  subtopic?: string;
}

// A run asks for thousands of requests of the same domains.
const knownSubjects = new WeakMap<GenerateSettings['domains'], readonly Subject[]>();
function subjects({ domains }: GenerateSettings): readonly Subject[] {
  let all = knownSubjects.get(domains);
  if (!all) {
    all = Object.entries(domains).flatMap(([domain, topics]) =>
      Array.isArray(topics)
        ? topics.map((topic) => ({ domain, topic }))
        : Object.entries(topics).flatMap(([topic, list]) => list.map((subtopic) => ({ domain, topic, subtopic }))),
    );
    knownSubjects.set(domains, all);
  }
  return all;
}

/** Styles with the lengths that each may have. */
const stylesOf = ({ styles, lengths }: GenerateSettings): { style: string; lengths: readonly string[] }[] =>
  Array.isArray(styles)
    ? styles.map((style) => ({ style, lengths }))
    : Object.entries(styles).map(([style, own]) => ({ style, lengths: own }));

const integers = ([from, to]: readonly [number, number]): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Numbers of true labels that the settings ask for and the task allows; the task's own where the two have nothing in common. */
function labelCounts(settings: GenerateSettings, task: TaskName): number[] {
  const [least, most] = TASKS[task].labels;
  const [from, to] = settings.labels;
  return from > most ? [most] : to < least ? [least] : integers([Math.max(from, least), Math.min(to, most)]);
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
type Lists = readonly (readonly unknown[])[];
const sizeOf = (lists: Lists): number => lists.reduce((product, list) => product * list.length, 1);

/**
 * Member `index` of a walk through all combinations of the lists' entries, from a place and in steps that `random` gives. A step that
 * shares no factor with the number of combinations reaches every one before it comes back to the first.
 */
function walked<L extends Lists>(lists: L, index: number, random: () => number): { [K in keyof L]: L[K][number] } {
  const size = sizeOf(lists);
  let at = randomInteger(random, size);
  let step = 1 + randomInteger(random, size);
  while (gcd(step, size) !== 1) step++;
  at = (at + (index % size) * (step % size)) % size;
  return lists.map((list) => {
    const value = list[at % list.length];
    at = Math.floor(at / list.length);
    return value;
  }) as { [K in keyof L]: L[K][number] };
}

/** How many requests there are before one comes that asks the same again. */
export function distinctRequests(settings: GenerateSettings): number {
  const styles = stylesOf(settings);
  const sizes = settings.tasks.flatMap((task) => styles.map(({ lengths }) => sizeOf(detailLists(settings, task, lengths))));
  return subjects(settings).length * sizes.length * Math.min(...sizes);
}

const detailLists = (settings: GenerateSettings, task: TaskName, lengths: readonly string[]) =>
  [
    lengths,
    settings.languages,
    settings.personas,
    settings.difficulties,
    labelCounts(settings, task),
    integers(settings.not_labels),
  ] as const;

/**
 * Request number `number`. All combinations of subject, task and style come in a shuffled order before any comes again; when one does, its
 * details (length, language, persona, difficulty, numbers of labels) are others, until all of them have been used with it.
 */
export function plannedRequest(settings: GenerateSettings, number: number): PlannedRequest {
  const all = subjects(settings);
  const styles = stylesOf(settings);
  const combinations = all.length * settings.tasks.length * styles.length;
  const round = Math.floor(number / combinations);
  const combination = combinationOrder(settings.seed, round, combinations)[number % combinations];
  const rest = Math.floor(combination / all.length);
  const task = settings.tasks[rest % settings.tasks.length];

  const { style, lengths } = styles[Math.floor(rest / settings.tasks.length)];
  const [length, language, persona, difficulty, labels, notLabels] = walked(
    detailLists(settings, task, lengths),
    round,
    randomStream(settings.seed, 2, combination),
  );
  return {
    number,
    ...all[combination % all.length],
    task,
    style,
    length,
    language,
    persona,
    difficulty,
    labels,
    notLabels,
    examples: settings.examples_per_request,
    seed: modelSeed(settings, number),
  };
}

const modelSeed = (settings: GenerateSettings, number: number): number =>
  randomInteger(randomStream(settings.seed, 3, number), 2 ** 31 - 1);

/** What a request for texts of a given label asks for. */
export type PlannedText = Pick<
  PlannedRequest,
  'number' | 'style' | 'length' | 'language' | 'persona' | 'difficulty' | 'examples' | 'seed'
> & {
  label: string;
  /** The other labels that the text must not fit, at most {@link MOST_OTHERS}: another choice in each request. */
  others: string[];
};

/** Other labels that a prompt names: more make it long, and a small model lose the thread. */
const MOST_OTHERS = 30;

/** Request number `number` for texts of given labels: the labels take turns, and each walks through all styles and details. */
export function plannedText(settings: GenerateSettings, labels: readonly string[], number: number): PlannedText {
  const at = number % labels.length;
  const forms = stylesOf(settings).flatMap(({ style, lengths }) => lengths.map((length) => ({ style, length })));
  const [form, language, persona, difficulty] = walked(
    [forms, settings.languages, settings.personas, settings.difficulties] as const,
    Math.floor(number / labels.length),
    randomStream(settings.seed, 4, at),
  );
  const others = shuffle(
    labels.filter((_, other) => other !== at),
    randomStream(settings.seed, 5, number),
  ).slice(0, MOST_OTHERS);
  return {
    number,
    label: labels[at],
    others,
    ...form,
    language,
    persona,
    difficulty,
    examples: settings.examples_per_request,
    seed: modelSeed(settings, number),
  };
}

// The order of the current round; a run asks for thousands of numbers of one round.
let known: { key: string; order: Int32Array } | undefined;
function combinationOrder(seed: number, round: number, combinations: number): Int32Array {
  const key = `${seed} ${round} ${combinations}`;
  if (known?.key !== key)
    known = {
      key,
      order: shuffle(
        Int32Array.from({ length: combinations }, (_, i) => i),
        randomStream(seed, 1, round),
      ),
    };
  return known.order;
}
