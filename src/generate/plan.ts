/** What each request of a run asks for: a pure function of the settings, the seed and the request's number. */
import { randomInteger, randomStream, shuffle } from '../data/random.ts';
import type { GenerateSettings, TASKS } from './settings.ts';

/** What one request asks for. */
export interface PlannedRequest {
  number: number;
  domain: string;
  topic: string;
  task: keyof typeof TASKS;
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

const pick = <T>(random: () => number, list: readonly T[]): T => list[randomInteger(random, list.length)];
const between = (random: () => number, [from, to]: readonly [number, number]): number => from + randomInteger(random, to - from + 1);

/**
 * Request number `number`. Domains with their topics, tasks and styles are walked through in a shuffled order before any combination
 * comes again; the rest is drawn at random.
 */
export function plannedRequest(settings: GenerateSettings, number: number): PlannedRequest {
  const topics = Object.entries(settings.domains).flatMap(([domain, list]) => list.map((topic) => ({ domain, topic })));
  const combinations = topics.length * settings.tasks.length * settings.styles.length;
  const round = Math.floor(number / combinations);
  const order = combinationOrder(settings.seed, round, combinations);
  const combination = order[number % combinations];
  const { domain, topic } = topics[combination % topics.length];
  const rest = Math.floor(combination / topics.length);
  const random = randomStream(settings.seed, 2, number);
  return {
    number,
    domain,
    topic,
    task: settings.tasks[rest % settings.tasks.length],
    style: settings.styles[Math.floor(rest / settings.tasks.length)],
    length: pick(random, settings.lengths),
    language: pick(random, settings.languages),
    persona: pick(random, settings.personas),
    difficulty: pick(random, settings.difficulties),
    examples: settings.examples_per_request,
    labels: Math.max(1, between(random, settings.labels)),
    notLabels: between(random, settings.not_labels),
    seed: Math.floor(random() * 2 ** 31),
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
