/** Candidate labels out of a file. */
import { readFileSync, statSync } from 'node:fs';
import { DataError, errorMessage } from '../base/errors.ts';
import { cleanLabels } from '../text/labels.ts';

/** Larger label files are no label files. */
const LARGEST_LABEL_FILE = 64 * 1024 * 1024;

/** Labels of a file: a JSON list, or one a line. @throws DataError */
export function readLabelsFile(path: string): string[] {
  let text: string;
  try {
    if (statSync(path).size > LARGEST_LABEL_FILE) throw new Error('too large for a list of labels');
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new DataError(`cannot read the labels ${path}: ${errorMessage(error)}`);
  }
  if (text.trimStart().startsWith('[')) {
    let list: unknown;
    try {
      list = JSON.parse(text);
    } catch (error) {
      throw new DataError(`${path}: not JSON: ${errorMessage(error)}`);
    }
    return cleanLabels(list, path, DataError);
  }
  return cleanLabels(
    text.split(/\r?\n/).filter((line) => line.trim() !== ''),
    path,
    DataError,
  );
}
