/** What is said where texts or labels are in a script that a model knows little of: scores come out all the same, and mean little. */
import type { LoadedClassifier } from '../../classify/load-classifier.ts';
import { labelReadings, type ReadLabel } from '../../text/label-texts.ts';

/** Texts that were looked at. */
export interface ForeignTexts {
  /** Those in a script that the model knows little of. */
  count: number;
  of: number;
  /** Where the first of them is: `on line 3`. */
  first?: string;
  scripts: Set<string>;
}

/** Nothing looked at yet. */
export const noTexts = (): ForeignTexts => ({ count: 0, of: 0, scripts: new Set() });

/** Counts one more text. @param script that it is in, where the model knows little of that */
export function countScript(seen: ForeignTexts, script: string | undefined, place?: string): void {
  seen.of++;
  if (script === undefined) return;
  seen.count++;
  seen.first ??= place;
  seen.scripts.add(script);
}

/** All texts that stand for these labels, looked at. */
export function labelsLookedAt({ unknownScript }: Pick<LoadedClassifier, 'unknownScript'>, labels: readonly ReadLabel[]): ForeignTexts {
  const seen = noTexts();
  for (const label of labels) for (const reading of labelReadings(label)) countScript(seen, unknownScript(reading));
  return seen;
}

/** The note, or none where fewer than one text in twenty is meant. */
export function scriptNote(texts: ForeignTexts, labels: ForeignTexts): string | undefined {
  const part = ({ count, of, first, scripts }: ForeignTexts, what: string): string[] => {
    if (count === 0 || count < of / 20) return [];
    const which = of === 1 ? `the ${what} is` : `${count} of ${of} ${what}s are`;
    return [
      `${which} in a script that the model knows little of (${[...scripts].join(', ')}${first === undefined ? '' : `; the first ${first}`})`,
    ];
  };
  const parts = [...part(texts, 'text'), ...part(labels, 'label')];
  return parts.length
    ? `note: ${parts.join('; ')}: scores mean little; a checkpoint's README says which languages it reads, of those with a name glz-multi the most`
    : undefined;
}
