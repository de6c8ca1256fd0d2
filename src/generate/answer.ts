/**
 * Reads a language model's answer, which is untrusted text: takes JSON out of code fences, chatter and thinking, mends an answer that was
 * cut, and checks every example by itself.
 */
import { z } from 'zod';
import { withoutDraft } from './providers/thinking.ts';

/** Longest text and label that are believed to be one. */
const LONGEST_TEXT = 20_000;
const LONGEST_LABEL = 120;

const label = z.string().min(1).max(LONGEST_LABEL);

/** An example as it is asked for in {@link examplesPrompt}. */
export const exampleSchema = z.object({
  text: z.string().min(1).max(LONGEST_TEXT),
  labels: z.array(label).min(1).max(30),
  not_labels: z.array(label).max(30).default([]),
});
/** Hard negatives of one text. */
export const negativesSchema = z.object({ number: z.number().int().min(1), not_labels: z.array(label).max(30) });
/** A text for a given label. */
export const textSchema = z.object({ text: z.string().min(1).max(LONGEST_TEXT) });
/** What a label means, and what else it may be called. */
export const descriptionSchema = z.object({
  number: z.number().int().min(1),
  description: z.string().max(LONGEST_TEXT).default(''),
  wordings: z.array(z.string().max(LONGEST_TEXT)).max(100).default([]),
});
/** Labels that hold. */
export const verifiedSchema = z.object({ number: z.number().int().min(1), true: z.array(z.string()).max(60) });

/** The objects of one JSON array that begins at `start`, and where it ends; whole objects only, so that a cut array gives what it has. */
function arrayObjects(text: string, start: number): { objects: unknown[]; end: number } {
  const objects: unknown[] = [];
  let depth = 0;
  let inString = false;
  let begin = -1;
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      if (depth === 0) begin = at;
      depth++;
    } else if (char === '}' || char === ']') {
      if (depth === 0) return { objects, end: at }; // the array ends
      depth--;
      if (depth === 0) {
        try {
          objects.push(JSON.parse(text.slice(begin, at + 1)));
        } catch {
          objects.push(undefined);
        }
      }
    }
  }
  return { objects, end: text.length };
}

/**
 * The JSON arrays of objects in an answer. It is an object that holds an array of objects, or the array itself, perhaps in a code fence or
 * behind some words; of a model that thinks aloud there may be several.
 */
export function arraysIn(text: string): unknown[][] {
  const arrays: unknown[][] = [];
  const begins = /\[\s*\{/g;
  for (let found = begins.exec(text); found; found = begins.exec(text)) {
    const { objects, end } = arrayObjects(text, found.index);
    arrays.push(objects);
    begins.lastIndex = end;
  }
  return arrays;
}

/** What an answer holds. */
export interface ParsedAnswer<T> {
  examples: T[];
  /** Parts that are no valid example. */
  malformed: number;
}

/** Reads an answer: its last array with a valid example counts. Examples that do not follow the schema are counted and left out. */
export function parseAnswer<T>(text: string, schema: z.ZodType<T>): ParsedAnswer<T> {
  const answers = arraysIn(withoutDraft(text)).map((objects): ParsedAnswer<T> => {
    const examples: T[] = [];
    let malformed = 0;
    for (const value of objects) {
      const result = schema.safeParse(value);
      if (result.success) examples.push(result.data);
      else malformed++;
    }
    return { examples, malformed };
  });
  return answers.findLast(({ examples }) => examples.length > 0) ?? answers[0] ?? { examples: [], malformed: 0 };
}
