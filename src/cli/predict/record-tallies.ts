/** What is counted while records are labelled, and the notes on it at the end. */
import type { LoadedClassifier } from '../../classify/load-classifier.ts';
import type { PredictOptions } from '../../classify/records/predict-records.ts';
import type { ReadLabel } from '../../text/label-texts.ts';
import { labelsLookedAt, lookAt, noTexts, scriptNote } from './script-notes.ts';

/** Counts, and says what it counted. */
export interface RecordTallies extends Required<Pick<PredictOptions, 'onCut' | 'onUnreadable' | 'onText' | 'onBlank'>> {
  /** The notes. @param done records that were labelled @param labels of all of them, where they share some */
  notes(done: number, labels: readonly ReadLabel[]): string[];
}

/** Texts, and the line of the first. */
interface Tally {
  texts: number;
  first: number;
}

function count(tally: Tally, texts: number, line: number): void {
  if (tally.texts === 0) tally.first = line;
  tally.texts += texts;
}

/** Nothing counted yet. */
export function createTallies(classifier: Pick<LoadedClassifier, 'unknownScript'>): RecordTallies {
  let cut = 0;
  const blank: Tally = { texts: 0, first: 0 };
  const unreadable: Tally = { texts: 0, first: 0 };
  const seen = noTexts();
  return {
    onCut(texts) {
      cut += texts;
    },
    onUnreadable: (texts, line) => count(unreadable, texts, line),
    onBlank: (texts, line) => count(blank, texts, line),
    onText: (text, line) => lookAt(classifier, seen, text, line),
    notes(done, labels) {
      const foreign = scriptNote(seen, labelsLookedAt(classifier, labels));
      return [
        ...(cut > 0 ? [`note: ${cut} of ${done} texts are longer than the model reads and were cut`] : []),
        ...(blank.texts > 0
          ? [`note: ${blank.texts} of ${done} texts are blank (the first on line ${blank.first}) and got no labels`]
          : []),
        ...(unreadable.texts > 0
          ? [
              `note: of ${unreadable.texts} of ${done} texts the model can read nothing (empty, or characters that it does not know; the first on line ${unreadable.first}): their labels mean nothing`,
            ]
          : []),
        ...(foreign === undefined ? [] : [foreign]),
      ];
    },
  };
}
