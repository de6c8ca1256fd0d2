/** Labels as users write them: checked, trimmed, and turned into ids once. Knows nothing of sequences or models. */

import { DataError, UsageError } from '../base/errors.ts';
import { excerpt } from '../base/printable.ts';
import { createEarlier } from './earlier-text.ts';
import { type LabelPlaces, twoPlaces } from './label-places.ts';
import type { ReadLabel } from './label-texts.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/**
 * Checks a list of labels and trims them.
 * @param labels what the user gave: any value, if it was parsed from a file.
 * @param where names the list in messages, for example `--labels` or `data.jsonl, line 7, candidate_labels`.
 * @param ErrorType UsageError for flags and settings, DataError for records.
 * @param places tells the lines on which a label stands twice
 * @throws ErrorType for no list, no label, a label that is not text or is empty, and a label that occurs twice.
 */
export function cleanLabels(
  labels: unknown,
  where: string,
  ErrorType: typeof UsageError | typeof DataError = UsageError,
  places?: LabelPlaces,
): string[] {
  if (!Array.isArray(labels)) throw new ErrorType(`${where}: the labels are not a list`);
  if (labels.length === 0) throw new ErrorType(`${where}: no labels; give at least one`);
  const odd = labels.findIndex((label) => typeof label !== 'string');
  if (odd >= 0) throw new ErrorType(`${where}: label ${odd + 1} is not text`);
  const clean = new Array<string>(labels.length);
  const before = createEarlier(clean);
  for (const [at, label] of (labels as readonly string[]).entries()) {
    clean[at] = label.trim();
    if (clean[at] === '') throw new ErrorType(`${where}: label ${at + 1} is empty`);
    const first = before(at);
    if (first !== undefined)
      throw new ErrorType(`${where}: label "${abbreviated(clean[at])}" occurs twice (${twoPlaces(clean[at], first, at, places)})`);
  }
  return clean;
}

/** A label in a message: its beginning, if it is long. */
export function abbreviated(label: string): string {
  return excerpt(label, 60);
}

/** Labels that a message names. */
const NAMED = 3;

/** Labels in a message: the first few in quotes. */
function namesOf(labels: readonly string[]): string {
  const names = labels.slice(0, NAMED).map((label) => `"${abbreviated(label)}"`);
  return labels.length > NAMED ? `${names.join(', ')} and ${labels.length - NAMED} more` : names.join(' and ');
}

/**
 * Which labels a model cannot read or tell apart, as a message: those of which its vocabulary has nothing, and those that have the same ids
 * once case, accents and the like are taken away. Their scores would be equal, whatever the text says. Undefined where there are none.
 * @param ids of each label
 */
export function labelProblem(
  labels: readonly string[],
  ids: readonly Int32Array[],
  { isReadable }: Pick<Tokenizer, 'isReadable'>,
): string | undefined {
  const unread = labels.filter((_, at) => !isReadable(ids[at]));
  if (unread.length > 0)
    return `the model can read nothing of the label${unread.length > 1 ? 's' : ''} ${namesOf(unread)}: write ${unread.length > 1 ? 'them' : 'it'} in a script that it knows`;
  const byIds = new Map<string, string[]>();
  for (const [at, label] of labels.entries()) {
    const key = ids[at].join();
    const alike = byIds.get(key);
    if (alike) alike.push(label);
    else byIds.set(key, [label]);
  }
  const alike = [...byIds.values()].filter((group) => group.length > 1);
  if (alike.length === 0) return undefined;
  const others = alike.length > 1 ? `, as are ${alike.length - 1} other groups` : '';
  return `the labels ${namesOf(alike[0])} are the same to the model${others}: keep one, or word them so that they differ`;
}

/**
 * A description or an example of which a model can read nothing, as a message: it would move its label to where nothing is said. Undefined
 * where there is none.
 * @param ids of each label's readings
 */
export function readingProblem(
  labels: readonly ReadLabel[],
  ids: readonly (readonly Int32Array[])[],
  { isReadable }: Pick<Tokenizer, 'isReadable'>,
): string | undefined {
  for (const [at, label] of labels.entries()) {
    if (typeof label === 'string') continue;
    const unread = ids[at].findIndex((each, reading) => reading > 0 && !isReadable(each));
    if (unread < 0) continue;
    const example = unread - (label.readings.length - (label.examples ?? 0));
    const field = example < 0 ? 'the description' : `example ${example + 1}`;
    return `the model can read nothing of ${field} of the label "${abbreviated(label.name)}": write it in a script that it knows, or leave it out`;
  }
  return undefined;
}

/** Ids of labels, each encoded once: label sets repeat for every text. */
export interface LabelEncoder {
  /**
   * Ids of each label, without special tokens.
   * @param mayCut whether so long a text is cut instead, of each
   * @param keep whether ids are kept for later calls; yes unless given
   * @throws DataError naming a label that has no token at all (only control characters, say) or more than `maxTokens`.
   */
  encode(labels: readonly string[], mayCut?: readonly boolean[], keep?: boolean): Promise<Int32Array[]>;
}

/** Labels kept at most; then the oldest go. With the vectors that a model keeps of them some 100 MB. */
export const KEPT_LABELS = 65_536;

/** Characters of theirs at most: a label may be long and still have few tokens. */
const KEPT_CHARACTERS = 1 << 24;

/**
 * A label encoder with a cache.
 * @param maxTokens longest label that can be placed in a sequence: `labelLimit` of the joint layout.
 */
export function createLabelEncoder(tokenizer: Tokenizer, maxTokens: number): LabelEncoder {
  const cache = new Map<string, Int32Array>();
  let characters = 0;
  return {
    async encode(labels, mayCut, keep = true) {
      // Collected before waiting: meanwhile another call may trim the cache.
      const ids = new Map<string, Int32Array>();
      for (const label of labels) {
        const known = cache.get(label);
        if (known) ids.set(label, known);
      }
      const missing = [...new Set(labels)].filter((label) => !ids.has(label));
      if (missing.length > 0) {
        const cut = new Set(mayCut && labels.filter((_, at) => mayCut[at]));
        const encoded = await tokenizer.encodeBatch(missing, { atLeast: maxTokens + 1 });
        for (const [at, label] of missing.entries()) {
          const whole = encoded[at]!;
          const row = cut.has(label) ? whole.subarray(0, maxTokens) : whole;
          if (row.length === 0) throw new DataError(`label "${abbreviated(label)}" has no token that the model knows: write it in letters`);
          if (row.length > maxTokens)
            throw new DataError(
              `label "${abbreviated(label)}" is too long: more than the ${maxTokens} tokens that a label can have; shorten it`,
            );
          ids.set(label, row);
          if (!keep) continue;
          // Another call may have had the same label meanwhile.
          if (!cache.has(label)) characters += label.length;
          cache.set(label, row);
        }
      }
      for (const label of cache.keys()) {
        if (cache.size <= KEPT_LABELS && characters <= KEPT_CHARACTERS) break;
        cache.delete(label);
        characters -= label.length;
      }
      return labels.map((label) => ids.get(label)!);
    },
  };
}
