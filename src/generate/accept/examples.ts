/** Examples from nothing, or for given labels. */
import type { z } from 'zod';
import { exampleSchema, parseAnswer, textSchema } from '../answer.ts';
import type { CheckpointFilter } from '../checkpoint-filter.ts';
import { type ExamplesMode, promptOf } from '../mode.ts';
import type { NearDuplicates } from '../near-duplicates.ts';
import { plannedRequest, plannedText } from '../plan.ts';
import type { Prompt } from '../prompts.ts';
import { withoutDraft } from '../providers/thinking.ts';
import { type CheckedExample, checkExample, languageCode } from '../quality.ts';
import { type Accepted, type Asked, ask, type Opinion, secondOpinions, tally } from './asking.ts';

/** What is known of the run so far. */
export interface RunSoFar {
  nearDuplicates: NearDuplicates;
  kept: number;
  /** Examples whose text contains a true label. */
  leaked: number;
  /** Answers in which there was thinking only. */
  drafts: number;
}

type Counts = Record<string, number>;

/** What an answer's examples are, and the fields that their records get beside text and labels. */
interface Proposals {
  examples: CheckedExample[];
  fields: Record<string, string>;
  prompt: Prompt;
  seed: number;
}

/** Asks until an answer has a valid example, a bounded number of times. */
async function validExamples<T>(
  asked: Asked,
  question: { prompt: Prompt; schema: z.ZodType<T>; seed: number },
  dropped: Counts,
  run: RunSoFar,
): Promise<T[]> {
  const { settings, requester } = asked;
  for (let attempt = 1; ; attempt++) {
    const { text, thought } = await ask(asked, requester, question.prompt, question.seed + attempt, settings.temperature);
    const { examples, malformed } = parseAnswer(text, question.schema);
    const isDraft = thought && withoutDraft(text).trim() === '';
    if (isDraft) run.drafts++;
    tally(dropped, 'malformed', malformed);
    if (examples.length + malformed === 0) tally(dropped, isDraft ? 'thinking without an answer' : 'unreadable answer');
    if (examples.length > 0 || attempt >= settings.max_answers) return examples;
  }
}

async function proposals(asked: Asked, mode: ExamplesMode, number: number, dropped: Counts, run: RunSoFar): Promise<Proposals> {
  const { settings } = asked;
  const prompt = promptOf(settings, mode, number);
  if (mode.kind === 'texts') {
    const { label, others, language, seed } = plannedText(settings, mode.labels, number);
    const found = await validExamples(asked, { prompt, schema: textSchema, seed }, dropped, run);
    const examples = found.map(({ text }) => ({ text, labels: [label], not_labels: others.slice(0, settings.not_labels[1]) }));
    return { examples, fields: { language }, prompt, seed };
  }
  const { task, domain, topic, subtopic, language, seed } = plannedRequest(settings, number);
  const examples = await validExamples(asked, { prompt, schema: exampleSchema, seed }, dropped, run);
  return { examples, fields: { task, domain, topic, ...(subtopic ? { subtopic } : {}), language }, prompt, seed };
}

/** Examples whose labels a second opinion finds true, without hard negatives that it finds true too. */
function confirmed(examples: readonly CheckedExample[], opinions: readonly (Opinion | undefined)[], dropped: Counts, mended: Counts) {
  const agreed = examples.map((example, at) => {
    const holds = opinions[at] ?? (() => false);
    return { ...example, labels: example.labels.filter(holds), not_labels: example.not_labels.filter((label) => !holds(label)) };
  });
  const taken = examples.reduce((total, { not_labels: not }, at) => total + not.length - agreed[at].not_labels.length, 0);
  tally(mended, 'true by the second opinion', taken);
  const kept = agreed.filter(({ labels }) => labels.length > 0);
  tally(dropped, 'labels not confirmed', agreed.length - kept.length);
  return kept;
}

/** Examples that a checkpoint does not drop, without hard negatives that it finds true. */
async function filtered(examples: readonly CheckedExample[], filter: CheckpointFilter, dropped: Counts, mended: Counts) {
  const verdicts = await filter(examples);
  for (const { dropped: reason } of verdicts) if (reason) tally(dropped, reason);
  for (const { trueNegatives } of verdicts) tally(mended, 'true by the checkpoint', trueNegatives.length);
  return examples
    .map((example, at) => ({ ...example, not_labels: example.not_labels.filter((label) => !verdicts[at].trueNegatives.includes(label)) }))
    .filter((_, at) => !verdicts[at].dropped);
}

/** What is good of an answer to request `number`. */
export async function acceptExamples(asked: Asked, mode: ExamplesMode, number: number, run: RunSoFar): Promise<Accepted> {
  const { settings, filter } = asked;
  const [dropped, mended]: Counts[] = [{}, {}];
  const { examples, fields, prompt, seed } = await proposals(asked, mode, number, dropped, run);
  let good: CheckedExample[] = [];
  for (const raw of examples) {
    const result = checkExample(raw, {
      language: languageCode(fields.language),
      prompt: `${prompt.system}\n${prompt.prompt}`,
      nearDuplicates: run.nearDuplicates,
      allowLeakage: run.leaked + 1 <= settings.max_leakage * (run.kept + good.length + 1),
      fixedLabels: mode.kind === 'texts',
    });
    if ('dropped' in result) tally(dropped, result.dropped);
    else {
      for (const [reason, times] of Object.entries(result.taken)) tally(mended, reason, times);
      good.push(result.example);
    }
  }
  const opinions = await secondOpinions(asked, good, seed);
  if (opinions) good = confirmed(good, opinions, dropped, mended);
  if (filter && good.length) good = await filtered(good, filter, dropped, mended);
  if (mode.kind === 'examples' && settings.not_labels[0] > 0) {
    const withNegatives = good.filter(({ not_labels: not }) => not.length > 0);
    tally(dropped, 'no hard negative left', good.length - withNegatives.length);
    good = withNegatives;
  }
  return { records: good.map((example) => ({ ...example, ...fields })), dropped, mended };
}
