/** Hard negatives for records that are there. */
import { negativesSchema } from '../answer.ts';
import { hardNegatives, normalizeLabel } from '../label-meaning.ts';
import { type NegativesMode, negativesAsked, recordsOf } from '../mode.ts';
import { negativesPrompt } from '../prompts.ts';
import { type Accepted, type Asked, byNumber, secondOpinions, tally } from './asking.ts';

/** The records of request `number` with what an answer adds to them: labels that are close and, by second opinions, wrong. */
export async function acceptNegatives(asked: Asked, mode: NegativesMode, number: number): Promise<Accepted> {
  const { settings, requester, filter } = asked;
  const mended: Record<string, number> = {};
  const items = recordsOf(settings, mode, number);
  const answers = await byNumber(asked, {
    asker: requester,
    items,
    schema: negativesSchema,
    promptFor: (some) => negativesPrompt(some, negativesAsked(settings)),
    temperature: settings.temperature,
    seed: number,
  });
  const proposed = items.map((record, at) => {
    // Labels in the user's own form: lower case unless theirs are written otherwise.
    const lower = [...record.labels, ...record.not_labels].every((label) => label === label.toLowerCase());
    const labels = (answers[at]?.not_labels ?? []).map((label) => (lower ? normalizeLabel(label) : label.trim()));
    const { kept: good, taken } = hardNegatives(record.labels, [...record.not_labels, ...labels]);
    for (const [reason, times] of Object.entries(taken)) tally(mended, reason, times);
    return { text: record.text, labels: record.labels, not_labels: good.filter((label) => !record.not_labels.includes(label)) };
  });
  const holds = await secondOpinions(asked, proposed, number);
  const verdicts = await filter?.(proposed);
  const reasonAgainst = (label: string, at: number): string | undefined => {
    if (holds && !holds[at]) return 'without a second opinion';
    if (holds?.[at]?.(label)) return 'true by the second opinion';
    return verdicts?.[at].trueNegatives.includes(label) ? 'true by the checkpoint' : undefined;
  };
  const records = items.map((record, at) => {
    const added = proposed[at].not_labels.filter((label) => {
      const reason = reasonAgainst(label, at);
      if (reason) tally(mended, reason);
      return !reason;
    });
    if (added.length === 0) tally(mended, 'no hard negative found');
    // The record's own labels stay as they are: the user's data is never lost.
    return { ...record, not_labels: [...record.not_labels, ...added] };
  });
  return { records, dropped: {}, mended };
}
