/** What of an answer says something about a label: each check by itself, with the reason that the summary counts. */
import { isLabel, labelKey, normalizeLabel, sameMeaning } from '../label-meaning.ts';
import { echoes, PLACEHOLDER, REFUSAL } from '../quality.ts';

/** Characters of a description at the most. */
const LONGEST_DESCRIPTION = 200;

/** Words that say nothing about any label. */
const EMPTY_WORDS =
  /^(text|label|cover|category|class|topic|subject|this|that|these|it|is|are|be|relate|related|relating|regarding|concerning|describe|description|mention|discuss|speak|talk|refer|referring|any|something|anything|which|where|what|by|from|content|message)$/;

/** A text without doubled blanks, quotes around it and, where it is no sentence, punctuation behind it. */
export const plainText = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(["'`“„«])(.*)(["'`”“»])$/u, '$2')
    .trim();

/** What two spellings of one wording have in common; of one that has no word of content its letters. */
export const spellingKey = (text: string): string => labelKey(text) || normalizeLabel(text);

/** Why a description in {@link plainText} is of no use; undefined for one that is. */
export function descriptionFault(
  description: string,
  label: { name: string; instructions: string; taken: ReadonlySet<string> },
): string | undefined {
  if (!/\p{L}/u.test(description) || PLACEHOLDER.test(description)) return 'placeholder';
  if (REFUSAL.test(description)) return 'refusal';
  if (description.length > LONGEST_DESCRIPTION) return `longer than ${LONGEST_DESCRIPTION} characters`;
  if (echoes(description, label.instructions)) return 'echo of the prompt';
  const own = new Set(labelKey(label.name).split(' '));
  if (
    labelKey(description)
      .split(' ')
      .every((word) => own.has(word) || EMPTY_WORDS.test(word))
  )
    return "repeats the label's name";
  return label.taken.has(spellingKey(description)) ? 'the same as of another label' : undefined;
}

/** Why a wording in {@link plainText} is of no use; undefined for one that is. `taken`: keys of the label's and its neighbours' texts. */
export function wordingFault(
  wording: string,
  label: { others: readonly string[]; instructions: string; taken: ReadonlySet<string> },
): string | undefined {
  if (PLACEHOLDER.test(wording) || REFUSAL.test(wording) || /^(wording|label|synonym|phrase)s?( \d+)?$/i.test(wording))
    return 'placeholder';
  if (!isLabel(normalizeLabel(wording))) return 'no label, or too long for one';
  if (label.taken.has(spellingKey(wording))) return 'there already';
  if (wording.includes(' ') && echoes(wording, label.instructions)) return 'echo of the prompt';
  return label.others.some((other) => sameMeaning(other, wording)) ? 'means another label' : undefined;
}
