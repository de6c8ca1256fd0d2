/** Asks models and reads their answers: once about a prompt, or about numbered items until each has its answer. */
import type { z } from 'zod';
import { parseAnswer, verifiedSchema } from '../answer.ts';
import type { CheckpointFilter } from '../checkpoint-filter.ts';
import type { GeneratedRecord } from '../journal.ts';
import { labelKey } from '../label-meaning.ts';
import { type Prompt, verifyPrompt } from '../prompts.ts';
import type { CheckedExample } from '../quality.ts';
import type { Requester } from '../requester.ts';
import type { GenerateSettings } from '../settings.ts';

/** Who is asked, and how. */
export interface Asked {
  settings: GenerateSettings;
  requester: Requester;
  /** Asks a second time whether labels hold. */
  verifier?: Requester;
  /** Drops what a checkpoint finds trivially easy or contradicts. */
  filter?: CheckpointFilter;
}

/** The examples of one answer, and what was dropped of it and taken out of its examples, by reason. */
export interface Accepted {
  records: GeneratedRecord[];
  dropped: Record<string, number>;
  mended: Record<string, number>;
}

/** Adds to a count; nothing where there is nothing to add. */
export function tally(counts: Record<string, number>, reason: string, times = 1): void {
  if (times > 0) counts[reason] = (counts[reason] ?? 0) + times;
}

/** All counts together. */
export const sumOf = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);

/** Asks once. */
export const ask = ({ settings }: Asked, asker: Requester, prompt: Prompt, seed: number, temperature: number) =>
  asker.ask({ ...prompt, maxTokens: settings.max_tokens, temperature, seed });

/** A question about items that a prompt numbers from 1. */
export interface NumberedQuestion<Item, T> {
  asker: Requester;
  items: readonly Item[];
  schema: z.ZodType<T>;
  promptFor: (items: readonly Item[]) => Prompt;
  temperature: number;
  seed: number;
  /** Looks at what is said of an item; false: it is asked for again. */
  suffices?: (item: Item, said: T) => boolean;
}

/** What an answer says of numbered items; items that it leaves out are asked for again, a bounded number of times. */
export async function byNumber<Item, T extends { number: number }>(
  asked: Asked,
  { asker, items, schema, promptFor, temperature, seed, suffices = () => true }: NumberedQuestion<Item, T>,
): Promise<(T | undefined)[]> {
  const found: (T | undefined)[] = items.map(() => undefined);
  for (let attempt = 0; attempt < asked.settings.max_answers; attempt++) {
    const missing = items.map((_, at) => at).filter((at) => found[at] === undefined);
    if (missing.length === 0) break;
    const { text } = await ask(asked, asker, promptFor(missing.map((at) => items[at])), seed + attempt, temperature);
    for (const each of parseAnswer(text, schema).examples) {
      const at = missing[each.number - 1];
      if (at !== undefined && !found[at] && suffices(items[at], each)) found[at] = each;
    }
  }
  return found;
}

/** Whether a label is true by a second opinion. */
export type Opinion = (label: string) => boolean;

/** Which candidates of each example a second opinion finds true: undefined where none is asked for, and for examples that it leaves out. */
export async function secondOpinions(
  asked: Asked,
  examples: readonly CheckedExample[],
  seed: number,
): Promise<(Opinion | undefined)[] | undefined> {
  if (!asked.verifier || examples.length === 0) return undefined;
  const opinions = await byNumber(asked, {
    asker: asked.verifier,
    items: examples.map(({ text, labels, not_labels: not }) => ({ text, candidates: [...labels, ...not].sort() })),
    schema: verifiedSchema,
    promptFor: verifyPrompt,
    temperature: 0,
    seed,
  });
  return opinions.map((opinion) => {
    if (!opinion) return undefined;
    const keys = new Set(opinion.true.map(labelKey));
    return (label) => keys.has(labelKey(label));
  });
}
