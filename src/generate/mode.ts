/** What a generation run makes, and the requests that it takes. */
import { type DescriptionsMode, descriptionsRequest, LABELS_PER_REQUEST, labelsToAsk } from './descriptions/plan.ts';
import { descriptionsPrompt } from './descriptions/prompt.ts';
import type { GeneratedRecord } from './journal.ts';
import { plannedRequest, plannedText } from './plan.ts';
import { examplesPrompt, labelPrompt, negativesPrompt, type Prompt } from './prompts.ts';
import type { GenerateSettings } from './settings.ts';

/** Hard negatives for records that are there. */
export interface NegativesMode {
  kind: 'negatives';
  records: readonly GeneratedRecord[];
}

/** Examples from nothing; or texts for given labels, the same number for each. */
export type ExamplesMode = { kind: 'examples' } | { kind: 'texts'; labels: readonly string[] };

/** Records are generated, or added to. */
export type RecordsMode = ExamplesMode | NegativesMode;

/** What is generated. */
export type Mode = RecordsMode | DescriptionsMode;

/** Examples, or labels, that a run is to have in the end. */
export function wantedCount(settings: GenerateSettings, mode: Mode): number {
  if (mode.kind === 'descriptions') return labelsToAsk(mode).length;
  return mode.kind === 'negatives' ? mode.records.length : settings.count;
}

/** Examples, or labels, in one question. */
export const perRequest = (settings: GenerateSettings, mode: Mode): number =>
  mode.kind === 'descriptions' ? LABELS_PER_REQUEST : settings.examples_per_request;

/** How many requests a run needs if every example is kept. */
export const requestCount = (settings: GenerateSettings, mode: Mode): number =>
  Math.ceil(wantedCount(settings, mode) / perRequest(settings, mode));

/** Hard negatives that a record is to get. */
export const negativesAsked = (settings: GenerateSettings): number => Math.max(1, settings.not_labels[1]);

/** The records of request `number`. */
export const recordsOf = (settings: GenerateSettings, { records }: NegativesMode, number: number): readonly GeneratedRecord[] =>
  records.slice(number * settings.examples_per_request, (number + 1) * settings.examples_per_request);

/** The question of request `number`. */
export function promptOf(settings: GenerateSettings, mode: Mode, number: number): Prompt {
  if (mode.kind === 'descriptions') return descriptionsPrompt(descriptionsRequest(mode, number));
  if (mode.kind === 'examples') return examplesPrompt(plannedRequest(settings, number));
  if (mode.kind === 'texts') return labelPrompt(plannedText(settings, mode.labels, number));
  return negativesPrompt(recordsOf(settings, mode, number), negativesAsked(settings));
}
