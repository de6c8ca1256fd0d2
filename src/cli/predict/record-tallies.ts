/** What is counted while records are labelled, and the notes on it at the end. */
import type { LoadedClassifier } from '../../classify/load-classifier.ts';
import type { PredictOptions } from '../../classify/records/predict-records.ts';
import type { ReadLabel } from '../../text/label-texts.ts';
import { countScript, labelsLookedAt, noTexts, scriptNote } from './script-notes.ts';

/** Told of the records of one source. */
type SourceTallies = Required<Pick<PredictOptions, 'onCut' | 'onUnreadable' | 'onScript' | 'onBlank'>>;

/** Counts, and says what it counted. */
export interface RecordTallies {
  /** What is to be told of a source. @param name where there are several, for notes */
  of(name?: string): SourceTallies;
  /** The notes. @param done records that were labelled @param labels of all of them, where they share some */
  notes(done: number, labels: readonly ReadLabel[]): string[];
}

/** Texts, and where the first is: `on line 3`. */
interface Tally {
  texts: number;
  first: string;
}

function count(tally: Tally, texts: number, place: string): void {
  if (tally.texts === 0) tally.first = place;
  tally.texts += texts;
}

/** Nothing counted yet. */
export function createTallies(classifier: Pick<LoadedClassifier, 'unknownScript'>): RecordTallies {
  let cut = 0;
  const blank: Tally = { texts: 0, first: '' };
  const unreadable: Tally = { texts: 0, first: '' };
  const seen = noTexts();
  return {
    of(name) {
      const placeOf = (line: number): string => (name === undefined ? `on line ${line}` : `in ${name}, line ${line}`);
      return {
        onCut(texts) {
          cut += texts;
        },
        onUnreadable: (texts, line) => count(unreadable, texts, placeOf(line)),
        onBlank: (texts, line) => count(blank, texts, placeOf(line)),
        onScript: (script, line) => countScript(seen, script, placeOf(line)),
      };
    },
    notes(done, labels) {
      const foreign = scriptNote(seen, labelsLookedAt(classifier, labels));
      return [
        ...(cut > 0 ? [`note: ${cut} of ${done} texts are longer than the model reads and were cut`] : []),
        ...(blank.texts > 0 ? [`note: ${blank.texts} of ${done} texts are blank (the first ${blank.first}) and got no labels`] : []),
        ...(unreadable.texts > 0
          ? [
              `note: of ${unreadable.texts} of ${done} texts the model can read nothing (empty, or characters that it does not know; the first ${unreadable.first}): their labels mean nothing`,
            ]
          : []),
        ...(foreign === undefined ? [] : [foreign]),
      ];
    },
  };
}
