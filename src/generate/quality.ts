/** What makes a generated example unfit for training: each check by itself, with the reason that the report counts. */
import { detect } from 'tinyld/light';
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
  /** Parts of the prompt that must not come back as a text. */
  promptParts: readonly string[];
  nearDuplicates: NearDuplicates;
  /** Whether an example that contains a true label word for word may be kept: false once their share is used up. */
  allowLeakage: boolean;
  /** Labels are the user's own: kept as they are. */
  fixedLabels?: boolean;
}

/** ISO 639-1 codes of language names in settings. */
const LANGUAGE_CODES: Record<string, string> = {
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
};

/** ISO 639-1 code of a language name, where it is one that can be checked. */
export const languageCode = (name: string): string | undefined => LANGUAGE_CODES[name.toLowerCase()];

/** Shorter texts say too little for their language to be told. */
const CHECKABLE_LENGTH = 60;

const REFUSAL =
  /^(i('m| am) sorry|sorry,? (but )?i|i can('|no)t (help|assist|provide|write|create)|as an ai\b|as a language model|i cannot\b)/i;
/** Words of the answer's own schema, which small models put in as labels. */
const SCHEMA_WORDS = /^(true |not |false |wrong )?labels?$|^(text|example|examples|task|topic|domain)$/;
const PLACEHOLDER = /^(\.\.\.|text|string|example( text)?( \d+)?|lorem ipsum.*|n\/a|none|null|\[.*\]|<.*>)$/i;

/** Labels that mean the same, beyond what spelling tells. */
const SYNONYMS: readonly (readonly string[])[] = [
  ['positive', 'favorable', 'favourable', 'good'],
  ['negative', 'unfavorable', 'unfavourable', 'bad'],
  ['neutral', 'indifferent', 'impartial'],
  ['joy', 'happiness', 'happy', 'joyful', 'delight'],
  ['sadness', 'sad', 'sorrow', 'unhappy', 'unhappiness'],
  ['anger', 'angry', 'rage', 'fury', 'furious'],
  ['fear', 'afraid', 'scared', 'terror'],
  ['surprise', 'surprised', 'astonishment', 'astonished', 'amazement'],
  ['annoyance', 'annoyed', 'irritation', 'irritated'],
  ['gratitude', 'thankfulness', 'grateful', 'thankful'],
  ['urgent', 'high urgency', 'immediate', 'critical urgency'],
  ['not urgent', 'low urgency', 'no urgency'],
  ['toxic', 'offensive', 'abusive'],
  ['healthcare', 'health care', 'medicine', 'medical'],
  ['movie', 'film', 'cinema'],
  ['automobile', 'car', 'vehicle'],
  ['soccer', 'football'],
  ['complaint', 'complaining'],
  ['purchase', 'buy', 'buying'],
  ['bug', 'defect', 'error report', 'bug report'],
];
const synonymGroup = new Map(SYNONYMS.flatMap((group, number) => group.map((label) => [label, number] as const)));

/** A label in its plain form: lower case, without underscores, camel case, end punctuation and doubled blanks. */
export function normalizeLabel(label: string): string {
  return label
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_\s]+/g, ' ')
    .replace(/^[\s"'`*#-]+|[\s"'`.,;:*]+$/g, '')
    .toLowerCase();
}

const singular = (word: string): string =>
  word.length > 3 && /[^s]s$/.test(word) && !/(us|is|ss|news)$/.test(word)
    ? word.endsWith('ies')
      ? `${word.slice(0, -3)}y`
      : word.slice(0, -1)
    : word;

/** What two spellings of one label have in common: singular words without articles, in alphabetical order. */
export const labelKey = (label: string): string =>
  normalizeLabel(label)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word && !/^(a|an|the|of|and|or)$/.test(word))
    .map(singular)
    .sort()
    .join(' ');

/** Whether two labels mean the same as far as spelling and a short list of synonyms tell. */
export function sameMeaning(a: string, b: string): boolean {
  if (labelKey(a) === labelKey(b)) return true;
  const [first, second] = [synonymGroup.get(normalizeLabel(a)), synonymGroup.get(normalizeLabel(b))];
  return first !== undefined && first === second;
}

/** Whether a text contains a label word for word. */
export function leaks(text: string, label: string): boolean {
  const words = (value: string) => ` ${(value.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ')} `;
  return words(text).includes(words(label));
}

/** More words than this are a sentence, no label. */
const MOST_LABEL_WORDS = 8;

/** The first of each group of labels that mean the same. */
function distinct(labels: readonly string[]): string[] {
  const kept: string[] = [];
  for (const label of labels)
    if (
      label &&
      !SCHEMA_WORDS.test(label) &&
      label.split(' ').length <= MOST_LABEL_WORDS &&
      !kept.some((other) => sameMeaning(other, label))
    )
      kept.push(label);
  return kept;
}

/** A checked example, or why it is dropped; `fixed` counts what was mended. */
export type QualityResult = { example: CheckedExample; leaked: boolean; fixed: string[] } | { dropped: string };

/** Normalizes an example and checks it. */
export function checkExample(raw: CheckedExample, settings: QualitySettings): QualityResult {
  const text = raw.text.replace(/\s+/g, ' ').trim();
  if (text.length < 8 || PLACEHOLDER.test(text)) return { dropped: 'no real text' };
  if (REFUSAL.test(text)) return { dropped: 'refusal' };
  if (settings.promptParts.some((part) => part.length > 20 && text.toLowerCase().includes(part.toLowerCase())))
    return { dropped: 'echo of the prompt' };
  const fixed: string[] = [];
  const labels = settings.fixedLabels ? raw.labels : distinct(raw.labels.map(normalizeLabel));
  if (labels.length === 0) return { dropped: 'no label' };
  const candidates = distinct(raw.not_labels.map(normalizeLabel));
  const notLabels = candidates.filter((label) => !labels.some((truth) => sameMeaning(truth, label)));
  if (notLabels.length < candidates.length) fixed.push('hard negative that is true');
  if (labels.length < raw.labels.length) fixed.push('label named twice');
  if (settings.language && text.length >= CHECKABLE_LENGTH) {
    const found = detect(text);
    if (found && found !== settings.language) return { dropped: 'wrong language' };
  }
  const leaked = labels.some((label) => leaks(text, label));
  if (leaked && !settings.allowLeakage) return { dropped: 'label copied into the text' };
  if (settings.nearDuplicates.has(text)) return { dropped: 'near-duplicate' };
  return { example: { text, labels, not_labels: notLabels }, leaked, fixed };
}
