/** What labels say: their plain form, which mean the same, which proposed hard negatives are true after all. */
import { isBroaderWord, sameWord } from './wordnet.ts';

/** A label in its plain form: lower case, without underscores, camel case, end punctuation and doubled blanks. */
export function normalizeLabel(label: string): string {
  return label
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_\s]+/g, ' ')
    .replace(/^[\s"'`*#-]+|[\s"'`.,;:*]+$/g, '')
    .toLowerCase();
}

const FILLING = /^(a|an|the|of|and|or|to|for|in|on|with|about)$/;
const NEGATION = /^(not|no|non|never|without|lack|un|dis)$/;

/** Labels of common tasks that mean the same and that WordNet keeps apart. */
const SYNONYMS: readonly (readonly string[])[] = [
  ['positive', 'favorable', 'favourable', 'good'],
  ['negative', 'unfavorable', 'unfavourable', 'bad'],
  ['neutral', 'indifferent', 'impartial'],
  ['joy', 'happiness', 'happy', 'joyful', 'delight'],
  ['sadness', 'sad', 'sorrow', 'unhappy', 'unhappiness'],
  ['anger', 'angry', 'rage', 'fury', 'furious'],
  ['fear', 'afraid', 'scared', 'terror'],
  ['surprise', 'surprised', 'astonishment', 'astonished', 'amazement'],
  ['worried', 'anxious', 'anxiety'],
  ['urgent', 'high urgency', 'immediate', 'critical urgency'],
  ['not urgent', 'low urgency', 'no urgency'],
  ['toxic', 'offensive', 'abusive'],
  ['healthcare', 'health care', 'medicine', 'medical'],
  ['soccer', 'football'],
  ['broken', 'damaged', 'defective'],
  ['late', 'delayed'],
  ['very', 'extremely', 'strongly', 'highly', 'really'],
  ['mildly', 'slightly', 'somewhat', 'moderately'],
  ['bug', 'defect', 'error report', 'bug report'],
];
const synonymGroup = new Map(SYNONYMS.flatMap((group, number) => group.map((label) => [label, number] as const)));

/** Whether two words or set phrases mean the same. */
const sameTerm = (a: string, b: string): boolean => {
  const group = synonymGroup.get(a);
  return (group !== undefined && group === synonymGroup.get(b)) || sameWord(a, b);
};

/** Words of a label that carry its meaning. */
const contentWords = (label: string): string[] =>
  normalizeLabel(label)
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word && !FILLING.test(word));

/** A word without its plural ending, as far as spelling tells. */
export const singular = (word: string): string =>
  word.length > 3 && /[^s]s$/.test(word) && !/(us|is|ss|news)$/.test(word)
    ? word.endsWith('ies')
      ? `${word.slice(0, -3)}y`
      : word.slice(0, -1)
    : word;

/** What two spellings of one label have in common: singular words without articles and prepositions, in alphabetical order. */
export const labelKey = (label: string): string => contentWords(label).map(singular).sort().join(' ');

/** The words of `some` that none of `all` means; each of `all` stands for one word. */
function unmatched(some: readonly string[], all: readonly string[]): string[] {
  const free = [...all];
  return some.filter((word) => {
    const at = free.findIndex((other) => sameTerm(word, other));
    if (at >= 0) free.splice(at, 1);
    return at < 0;
  });
}

/** Whether two labels mean the same: spelling, plural, word order, inflections and WordNet's synonyms, word by word. */
export function sameMeaning(a: string, b: string): boolean {
  if (labelKey(a) === labelKey(b)) return true;
  const [first, second] = [contentWords(a), contentWords(b)];
  if (first.length === 0 || second.length === 0) return false;
  if (first.length === second.length && unmatched(first, second).length === 0) return true;
  // A set phrase and its synonym: `health care`, `healthcare`.
  return sameTerm(first.join(' '), second.join(' ')) || first.join('') === second.join('');
}

/** Whether a label is true wherever the other one is: its words without some of them (`card` of `bank card`), or a broader noun. */
export function isBroader(label: string, broader: string): boolean {
  const [words, fewer] = [contentWords(label), contentWords(broader)];
  if (fewer.length === 0) return false;
  if (fewer.length < words.length) {
    const extra = unmatched(words, fewer);
    // `not urgent` is no kind of `urgent`.
    if (extra.length === words.length - fewer.length) return !extra.some((word) => NEGATION.test(word));
  }
  return isBroaderWord(words.join(' '), fewer.join(' '));
}

/** Whether a label is another one with a `not` in front: a wrong label, and no hard one. */
function isNegationOf(label: string, other: string): boolean {
  const words = contentWords(label);
  const rest = words.filter((word) => !NEGATION.test(word));
  return rest.length > 0 && rest.length < words.length && sameMeaning(rest.join(' '), other);
}

/** More words than this are a sentence, no label. */
const MOST_LABEL_WORDS = 8;
/** Words of the answer's own schema, which small models put in as labels. */
const SCHEMA_WORDS = /^(true |not |false |wrong |close )?labels?$|^(text|example|examples|task|topic|domain|not labels)$/;

/** Whether a string in plain form can be a label at all. */
export const isLabel = (label: string): boolean =>
  /\p{L}|\p{N}/u.test(label) && !SCHEMA_WORDS.test(label) && label.split(' ').length <= MOST_LABEL_WORDS;

/** The first of each group of labels that mean the same. */
export function distinctLabels(labels: readonly string[]): string[] {
  const kept: string[] = [];
  for (const label of labels) if (!kept.some((other) => sameMeaning(other, label))) kept.push(label);
  return kept;
}

/** Hard negatives that may be kept, and what was taken out, by reason. */
export interface HardNegatives {
  kept: string[];
  taken: Record<string, number>;
}

/** Checks proposed hard negatives against the true labels of their text. Both are in the form in which they are kept. */
export function hardNegatives(labels: readonly string[], proposed: readonly string[]): HardNegatives {
  const kept: string[] = [];
  const taken: Record<string, number> = {};
  for (const label of proposed) {
    const reason = !isLabel(normalizeLabel(label))
      ? 'no label'
      : labels.some((truth) => sameMeaning(truth, label))
        ? 'means the same as a true label'
        : labels.some((truth) => isBroader(truth, label))
          ? 'broader than a true label'
          : labels.some((truth) => isNegationOf(label, truth))
            ? 'negation of a true label'
            : kept.some((other) => sameMeaning(other, label))
              ? 'named twice'
              : undefined;
    if (reason) taken[reason] = (taken[reason] ?? 0) + 1;
    else kept.push(label);
  }
  return { kept, taken };
}
