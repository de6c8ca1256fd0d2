/** What a run will ask and how long that takes, before anything is asked. */
import { type Mode, perRequest, promptOf, requestCount, wantedCount } from './mode.ts';
import { distinctRequests, plannedRequest } from './plan.ts';
import { verifyPrompt } from './prompts.ts';
import type { GenerateSettings } from './settings.ts';

/** Limits of the server, and whether every example is asked about a second time. */
export interface EstimateSettings {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  verify: boolean;
}

/** An estimate, if every example is kept. */
export interface Estimate {
  /** Examples, or labels. */
  examples: number;
  unit: 'examples' | 'labels';
  requests: number;
  promptTokens: number;
  answerTokens: number;
  /** Least minutes that the limits allow; 0 without limits. */
  minutesByLimits: number;
  /** Requests of the plan before one is repeated; undefined where that is no question. */
  distinct?: number;
}

/** Characters a token of English, in prompts and JSON. */
const CHARACTERS_PER_TOKEN = 4;
/** Tokens of a text by what its length is called in the settings: a sentence has about 20 of them. */
const TOKENS_OF_LENGTHS: readonly (readonly [RegExp, number])[] = [
  [/few words/, 8],
  [/paragraph/, 120],
  [/three to five/, 85],
  [/one or two/, 35],
];
const TOKENS_OF_SENTENCE = 20;
/** Tokens of a label with its quotes, and of an example's field names and brackets. */
const TOKENS_OF_LABEL = 5;
const TOKENS_OF_FRAME = 20;
/** Requests that are looked at: a plan is even, so that some hundreds tell. */
const LOOKED_AT = 300;

function textTokens(length: string): number {
  const words = /(\d+) words/.exec(length);
  if (words) return Math.round(Number(words[1]) * 1.3);
  return TOKENS_OF_LENGTHS.find(([pattern]) => pattern.test(length))?.[1] ?? TOKENS_OF_SENTENCE;
}

/** Estimates a run. */
export function estimate(
  settings: GenerateSettings,
  mode: Mode,
  { verify, requestsPerMinute, tokensPerMinute }: EstimateSettings,
): Estimate {
  const examples = wantedCount(settings, mode);
  const requests = requestCount(settings, mode);
  const looked = Math.min(requests, LOOKED_AT);
  let prompts = 0;
  let answers = 0;
  let checks = 0;
  for (let number = 0; number < looked; number++) {
    const { system, prompt } = promptOf(settings, mode, number);
    prompts += (system.length + prompt.length) / CHARACTERS_PER_TOKEN;
    const { length, labels, notLabels } = plannedRequest(settings, number);
    const text = mode.kind === 'negatives' ? 0 : mode.kind === 'descriptions' ? TOKENS_OF_SENTENCE : textTokens(length);
    const named =
      mode.kind === 'descriptions'
        ? mode.wordings
        : { texts: 0, negatives: settings.not_labels[1], examples: labels + notLabels }[mode.kind];
    const example = text + TOKENS_OF_LABEL * named + TOKENS_OF_FRAME;
    answers += perRequest(settings, mode) * example;
    checks += settings.examples_per_request * (text + TOKENS_OF_LABEL * (labels + notLabels) + TOKENS_OF_FRAME);
  }
  const scale = requests / looked;
  const frame = verifyPrompt([]);
  const checkPrompt = verify ? checks * scale + (requests * (frame.system.length + frame.prompt.length)) / CHARACTERS_PER_TOKEN : 0;
  // The second opinion names about a label an example.
  const checkAnswer = verify ? examples * (TOKENS_OF_LABEL + TOKENS_OF_FRAME) : 0;
  const asked = verify ? 2 * requests : requests;
  const promptTokens = Math.round(prompts * scale + checkPrompt);
  const answerTokens = Math.round(answers * scale + checkAnswer);
  return {
    examples,
    unit: mode.kind === 'descriptions' ? 'labels' : 'examples',
    requests: asked,
    promptTokens,
    answerTokens,
    minutesByLimits: Math.max(
      requestsPerMinute ? asked / requestsPerMinute : 0,
      tokensPerMinute ? (promptTokens + answerTokens) / tokensPerMinute : 0,
    ),
    ...(mode.kind === 'examples' ? { distinct: distinctRequests(settings) } : {}),
  };
}

const duration = (minutes: number): string =>
  minutes < 1
    ? `${Math.max(1, Math.round(60 * minutes))} s`
    : minutes < 120
      ? `${Math.round(minutes)} min`
      : `${(minutes / 60).toFixed(1)} h`;
const thousands = (n: number): string => n.toLocaleString('en-US');

/** Answer tokens a second: a small model on a laptop's CPU, one on a laptop's GPU, a hosted service with several questions at once. */
const SPEEDS = [15, 60, 500];

/** The estimate as lines. */
export function estimateLines({ examples, unit, requests, promptTokens, answerTokens, minutesByLimits, distinct }: Estimate): string[] {
  const lines = [
    `${thousands(examples)} ${unit}: about ${thousands(requests)} requests, ${thousands(promptTokens)} prompt tokens and ${thousands(answerTokens)} answer tokens if every ${unit === 'labels' ? 'answer is usable' : 'example is kept (small models lose a third)'}`,
    `time for the answers: ${SPEEDS.map((speed) => `${duration(answerTokens / speed / 60)} at ${speed} tokens/s`).join(', ')}`,
  ];
  if (minutesByLimits > 0) lines.push(`by the limits of requests and tokens a minute: at least ${duration(minutesByLimits)}`);
  if (distinct !== undefined && distinct < requests)
    lines.push(
      `the plan has ${thousands(distinct)} different requests; later ones repeat them with another seed: more topics or styles make the data more varied`,
    );
  return lines;
}
