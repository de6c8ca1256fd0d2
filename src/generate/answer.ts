/**
 * Reads a language model's answer, which is untrusted text: takes JSON out of code fences and chatter, mends an answer that was cut,
 * and checks every example by itself.
 */
import { z } from 'zod';

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
/** Labels that hold. */
export const verifiedSchema = z.object({ number: z.number().int().min(1), true: z.array(z.string()).max(60) });

/** The objects of the first JSON array of objects in a text; whole ones only, so that a cut answer still gives what it has. */
export function objectsIn(text: string): unknown[] {
  const objects: unknown[] = [];
  // An answer is an object that holds an array of objects, or the array itself, perhaps in a code fence or behind some words.
  const start = text.search(/\[\s*\{/);
  if (start < 0) return objects;
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
      if (depth === 0) break; // the array ends
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
  return objects;
}

/** What an answer holds. */
export interface ParsedAnswer<T> {
  examples: T[];
  /** Parts that are no valid example. */
  malformed: number;
}

/** Reads an answer; examples that do not follow the schema are counted and left out. */
export function parseAnswer<T>(text: string, schema: z.ZodType<T>): ParsedAnswer<T> {
  const examples: T[] = [];
  let malformed = 0;
  for (const value of objectsIn(text)) {
    const result = schema.safeParse(value);
    if (result.success) examples.push(result.data);
    else malformed++;
  }
  return { examples, malformed };
}
