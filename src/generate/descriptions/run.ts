/** A run that asks what labels mean, with what is there of an earlier one; and the labels that come of it. */
import type { LabelInput, LabelNode } from '../../text/described-labels.ts';
import { nestedLabels } from '../../text/described-labels.ts';
import { type Asked, sumOf } from '../accept/asking.ts';
import type { Journal } from '../journal.ts';
import { requestCount } from '../mode.ts';
import { askSideBySide } from '../requester.ts';
import { acceptDescriptions, type Meaning } from './accept.ts';
import type { DescriptionsMode } from './plan.ts';

/** What a run needs. */
export interface DescribeRequest extends Asked {
  mode: DescriptionsMode;
  journal: Journal<Meaning>;
  /** Questions at once. */
  concurrency: number;
  signal: AbortSignal;
  /** `kept`: labels that got something. */
  onProgress?: (progress: { kept: number; dropped: number }) => void;
  /** A question that had no answer: it is asked in a later run. */
  onFailure?: (message: string) => void;
}

/** Whether every question of a run has been answered. */
export const isAsked = ({ settings, mode, journal }: Pick<DescribeRequest, 'settings' | 'mode' | 'journal'>): boolean =>
  journal.done.size >= requestCount(settings, mode);

/** Asks about all labels that lack something. @returns what was added. @throws DataError when the run cannot go on; what is kept stays. */
export async function askMeanings(request: DescribeRequest): Promise<Meaning[]> {
  const { settings, mode, requester, journal, concurrency, signal } = request;
  const meanings = [...journal.records];
  const waiting = Array.from({ length: requestCount(settings, mode) }, (_, number) => number).filter((number) => !journal.done.has(number));
  await askSideBySide({
    requester,
    concurrency,
    signal,
    next: () => waiting.shift(),
    async askOne(number) {
      const { meanings: added, dropped } = await acceptDescriptions(request, mode, number);
      journal.add(number, added, dropped, {});
      meanings.push(...added);
      request.onProgress?.({ kept: meanings.length, dropped: sumOf(journal.dropped) });
    },
    onNoAnswer: (number, message) => request.onFailure?.(`request ${number}: ${message}`),
  });
  return meanings;
}

/** The labels with what was added to them: what the user wrote stays, in its place. */
export function describedLabels(labels: readonly LabelNode[], meanings: readonly Meaning[]): LabelInput[] {
  const added = new Map(meanings.map((meaning) => [meaning.label, meaning]));
  return nestedLabels(
    labels.map((label, at) => {
      const { description, wordings = [] } = added.get(at) ?? {};
      return { ...label, description: label.description ?? description, examples: [...label.examples, ...wordings] };
    }),
  );
}
