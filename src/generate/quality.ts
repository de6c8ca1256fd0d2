/** What makes a generated example unfit for training: each check by itself, with the reason that the report counts. */
import { languageOf } from './dictionaries.ts';
import { distinctLabels, hardNegatives, isLabel, normalizeLabel, singular } from './label-meaning.ts';
import type { NearDuplicates } from './near-duplicates.ts';

/** An example under check. */
export interface CheckedExample {
  text: string;
  labels: string[];
  not_labels: string[];
}

/** Settings of {@link checkExample}. */
export interface QualitySettings {
  /** ISO 639-1 code of the language asked for; not checked where unknown. */
  language?: string;
  /** What was asked: no part of it may come back as a text. */
  prompt: string;
  nearDuplicates: NearDuplicates;
  /** Whether an example that contains a true label word for word may be kept: false once their share is used up. */
  allowLeakage: boolean;
  /** Labels are the user's own: kept as they are. */
  fixedLabels?: boolean;
}

/** ISO 639-1 codes of language names in settings. */
const LANGUAGE_CODES = new Map(
  Object.entries({
    english: 'en',
    german: 'de',
    french: 'fr',
    spanish: 'es',
    italian: 'it',
    portuguese: 'pt',
    dutch: 'nl',
    polish: 'pl',
    russian: 'ru',
    turkish: 'tr',
    japanese: 'ja',
    chinese: 'zh',
    korean: 'ko',
    arabic: 'ar',
    hindi: 'hi',
  }),
);

/** ISO 639-1 code of a language name, where it is one that can be checked. */
export const languageCode = (name: string): string | undefined => LANGUAGE_CODES.get(name.toLowerCase());

/** Texts of fewer letters say too little for their language to be told; a character of Chinese or Japanese says as much as three letters. */
const CHECKABLE_LETTERS = 60;
const letters = (text: string): number =>
  text.length + 2 * (text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0);

/** A model that says that it will not. */
export const REFUSAL =
  /^(i('m| am) sorry|sorry,? (but )?i|i can('|no)t (help|assist|provide|write|create)|as an ai\b|as a language model|i cannot\b)/i;
/** What stands in an answer where something was to be put. */
export const PLACEHOLDER = /^(\.\.\.|text|string|example( text)?( \d+)?|lorem ipsum.*|n\/a|none|null|\[.*\]|<.*>)$/i;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** So many words in a row of the prompt are no chance. */
const ECHO = 5;

/** Whether a text has some words in a row from the prompt, or is a shorter part of it. */
export function echoes(text: string, prompt: string): boolean {
  const words = wordsOf(text);
  const asked = ` ${wordsOf(prompt).join(' ')} `;
  for (let at = 0; at === 0 || at + ECHO <= words.length; at++)
    if (asked.includes(` ${words.slice(at, at + ECHO).join(' ')} `)) return true;
  return false;
}

/** Whether a text contains a label word for word, singular or plural. */
export function leaks(text: string, label: string): boolean {
  const words = (value: string) => ` ${wordsOf(value).map(singular).join(' ')} `;
  return words(text).includes(words(label));
}

/** A checked example with what was taken out of it, by reason, or why all of it is dropped. */
export type QualityResult = { example: CheckedExample; leaked: boolean; taken: Record<string, number> } | { dropped: string };

/** Normalizes an example and checks it. */
export function checkExample(raw: CheckedExample, settings: QualitySettings): QualityResult {
  const text = raw.text.replace(/\s+/g, ' ').trim();
  if (text.length < 8 || PLACEHOLDER.test(text)) return { dropped: 'no real text' };
  if (REFUSAL.test(text)) return { dropped: 'refusal' };
  if (echoes(text, settings.prompt)) return { dropped: 'echo of the prompt' };
  const labels = settings.fixedLabels ? raw.labels : distinctLabels(raw.labels.map(normalizeLabel).filter(isLabel));
  if (labels.length === 0) return { dropped: 'no label' };
  const { kept: notLabels, taken } = hardNegatives(labels, settings.fixedLabels ? [] : raw.not_labels.map(normalizeLabel));
  if (settings.language && letters(text) >= CHECKABLE_LETTERS) {
    const found = languageOf(text);
    if (found && found !== settings.language) return { dropped: 'wrong language' };
  }
  const leaked = labels.some((label) => leaks(text, label));
  if (leaked && !settings.allowLeakage) return { dropped: 'label copied into the text' };
  if (settings.nearDuplicates.has(text)) return { dropped: 'near-duplicate' };
  return { example: { text, labels, not_labels: settings.fixedLabels ? raw.not_labels : notLabels }, leaked, taken };
}
